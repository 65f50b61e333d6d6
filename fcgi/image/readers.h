/* Pictures that libgd reads wrongly, or not well enough, each by its format's own library. Private to image.c.
 *
 * libgd 2.3.3 keeps the high byte alone of 16-bit samples, so a PNG whose values end at 4,095 is nearly black; of each
 * AVIF it never frees the file's bytes; it gives a TIFF's alpha multiplied in, turns some TIFFs by their tag and others
 * not, and holds all pixels twice. */
#ifndef DIGITD_IMAGE_READERS_H
#define DIGITD_IMAGE_READERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/header/header.h"

/* A decoded picture as it is stored; free(px). */
struct rgba {
    int width, height;
    uint8_t *px; /* [height][width][4]: red, green, blue, opacity (255 opaque); the colours are not multiplied by it */
};

/* Each decodes bytes[n], which the header reader has accepted as its format, with that header. ERR_NOMEM, ERR_FORMAT,
 * without a sentence; *out is zeroed on failure. The size is what the decoder found: compare it with the header's. */
enum err read_avif(const uint8_t *bytes, size_t n, struct rgba *out);
enum err read_tiff(const uint8_t *bytes, size_t n, struct rgba *out);
enum err read_png16(const uint8_t *bytes, size_t n, const struct image_header *header, struct rgba *out);

/* A set of 16-bit samples often holds fewer bits: those of a camera or scanner with 10, 12 or 14, or bytes. */
struct samples_seen {
    unsigned colours;                   /* all joined by OR */
    unsigned opacities, opacities_zero; /* joined by OR, and the OR of what is not set in each */
};

/* How far down to shift samples to get the 8 bits that are in use. */
static inline unsigned samples_shift(unsigned most)
{
    unsigned shift = 0;

    while (most >> shift > 255)
        shift++;
    return shift;
}

/* The same for colours. Where something is clear, white paper is seen, which the samples do not tell of: near black ink
 * on nothing must not become white. Then the opacities tell the range of both. */
static inline unsigned samples_shift_colours(const struct samples_seen *s)
{
    const bool something_clear = (s->opacities & s->opacities_zero) != 0;

    return samples_shift(something_clear ? s->opacities : s->colours);
}

static inline uint8_t samples_to_8(unsigned sample, unsigned shift)
{
    const unsigned v = sample >> shift;

    return (uint8_t)(v < 255 ? v : 255);
}

/* A small AVIF for the warm-up: whoever writes one starts threads. */
extern const uint8_t read_avif_sample[];
extern const size_t read_avif_sample_bytes;

#endif
