/* The ink map brought to the size at which MNIST's digits were drawn. Used by normalise.c alone. */
#ifndef DIGITD_NN_SCALE_H
#define DIGITD_NN_SCALE_H

#include "ink.h"

enum { SCALE_SIDE_PX = 28, SCALE_BOX_PX = 20 };

/* A picture of up to 28x28 on its way, v[h][w], 0 to 255. */
struct small {
    int w, h;
    double v[SCALE_SIDE_PX * SCALE_SIDE_PX];
};

/* The ink box (which must not be empty), its longest side to 20 px; or the whole map, its longest side to 28 px. Thin
 * strokes are widened, pale ones made bright. Only ERR_NOMEM. */
enum err scale_box(const struct ink *ink, struct small *out);
enum err scale_whole(const struct ink *ink, struct small *out);

#endif
