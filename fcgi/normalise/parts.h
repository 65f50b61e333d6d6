/* Which connected pieces of the ink are the digit: no specks, frames, scraps of lines or of a neighbour. Used by ink.c
 * alone. */
#ifndef DIGITD_NN_PARTS_H
#define DIGITD_NN_PARTS_H

#include "ink.h"

/* Sets to 0 what does not belong to the digit in ink->px, and sets the box: around what is left of at least threshold;
 * all 0 when nothing is. faint is the least value that holds pieces together. Allocates up to 2.5 MB and frees them;
 * only ERR_NOMEM. */
enum err parts_choose(struct ink *ink, int faint, int threshold);

#endif
