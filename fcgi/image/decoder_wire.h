/* The protocol between a worker and its decoder child: one request, one answer, both of fixed size. Both sides are the
 * same program. Private to decoder*.c, its tests and its fuzzer.
 *
 * The socketpair carries requests of 32 bytes and answers of 8: passing messages is most of what the second process
 * costs, and it costs more the larger they are. The shared memory holds one struct decoder_answer, then [bytes_max] for
 * the picture file, then DECODER_STEPS_MAX places of DECODER_STEP_MAX_BYTES, then a struct layout_lattice. A picture's
 * number gives its place, so no offset is ever sent. The parent copies the answer once and looks only at the copy,
 * because the child can still write.
 */
#ifndef DIGITD_IMAGE_DECODER_WIRE_H
#define DIGITD_IMAGE_DECODER_WIRE_H

#include <sys/types.h>

#include "decoder.h"

enum {
    DECODER_STEP_MAX_BYTES = DECODER_STEP_SIDE_MAX_PX * DECODER_STEP_SIDE_MAX_PX,
    DECODER_SHIFT_MAX_PX = DIGIT_SIDE_PX
};

struct decoder_ask {
    uint64_t serial; /* sent back as the answer, so that a late answer is never taken for that of the next picture; 0:
                        ready */
    uint64_t n;      /* bytes in shared memory */
    int32_t invert, center, steps_side_px, lattice; /* lattice: 1: wanted */
};

/* Only numbers and bytes, so that any bit pattern can be read; no padding, so that everything is checked. */
struct decoder_answer {
    double shift[2];
    int32_t error; /* enum err */
    int32_t width, height, box[4];
    int32_t n_pictures;
    struct {
        int32_t w, h;
        char name[DECODER_STEP_NAME_MAX + 1];
    } pictures[DECODER_STEPS_MAX];
    uint8_t unchanged, inverted, blank, refusal, upright;
    char channel[DECODER_STEP_NAME_MAX + 1];
    char why[sizeof(((struct why *)0)->text)];
    uint8_t input[DIGIT_PIXELS]; /* [28][28] */
    uint8_t zero[3];
};

_Static_assert(sizeof(struct decoder_ask) == 8 + 8 + 4 * 4, "no padding");
_Static_assert(sizeof(struct decoder_answer) == 16 + 8 * 4 + DECODER_STEPS_MAX * (8 + DECODER_STEP_NAME_MAX + 1) + 4 +
                                                    DECODER_STEP_NAME_MAX + 1 + sizeof(((struct why *)0)->text) +
                                                    DIGIT_PIXELS + 4,
               "no padding");

struct decoder_area {
    uint8_t *map;
    size_t bytes_max, map_bytes;
};

static inline struct decoder_answer *decoder_area_answer(const struct decoder_area *area)
{
    return (struct decoder_answer *)(void *)area->map;
}
static inline uint8_t *decoder_area_bytes(const struct decoder_area *area)
{
    return area->map + sizeof(struct decoder_answer);
}
static inline uint8_t *decoder_area_picture(const struct decoder_area *area, int i)
{
    return decoder_area_bytes(area) + area->bytes_max + (size_t)i * DECODER_STEP_MAX_BYTES;
}

/* At a multiple of 64 bytes. */
static inline size_t decoder_area_lattice_at(size_t bytes_max)
{
    const size_t at = sizeof(struct decoder_answer) + bytes_max + (size_t)DECODER_STEPS_MAX * DECODER_STEP_MAX_BYTES;

    return (at + 63) / 64 * 64;
}
static inline struct layout_lattice *decoder_area_lattice(const struct decoder_area *area)
{
    return (struct layout_lattice *)(void *)(area->map + decoder_area_lattice_at(area->bytes_max));
}

/* Whether bytes[n], which may be anything, are a valid answer to a request with this steps_side_px. If so, *answer is
 * OK or one of image_decode's errors, *reply is filled (zeroed unless OK), and why has the visitor's sentence. If not,
 * the decoder can no longer be trusted. Pure: computes addresses in shared memory but reads nothing there. */
bool decoder_reply_check(const uint8_t *bytes, size_t n, int steps_side_px, const struct decoder_area *area,
                         enum err *answer, struct decoder_reply *reply, struct why *why);

/* Copies the lattice that came with a reply, and checks the copy: it holds together, and is of a picture no larger than
 * the reply says, so that whoever has a use for its boxes may hold them against that. false: it does not, and is
 * cleared. */
bool decoder_lattice_take(const struct decoder_reply *reply, const struct layout_lattice *from,
                          struct layout_lattice *to);

/* Runs the child from fork to exit; never returns. channel: the child's end. parent: the process that forked it. */
_Noreturn void decoder_child_run(int channel, pid_t parent, const struct decoder_area *area);

#endif
