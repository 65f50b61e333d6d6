/* Takes a line out of a picture, and mends the strokes that crossed, touched or ran into it. Private to the normaliser.
 */
#ifndef DIGITD_NORMALISE_TOOLS_MEND_H
#define DIGITD_NORMALISE_TOOLS_MEND_H

#include "side.h"

struct mending {
    int ink;    /* darkening of a full stroke */
    double pen; /* px: how thick strokes are */
};

/* Allocates up to 20 bytes a px of p's length and frees them; only ERR_NOMEM. */
enum err mend_out(const struct view *p, const struct side_line *l, const struct mending *m);

#endif
