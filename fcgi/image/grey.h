/* What the grey of a picture is made from: its luminance, or one channel that shows much more.
 *
 * Yellow ink on white, red on green of the same lightness, white ink on a transparent background: the eye sees them
 * well, but the luminance hardly shows them. A grey picture (red == green == blue) keeps its values, whatever is
 * chosen. */
#ifndef DIGITD_IMAGE_GREY_H
#define DIGITD_IMAGE_GREY_H

#include <stdbool.h>
#include <stdint.h>

enum grey_channel { GREY_LUMINANCE, GREY_RED, GREY_GREEN, GREY_BLUE, GREY_COVER, GREY_CHANNELS };
enum { GREY_OPAQUE = 127, GREY_SAMPLES_MAX = 250000 };

/* A colour, 0 to 255 each, and its opacity: from 0, transparent, to GREY_OPAQUE, as in libgd. */
struct grey_colour {
    int red, green, blue, cover;
};

/* Thousandths of red, green and blue: 1000 in all, or 0 for GREY_COVER, where opaque pixels are black on white. */
struct grey_mix {
    const char *name; /* "luminance" (Rec. 601), "red", "green", "blue", "cover" */
    int red, green, blue;
};
extern const struct grey_mix grey_mixes[GREY_CHANNELS];

/* The grey of a colour over white. In the header, because it runs for up to 25 million pixels. */
static inline uint8_t grey_of(const struct grey_mix *mix, const struct grey_colour *c)
{
    const int value = (mix->red * c->red + mix->green * c->green + mix->blue * c->blue + 500) / 1000;

    if (c->cover == GREY_OPAQUE)
        return (uint8_t)value;
    return (uint8_t)((value * c->cover + 255 * (GREY_OPAQUE - c->cover) + GREY_OPAQUE / 2) / GREY_OPAQUE);
}

/* How many pixels have each value, for each channel; grey pixels, the same in all channels, are counted separately.
 * Zero it first; 12 kB. */
struct grey_counts {
    int64_t grey[256], of[GREY_CHANNELS][256];
};
void grey_count(struct grey_counts *c, const struct grey_colour *colour);

/* What tells a picture whose black was made transparent. Zero it first; 4 kB. */
struct grey_key {
    int64_t clear, partial;     /* transparent pixels; those that are neither that nor opaque */
    int64_t of[256], edge[256]; /* opaque pixels by their luminance; those of them beside a transparent one */
};
void grey_key_count(struct grey_key *k, const struct grey_colour *colour, bool beside_clear);

/* Whether transparent pixels stand for black, not for white: light ink on black, of which somebody made exactly the
 * black transparent, has opaque edges that get darker towards it. */
bool grey_is_keyed(const struct grey_key *k);

/* A colour over black, opaque. */
struct grey_colour grey_over_black(const struct grey_colour *c);

/* The channel to use: luminance, unless another one has more than 1.5 times its contrast. */
enum grey_channel grey_choose(const struct grey_counts *c);

#endif
