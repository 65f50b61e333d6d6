/* What the paper is like: its tone, whether it is one tone all over, whether the ink is the darker. Used by ink.c
 * alone.
 */
#ifndef DIGITD_NN_PAPER_H
#define DIGITD_NN_PAPER_H

#include "ink.h"
#include "tones.h"

struct paper {
    int tone;           /* the most usual one where the light is uneven */
    int noise;          /* standard deviation of the paper's grain, in levels */
    bool flat;          /* one tone all over: a canvas, a scan; otherwise the light has to be evened out */
    bool dark;          /* the ink is darker than the paper */
    struct tones tones; /* clear only where they may be relied on, the light being what it is */
};

/* Allocates up to 150 kB and frees it; only ERR_NOMEM. */
enum err paper_judge(const struct ink *map, struct paper *out);

#endif
