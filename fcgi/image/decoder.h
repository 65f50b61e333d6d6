/* The decoder child: turns picture bytes into 28x28, in a separate process that has nothing to lose.
 *
 * decoder_new forks it. It keeps only its end of the channel open (0 to 2 are /dev/null), warms up libgd, sets its
 * limits, closes the sandbox (sandbox.h), and answers one request at a time until the channel is closed. The picture
 * file and the step pictures are passed in shared memory, the rest in messages of fixed size over a socketpair. The
 * child dies with its parent. Its answers are hostile input: the parent checks every field (decoder_reply_check).
 *
 * Fork it before the process opens anything that a picture must not reach, above all the database. */
#ifndef DIGITD_IMAGE_DECODER_H
#define DIGITD_IMAGE_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digit_size.h"
#include "base/err.h"
#include "layout/lattice.h"
#include "normalise/normalise.h"

enum {
    DECODER_CPU_MS = 5000,                      /* of a processor for a picture; after that the child is killed */
    DECODER_WAIT_MS = 60000,                    /* for an answer, however busy the machine is, where nobody says */
    DECODER_AREA_MAX_BYTES = 512 * 1024 * 1024, /* its RLIMIT_AS */
    DECODER_STEPS_MAX = 8,
    DECODER_STEP_NAME_MAX = 15,
    DECODER_STEP_SIDE_MAX_PX = 2000
};

struct decoder;

struct decoder_request {
    const uint8_t *bytes; /* [n], a picture file; copied to shared memory */
    size_t n;
    enum normalise_invert invert;
    enum normalise_center center;
    int steps_side_px;              /* return the pictures between the steps, with sides of at most this; 0: none */
    struct layout_lattice *lattice; /* gets all that may be a digit; NULL: not wanted */
    int64_t until_us; /* clock_mono_us: it is given up up to a second before; 0: DECODER_WAIT_MS from now */
};

/* A picture between two steps. */
struct decoder_step {
    char name[DECODER_STEP_NAME_MAX + 1]; /* lower-case letters */
    int w, h;
    const uint8_t *px; /* [h][w] grey, in shared memory: valid until the next decoder_read or decoder_free */
};

struct decoder_reply {
    uint8_t input[DIGIT_PIXELS]; /* [28][28], light ink on black */
    struct normalise_steps steps;
    bool upright; /* the camera's orientation (EXIF) was undone; steps describes the upright picture */
    char channel[DECODER_STEP_NAME_MAX + 1]; /* what the grey was made from: "luminance", "red", "green", "blue", ... */
    int n_pictures;
    struct decoder_step pictures[DECODER_STEPS_MAX]; /* in order, from the decoded picture to the 28x28 */
};

/* Forks the child and waits until it is ready (warmed up, sandbox closed). bytes_max: the largest picture file. ERR_IO,
 * ERR_NOMEM, or ERR_UNSUPPORTED if the kernel has no seccomp. Ignoring SIGPIPE is up to the caller. */
enum err decoder_new(struct decoder **out, size_t bytes_max, struct why *why);

/* Errors as for image_decode, with a sentence for the visitor in why; *reply is zeroed, and the lattice has no rows, on
 * failure. If the child dies, works for longer than DECODER_CPU_MS or sends nonsense, the error is ERR_FORMAT (the
 * picture caused it: 422), decoder_lost is true from then on, and every further call returns ERR_BUSY at once. ERR_BUSY
 * also if the child was already dead before it took this picture, or had too little of the processor until until_us. */
enum err decoder_read(struct decoder *d, const struct decoder_request *request, struct decoder_reply *reply,
                      struct why *why);
bool decoder_lost(const struct decoder *d);

/* The child's process id, for logs and tests; 0 once it is lost. */
int decoder_pid(const struct decoder *d);

/* For a poll loop, between two calls of decoder_read: if this descriptor becomes readable, the child has died or sent
 * nonsense. Call decoder_heard; then decoder_lost is true. -1 once it is lost. */
int decoder_fd(const struct decoder *d);
void decoder_heard(struct decoder *d);

/* Logs how it was lost: sandbox_kill, decoder_died, decoder_stalled, decoder_late or decoder_nonsense, with the
 * request's id (may be NULL or ""). */
void decoder_log_loss(const struct decoder *d, const char *request_id);

/* Ends the child and waits for it. d may be NULL. */
void decoder_free(struct decoder *d);

#endif
