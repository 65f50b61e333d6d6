/* image/decoder: a child that works and never ends (R31). No picture within the limits takes that long, so the child is
 * one of this test's own: it takes the ask and goes round in circles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <sys/resource.h>

#include <cmocka.h>

#include "image/decoder.c"

static _Noreturn void spin(int channel)
{
    struct decoder_ask ask;
    volatile unsigned rounds = 0;

    if (read(channel, &ask, sizeof(ask)) != (ssize_t)sizeof(ask))
        _exit(1);
    for (;;)
        rounds++;
}

static double children_s(void)
{
    struct rusage u;

    assert_int_equal(getrusage(RUSAGE_CHILDREN, &u), 0);
    return (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6;
}

/* Fails when it is waited for without end, or given up before it had its time of a processor, however long that took.
 */
static void test_stalled(void **state)
{
    struct decoder *d = calloc(1, sizeof(*d));
    const struct decoder_request request = {.bytes = (const uint8_t *)"x", .n = 1};
    struct decoder_reply reply;
    struct why why = {""};
    double took_s = -children_s();
    int ends[2];

    (void)state;
    assert_non_null(d);
    assert_int_equal(decoder_area_new(&d->area, 1000), OK);
    assert_int_equal(decoder_channel(ends), OK);
    d->pid = fork();
    if (d->pid == 0)
        spin(ends[1]);
    d->channel = ends[0];
    (void)close(ends[1]);
    assert_int_equal(decoder_read(d, &request, &reply, &why), ERR_FORMAT);
    assert_non_null(strstr(why.text, "too long"));
    assert_int_equal(d->loss, LOSS_STALLED);
    assert_int_equal(d->pid, 0);
    took_s += children_s();
    if (took_s < (DECODER_CPU_MS - LOOK_MS - 500) / 1e3 || took_s > (DECODER_CPU_MS + 2 * LOOK_MS) / 1e3)
        fail_msg("it had %.2f s", took_s);
    decoder_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stalled)};

    return cmocka_run_group_tests_name("decoder stalled", tests, NULL, NULL);
}
