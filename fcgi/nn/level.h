/* The paper's own tone taken off. Used by ink.c alone. */
#ifndef DIGITD_NN_LEVEL_H
#define DIGITD_NN_LEVEL_H

#include "ink.h"

/* Each pixel of ink->px (the paper the lighter, of tone paper) becomes its darkening against the paper around it. */
void level_paper(struct ink *ink, int paper);

#endif
