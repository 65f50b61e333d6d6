/* Generated pictures that are not digits, on which the rejection head is measured.
 *
 * A picture is named by (kind, seed, index) and looks the same on every machine with the same libm. Letters and shapes
 * that look like digits (O, I, l, Z, S, g, q ...; a circle, a single line) are left out: no network could reject
 * them. */
#ifndef DIGITD_WEIGHTS_NONDIGITS_H
#define DIGITD_WEIGHTS_NONDIGITS_H

#include <stdint.h>

enum nondigit_kind {
    NONDIGIT_NOISE,  /* uniform, Gaussian, salt, smooth; in grains of 1 to 16 px */
    NONDIGIT_BLANK,  /* paper: flat, ruled, squared, unevenly lit */
    NONDIGIT_LETTER, /* drawn with a pen, capital and small */
    NONDIGIT_SHAPE,  /* drawn with a pen: triangle, star, house, scribble ... */
    NONDIGIT_KINDS
};

enum { NONDIGIT_SIDE = 112 };

/* "noise", "blank", "letter", "shape". */
const char *nondigit_name(enum nondigit_kind kind);

/* px[112][112]: grey, any paper and any ink, light on dark too. */
void nondigit_draw(enum nondigit_kind kind, uint64_t seed, uint64_t index, uint8_t px[NONDIGIT_SIDE * NONDIGIT_SIDE]);

/* What that picture is: "uniform", "ruled", "A", "star" ... A constant. */
const char *nondigit_label(enum nondigit_kind kind, uint64_t seed, uint64_t index);

#endif
