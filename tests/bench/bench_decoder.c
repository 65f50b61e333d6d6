/* What the decoder child costs: a 28x28 PNG decoded and normalised in this process, and through the child, turn about.
 *
 *     bench_decoder [FILE...]
 *
 * Prints the median, the 10th and the 90th percentile of single pictures in microseconds, and the difference of the
 * medians: what a reading pays for the second process, two messages and two changes of context. With files, the same
 * for each. Exit status 1 where a picture is read differently by the two. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "image/decoder.h"
#include "image/image.h"
#include "normalise/normalise.h"

enum { WARM_UP = 200, RUNS = 4000, ENOUGH_US = 3000000, FILE_MAX_BYTES = 64 * 1024 * 1024 };

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static enum err read_here(const struct decoder_request *request, uint8_t input[DIGIT_PIXELS])
{
    struct normalise_steps steps;
    struct image img;
    enum err e = image_decode(request->bytes, request->n, &img, NULL);

    if (e == OK)
        e = normalise(&img.raster, input, &steps);
    image_free(&img);
    return e;
}

static double tell(const char *what, double *took_us, int n)
{
    qsort(took_us, (size_t)n, sizeof(*took_us), by_value);
    printf("  %-16s median %9.1f us   10 %% %9.1f   90 %% %9.1f   (%d runs)\n", what, took_us[n / 2], took_us[n / 10],
           took_us[n * 9 / 10], n);
    return took_us[n / 2];
}

/* Turn about, so that whatever else the machine does falls on both. */
static bool bench_file(struct decoder *d, const char *path)
{
    static uint8_t bytes[FILE_MAX_BYTES];
    static double here_us[RUNS], there_us[RUNS];
    FILE *f = fopen(path, "rb");
    const struct decoder_request request = {.bytes = bytes, .n = f == NULL ? 0 : fread(bytes, 1, sizeof(bytes), f)};
    const double began_us = now_us();
    int n = 0;

    if (f == NULL)
        return false;
    fclose(f);
    for (int i = -WARM_UP; n < RUNS && (n < 3 || now_us() - began_us < ENOUGH_US); i++) {
        struct decoder_reply reply;
        uint8_t input[DIGIT_PIXELS] = {0};
        const double t0 = now_us();
        const enum err here = read_here(&request, input);
        const double t1 = now_us();
        const enum err there = decoder_read(d, &request, &reply, NULL);
        const double t2 = now_us();

        if (here != there || (here == OK && memcmp(input, reply.input, sizeof(input)) != 0)) {
            fprintf(stderr, "%s: read differently: %s, %s\n", path, err_str(here), err_str(there));
            return false;
        }
        if (i < 0 && now_us() - began_us < ENOUGH_US / 4)
            continue;
        here_us[n] = t1 - t0;
        there_us[n++] = t2 - t1;
    }
    printf("%s, %zu bytes\n", path, request.n);
    const double here = tell("in this process", here_us, n), there = tell("in the child", there_us, n);

    printf("  the child costs  %.1f us\n", there - here);
    return true;
}

int main(int argc, char **argv)
{
    static char picture[] = "tests/golden/pictures/digit-7.png";
    static char *const own[] = {picture};
    char *const *paths = argc > 1 ? argv + 1 : own;
    const int n = argc > 1 ? argc - 1 : 1;
    struct decoder *d;
    struct why why = {""};
    int status = EXIT_SUCCESS;

    if (decoder_new(&d, FILE_MAX_BYTES, &why) != OK || image_warm_up(&why) != OK) {
        fprintf(stderr, "%s\n", why.text);
        return EXIT_FAILURE;
    }
    for (int i = 0; i < n; i++)
        if (!bench_file(d, paths[i]))
            status = EXIT_FAILURE;
    decoder_free(d);
    return status;
}
