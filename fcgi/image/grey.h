/* What the grey of a picture is made of: its luminance, or the one channel that shows much more.
 *
 * Yellow ink on white, red on green of the same lightness, white ink on nothing at all: to the eye they stand out, in
 * the luminance they hardly do. A grey picture (red == green == blue) keeps exactly its values, whatever is chosen. */
#ifndef DIGITD_IMAGE_GREY_H
#define DIGITD_IMAGE_GREY_H

#include <stdint.h>

enum grey_channel { GREY_LUMINANCE, GREY_RED, GREY_GREEN, GREY_BLUE, GREY_COVER, GREY_CHANNELS };
enum { GREY_OPAQUE = 127, GREY_SAMPLES_MAX = 250000 };

/* A colour, 0 to 255 each, and how much of it covers what is below: 0 nothing to GREY_OPAQUE, as libgd counts it. */
struct grey_colour {
    int red, green, blue, cover;
};

/* Thousandths of red, green and blue: 1000 in all, or 0 for GREY_COVER, where what is covered is black on white. */
struct grey_mix {
    const char *name; /* "luminance" (Rec. 601), "red", "green", "blue", "cover" */
    int red, green, blue;
};
extern const struct grey_mix grey_mixes[GREY_CHANNELS];

/* The colour lying over white. In the header, since it runs for each of 25 million pixels. */
static inline uint8_t grey_of(const struct grey_mix *mix, const struct grey_colour *c)
{
    const int value = (mix->red * c->red + mix->green * c->green + mix->blue * c->blue + 500) / 1000;

    if (c->cover == GREY_OPAQUE)
        return (uint8_t)value;
    return (uint8_t)((value * c->cover + 255 * (GREY_OPAQUE - c->cover) + GREY_OPAQUE / 2) / GREY_OPAQUE);
}

/* How many pixels have each of the values that a channel would have, greys (the same in all) apart. Zero it first;
 * 12 kB. */
struct grey_counts {
    int64_t grey[256], of[GREY_CHANNELS][256];
};
void grey_count(struct grey_counts *c, const struct grey_colour *colour);

/* The channel to use: luminance unless another has over 1.5 times its contrast. */
enum grey_channel grey_choose(const struct grey_counts *c);

#endif
