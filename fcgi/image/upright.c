#include "upright.h"

/* EXIF 2.32 section 4.6.5 A: orientation tells where the stored row 0 and column 0 belong. 5 to 8 swap the sides. */
struct upright upright_of(const struct image_header *h)
{
    const bool swapped = h->orientation >= 5;
    const int o = h->orientation;
    struct upright u = {.width = swapped ? h->height : h->width, .height = swapped ? h->width : h->height};
    const bool x_back = o == 2 || o == 3 || o == 7 || o == 8; /* stored x runs against its upright axis */
    const bool y_back = o == 3 || o == 4 || o == 6 || o == 7;

    u.right = swapped ? u.width : 1;
    u.down = swapped ? 1 : u.width;
    if (x_back) {
        u.first += (h->width - 1) * u.right;
        u.right = -u.right;
    }
    if (y_back) {
        u.first += (h->height - 1) * u.down;
        u.down = -u.down;
    }
    return u;
}
