/* The paper's own tone taken off. Used by ink.c alone. */
#ifndef DIGITD_NN_LEVEL_H
#define DIGITD_NN_LEVEL_H

#include "ink.h"

/* Each pixel of ink->px, where the paper is the lighter, becomes its darkening against the paper: of one tone; as it
 * is around the pixel; or as the pixels from split on are around it. Allocates up to 200 kB and frees it; only
 * ERR_NOMEM. */
void level_flat(struct ink *ink, int tone);
enum err level_uneven(struct ink *ink);
enum err level_tones(struct ink *ink, int split);

#endif
