/* A decoder of golden pictures, and what this process makes of the same bytes. */
#ifndef DIGITD_TESTS_FIXTURE_DECODER_H
#define DIGITD_TESTS_FIXTURE_DECODER_H

#include "image/decoder.h"

#include <sys/wait.h>

#include "image/image.h"
#include "pictures.h"

enum { BYTES_MAX = 10 * 1024 * 1024 };

static inline struct decoder *new_decoder(size_t bytes_max)
{
    struct decoder *d;
    struct why why = {""};

    if (decoder_new(&d, bytes_max, &why) != OK)
        fail_msg("%s", why.text);
    assert_false(decoder_lost(d));
    return d;
}

static inline enum err ask(struct decoder *d, const uint8_t *bytes, size_t n, struct decoder_reply *reply,
                           struct why *why)
{
    const struct decoder_request request = {.bytes = bytes, .n = n};

    why->text[0] = '\0';
    return decoder_read(d, &request, reply, why);
}

static inline void expect_done(pid_t pid)
{
    int status = -1;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* What this process makes of the bytes. */
static inline enum err read_here(const uint8_t *bytes, size_t n, struct decoder_reply *out, struct why *why)
{
    struct image img;
    enum err e;

    memset(out, 0, sizeof(*out));
    why->text[0] = '\0';
    e = image_decode(bytes, n, &img, why);
    if (e == OK)
        e = normalise(&img.raster, out->input, &out->steps);
    if (e == OK)
        (void)snprintf(out->channel, sizeof(out->channel), "%s", img.channel);
    out->upright = e == OK && img.upright;
    image_free(&img);
    return e;
}

static inline void expect_same(const char *what, const struct decoder_reply *want, const struct decoder_reply *got)
{
    if (memcmp(want->input, got->input, sizeof(want->input)) != 0 || want->steps.width != got->steps.width ||
        want->steps.height != got->steps.height || want->steps.inverted != got->steps.inverted ||
        want->steps.unchanged != got->steps.unchanged || want->steps.blank != got->steps.blank ||
        want->steps.refusal != got->steps.refusal ||
        memcmp(want->steps.box, got->steps.box, sizeof(want->steps.box)) != 0 ||
        memcmp(want->steps.shift, got->steps.shift, sizeof(want->steps.shift)) != 0 || want->upright != got->upright ||
        strcmp(want->channel, got->channel) != 0)
        fail_msg("%s: the child has read something else", what);
}

#endif
