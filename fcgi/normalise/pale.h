/* Ink of uneven tone: what a pen has drawn with less pressure, or running dry. Used by threshold.c. */
#ifndef DIGITD_NORMALISE_PALE_H
#define DIGITD_NORMALISE_PALE_H

#include "picture.h"

/* p is in PICTURE_INK, its threshold set. Where pale strokes hang together with certain ink, and only there, makes all
 * of it full ink and lowers the threshold; otherwise changes nothing. Allocates up to 600 kB; only ERR_NOMEM. */
enum err pale_lift(struct picture *p);

#endif
