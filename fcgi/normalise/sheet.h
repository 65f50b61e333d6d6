/* A sheet of paper on a desk, a canvas in a window: what lies around it is no paper. Used by ink.c alone. */
#ifndef DIGITD_NN_SHEET_H
#define DIGITD_NN_SHEET_H

#include "ink.h"

/* Where map shows a sheet whole, or nearly, and another tone around it, all that surrounds it becomes as its paper is
 * next to it; otherwise map stays as it is. Allocates up to 180 kB and frees it; only ERR_NOMEM. */
enum err sheet_isolate(struct ink *map);

#endif
