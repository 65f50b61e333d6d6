/* The shape of a piece of a small picture. Only sheet.c uses it. */
#ifndef DIGITD_NORMALISE_TOOLS_OUTLINE_H
#define DIGITD_NORMALISE_TOOLS_OUTLINE_H

#include <stdint.h>

enum { OUTLINE_SIDE_MAX = 96 };

struct outline {
    int hull2;          /* twice the area of its convex hull; 0 if there is no piece */
    int quadrilateral2; /* twice the area of the largest quadrilateral (or triangle) between corners of the hull */
    int longest;        /* the square of its largest diameter */
};

/* Measures the piece of all cells of cell[h][w] that are kind; w and h up to OUTLINE_SIDE_MAX. */
void outline_of(const uint8_t *cell, int w, int h, int kind, struct outline *out);

#endif
