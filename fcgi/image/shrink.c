/* Averages blocks of whole pixels, whose sides differ by one if the sizes do not divide evenly: good enough for
 * viewing. */
#include "shrink.h"

#include <stddef.h>

static int shrunk_side(int side, int longest, int to)
{
    const int shrunk = (int)((int64_t)side * to / longest);

    return shrunk > 1 ? shrunk : 1;
}

static uint8_t block_mean(const struct raster *in, int x0, int x1, int y0, int y1)
{
    const int64_t n = (int64_t)(x1 - x0) * (y1 - y0);
    int64_t sum = n / 2;

    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            sum += in->px[(size_t)y * (size_t)in->w + (size_t)x];
    return (uint8_t)(sum / n);
}

void shrink(const struct raster *in, int side_px, uint8_t *to, int *w, int *h)
{
    const int longest = in->w > in->h ? in->w : in->h;

    *w = longest > side_px ? shrunk_side(in->w, longest, side_px) : in->w;
    *h = longest > side_px ? shrunk_side(in->h, longest, side_px) : in->h;
    for (int y = 0; y < *h; y++) {
        const int y0 = (int)((int64_t)y * in->h / *h), y1 = (int)((int64_t)(y + 1) * in->h / *h);

        for (int x = 0; x < *w; x++)
            *to++ = block_mean(in, (int)((int64_t)x * in->w / *w), (int)((int64_t)(x + 1) * in->w / *w), y0, y1);
    }
}
