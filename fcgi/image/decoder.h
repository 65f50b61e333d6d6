/* The decoder child: picture bytes -> 28x28, in a process of its own that has nothing to lose.
 *
 * decoder_new forks it; it keeps no descriptor but its end of the channel (0 to 2 are /dev/null), warms libgd up, sets
 * its limits, closes the sandbox (sandbox.h), and answers one request at a time until the channel closes. The file and
 * the step pictures travel in one shared memory area, the rest in messages of fixed size over a socketpair. It ends
 * with its parent. What it answers is a hostile input: the parent checks every field (decoder_reply_check).
 *
 * Fork it before the process opens anything that a picture must not reach (the database above all). */
#ifndef DIGITD_IMAGE_DECODER_H
#define DIGITD_IMAGE_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digit_size.h"
#include "base/err.h"
#include "normalise/normalise.h"

enum {
    DECODER_WAIT_MS = 5000,                     /* for an answer; then the child is killed */
    DECODER_AREA_MAX_BYTES = 512 * 1024 * 1024, /* its RLIMIT_AS */
    DECODER_STEPS_MAX = 8,
    DECODER_STEP_NAME_MAX = 15,
    DECODER_STEP_SIDE_MAX_PX = 2000
};

struct decoder;

struct decoder_request {
    const uint8_t *bytes; /* [n], a picture file; copied into the shared area */
    size_t n;
    enum normalise_invert invert;
    enum normalise_center center;
    int steps_side_px; /* the pictures between the steps, averaged down to sides of at most this; 0: none */
};

/* A picture between two steps. */
struct decoder_step {
    char name[DECODER_STEP_NAME_MAX + 1]; /* lower-case letters */
    int w, h;
    const uint8_t *px; /* [h][w] grey, in the shared area: valid until the next decoder_read or decoder_free */
};

struct decoder_reply {
    uint8_t input[DIGIT_PIXELS]; /* [28][28], light ink on black */
    struct normalise_steps steps;
    bool upright; /* the camera's orientation (EXIF) was undone; steps speaks of the picture put upright */
    char channel[DECODER_STEP_NAME_MAX + 1]; /* what grey was made of: "luminance", "red", "green", "blue", ... */
    int n_pictures;
    struct decoder_step pictures[DECODER_STEPS_MAX]; /* in order: what was decoded first, the 28x28 last */
};

/* Forks and waits until the child is ready (its warm-up done, its sandbox closed). bytes_max: the largest picture file.
 * ERR_IO, ERR_NOMEM, or ERR_UNSUPPORTED where the kernel has no seccomp. The parent ignores SIGPIPE on its own. */
enum err decoder_new(struct decoder **out, size_t bytes_max, struct why *why);

/* Errors as image_decode, with the sentence for the visitor in why; *reply is zeroed on failure. When the child dies,
 * stalls or talks nonsense, the error is ERR_FORMAT (the picture did it: 422) and decoder_lost is true from then on:
 * every further call is ERR_BUSY without a try. ERR_BUSY also where it was found dead before it took this picture. */
enum err decoder_read(struct decoder *d, const struct decoder_request *request, struct decoder_reply *reply,
                      struct why *why);
bool decoder_lost(const struct decoder *d);

/* The child's process id, for logs and tests; 0 once it is lost. */
int decoder_pid(const struct decoder *d);

/* For a poll loop, between two calls of decoder_read: anything to be heard on this descriptor is the child's end or its
 * nonsense; decoder_heard finds out, and decoder_lost is true then. -1 once it is lost. */
int decoder_fd(const struct decoder *d);
void decoder_heard(struct decoder *d);

/* One log line about how it was lost: sandbox_kill, decoder_died, decoder_stalled or decoder_nonsense, with the id of
 * the request (may be NULL or ""). */
void decoder_log_loss(const struct decoder *d, const char *request_id);

/* Ends the child and waits for it. NULL is allowed. */
void decoder_free(struct decoder *d);

#endif
