/* Straight lines that are not the digit's: ruled and squared paper, frames, the cell lines of a form. Used by ink.c
 * alone. */
#ifndef DIGITD_NN_LINES_H
#define DIGITD_NN_LINES_H

#include "ink.h"

/* Sets to 0 what belongs to such lines in ink->px, where what is over floor is ink of some kind, and ink->lined where
 * there were any. Allocates up to 8 bytes a pixel and frees them; only ERR_NOMEM. */
enum err lines_erase(struct ink *ink, int floor);

#endif
