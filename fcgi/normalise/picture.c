/* Boxes, and operations on all pixels of a picture. */
#include "picture.h"

#include <stdlib.h>
#include <string.h>

enum {
    /* A box grows by so much of its longest side, and by 2 px where that is less: further, it would run along a ruled
     * line to the edge. */
    BOX_GROW_PART = 16,
    BOX_GROW_MIN_PX = 2
};

/* out[oh][ow]: means of k x k blocks, fewer at the right and lower edge. */
static void average(const struct raster *in, int k, int ow, int oh, uint8_t *out)
{
    for (int oy = 0; oy < oh; oy++)
        for (int ox = 0; ox < ow; ox++) {
            const int x1 = (ox + 1) * k < in->w ? (ox + 1) * k : in->w;
            const int y1 = (oy + 1) * k < in->h ? (oy + 1) * k : in->h;
            const int n = (x1 - ox * k) * (y1 - oy * k);
            int sum = 0;

            for (int y = oy * k; y < y1; y++)
                for (int x = ox * k; x < x1; x++)
                    sum += in->px[(size_t)y * (size_t)in->w + (size_t)x];
            out[(size_t)oy * (size_t)ow + (size_t)ox] = (uint8_t)((sum + n / 2) / n);
        }
}

enum err picture_take(struct picture *p, int k)
{
    const int w = (p->in.w + k - 1) / k, h = (p->in.h + k - 1) / k;

    p->px = malloc((size_t)w * (size_t)h);
    if (p->px == NULL)
        return ERR_NOMEM;
    p->w = w;
    p->h = h;
    p->scale = k;
    if (k == 1)
        memcpy(p->px, p->in.px, picture_pixels(p));
    else
        average(&p->in, k, w, h, p->px);
    return OK;
}

void picture_shrink(struct picture *p, int k)
{
    const struct raster big = {.w = p->w, .h = p->h, .px = p->px};

    if (k == 1)
        return;
    p->w = (big.w + k - 1) / k;
    p->h = (big.h + k - 1) / k;
    p->scale *= k;
    p->sheet = (struct box){(p->sheet.x0 + k - 1) / k, (p->sheet.y0 + k - 1) / k, p->sheet.x1 / k, p->sheet.y1 / k};
    average(&big, k, p->w, p->h, p->px); /* in place: a block is read before its place is written */
}

void picture_invert(struct picture *p)
{
    const size_t n = picture_pixels(p);

    for (size_t i = 0; i < n; i++)
        p->px[i] = (uint8_t)(255 - p->px[i]);
}

int picture_longest(const struct picture *p)
{
    return p->w > p->h ? p->w : p->h;
}

enum err picture_clone(const struct picture *p, struct picture *to)
{
    *to = *p;
    to->px = malloc(picture_pixels(p));
    if (to->px == NULL)
        return ERR_NOMEM;
    memcpy(to->px, p->px, picture_pixels(p));
    return OK;
}

void picture_free(struct picture *p)
{
    free(p->px);
    p->px = NULL;
}

int box_width(const struct box *b)
{
    return b->x1 > b->x0 ? b->x1 - b->x0 : 0;
}

int box_height(const struct box *b)
{
    return b->y1 > b->y0 ? b->y1 - b->y0 : 0;
}

int box_longest(const struct box *b)
{
    const int w = box_width(b), h = box_height(b);

    return w > h ? w : h;
}

int box_shortest(const struct box *b)
{
    const int w = box_width(b), h = box_height(b);

    return w < h ? w : h;
}

int box_gap(const struct box *a, const struct box *b)
{
    const int gaps[4] = {a->x0 - b->x1, b->x0 - a->x1, a->y0 - b->y1, b->y0 - a->y1};
    int most = 0;

    for (int i = 0; i < 4; i++)
        most = gaps[i] > most ? gaps[i] : most;
    return most;
}

void box_join(struct box *b, const struct box *by)
{
    b->x0 = by->x0 < b->x0 ? by->x0 : b->x0;
    b->y0 = by->y0 < b->y0 ? by->y0 : b->y0;
    b->x1 = by->x1 > b->x1 ? by->x1 : b->x1;
    b->y1 = by->y1 > b->y1 ? by->y1 : b->y1;
}

struct box box_turned(const struct box *b)
{
    return (struct box){.x0 = b->y0, .y0 = b->x0, .x1 = b->y1, .y1 = b->x1};
}

/* Whether there is such ink in the n pixels of a row (or, down, a column) from (x, y) on. */
static bool inked(const struct raster *ink, int x, int y, bool down, int n, int least)
{
    if (x < 0 || y < 0 || x >= ink->w || y >= ink->h)
        return false;
    for (int i = 0; i < n; i++)
        if (ink->px[(size_t)(y + i * down) * (size_t)ink->w + (size_t)(x + i * !down)] >= least)
            return true;
    return false;
}

void box_grow(struct box *b, const struct raster *ink, int least)
{
    const int part = box_longest(b) / BOX_GROW_PART, most = part > BOX_GROW_MIN_PX ? part : BOX_GROW_MIN_PX;

    for (int i = 0; i < most && inked(ink, b->x0 - 1, b->y0, true, box_height(b), least); i++)
        b->x0--;
    for (int i = 0; i < most && inked(ink, b->x1, b->y0, true, box_height(b), least); i++)
        b->x1++;
    for (int i = 0; i < most && inked(ink, b->x0, b->y0 - 1, false, box_width(b), least); i++)
        b->y0--;
    for (int i = 0; i < most && inked(ink, b->x0, b->y1, false, box_width(b), least); i++)
        b->y1++;
}
