/* A split between ink and paper finds the darkest strokes alone where others are a third as dark. So what hangs
 * together with certain ink is looked at: the soft edge of a stroke ends within a stroke's width of it; what goes on
 * beyond that, no thicker than a stroke, is a pale one. Every stroke is then brought to full ink by the darkest there
 * is within a stroke's width. */
#include "pale.h"

#include <stdlib.h>
#include <string.h>

#include "normalise/tools/grid.h"

/* "Lost at" and "fine at": of 40 drawn pictures each of pressure, photo-desk, keyed and shadow-colour, seed 1. Without
 * this, 7 of pressure are. */
enum {
    PALE_SIDE_MIN_PX = 24,
    /* The palest, of 255, that goes on from certain ink: a sixth of full. Three are lost at 20 and at 80; fine at 60.
     */
    PALE_LEAST = 42,
    /* Of all that hangs together, so much at least is far from certain ink; less are ends of strokes. Fine at 1 and 25.
     */
    PALE_FAR_PERCENT = 6,
    PALE_EDGE_CELLS = 2, /* of a stroke, on both sides together */
    /* Strokes are up to so many times as thick as the mean; what is thicker is a shadow. Five are lost at 1; fine at 4.
     */
    PALE_THICK_TIMES = 2,
    PALE_THICK_PERCENT = 2, /* of the far cells may be; fine at 0 and 20 */
    PALE_SURE = 128,        /* the threshold, once all strokes are full */
    PALE_FULL = 153         /* ink of less is pale, though it may be certain; fine at 120 and 200 */
};

enum { CELL_NONE, CELL_REACHED };

struct pale {
    struct grid tone, local; /* the darkest px of each cell; of the reached cells around it */
    uint8_t kind[GRID_SIDE_MAX * GRID_SIDE_MAX];
    int stack[GRID_SIDE_MAX * GRID_SIDE_MAX];
    int reached, far;
    int width; /* of strokes with their edges, cells */
};

static void pale_pool(const struct picture *p, struct grid *g)
{
    grid_shape(g, p->w, p->h, GRID_SIDE_MAX);
    memset(g->v, 0, sizeof(g->v));
    for (int y = 0; y < p->h; y++) {
        const uint8_t *px = picture_at(p, 0, y);
        uint8_t *v = g->v + y / g->cell * g->w;

        for (int x = 0; x < p->w; v++) /* cell by cell: no division for each pixel */
            for (const int end = x + g->cell < p->w ? x + g->cell : p->w; x < end; x++)
                *v = px[x] > *v ? px[x] : *v;
    }
}

/* Marks the cells of certain ink, and measures their strokes: twice the area to the rim, and a soft edge. */
static void pale_start(struct pale *s, int sure)
{
    const struct grid *g = &s->tone;
    int area = 0, rim = 0;

    for (int y = 0; y < g->h; y++)
        for (int x = 0; x < g->w; x++) {
            const uint8_t *v = g->v + y * g->w + x;

            if (*v < sure)
                continue;
            s->kind[y * g->w + x] = CELL_REACHED;
            area++;
            rim += (x == 0 || v[-1] < sure) + (x == g->w - 1 || v[1] < sure) + (y == 0 || v[-g->w] < sure) +
                   (y == g->h - 1 || v[g->w] < sure);
        }
    s->width = PALE_EDGE_CELLS + (rim > 0 ? (2 * area + rim - 1) / rim : 1);
}

/* Reaches what hangs together with those, by corners too. */
static void pale_reach(struct pale *s)
{
    const struct grid *g = &s->tone;
    int n = 0;

    for (int i = 0; i < g->w * g->h; i++)
        if (s->kind[i] == CELL_REACHED)
            s->stack[n++] = i;
    while (n > 0) {
        const int at = s->stack[--n], x = at % g->w, y = at / g->w;

        s->reached++;
        for (int k = 0; k < 9; k++) {
            const int nx = x + k % 3 - 1, ny = y + k / 3 - 1, to = ny * g->w + nx;

            if (nx < 0 || ny < 0 || nx >= g->w || ny >= g->h || s->kind[to] != CELL_NONE || g->v[to] < PALE_LEAST)
                continue;
            s->kind[to] = CELL_REACHED;
            s->stack[n++] = to;
        }
    }
}

/* Whether what is far from certain ink is strokes: some, inside the picture, and hardly any thicker. */
static bool pale_is_strokes(struct pale *s, int sure, struct grid *room)
{
    const struct grid *g = &s->tone;
    int thick = 0;

    *room = *g;
    for (int i = 0; i < g->w * g->h; i++) {
        const bool far = s->kind[i] == CELL_REACHED && s->local.v[i] < sure;

        room->v[i] = far;
        s->far += far;
        if (far && grid_on_border(g, i)) /* a line, or a shadow */
            return false;
    }
    grid_spread(room, PALE_THICK_TIMES * s->width / 2, false);
    for (int i = 0; i < g->w * g->h; i++)
        thick += room->v[i];
    return 100 * s->far >= PALE_FAR_PERCENT * s->reached && 100 * thick <= PALE_THICK_PERCENT * s->far;
}

/* What was reached, and a stroke's soft edge around it. */
static void pale_apply(struct pale *s, struct picture *p)
{
    const struct grid *l = &s->local;

    for (int y = 0; y < p->h; y++)
        for (int x = 0; x < p->w; x++) {
            uint8_t *px = picture_at(p, x, y);
            const int local = l->v[y / l->cell * l->w + x / l->cell];

            if (local > 0)
                *px = (uint8_t)(*px < local ? *px * 255 / local : 255);
        }
    p->threshold = p->threshold < PALE_SURE ? p->threshold : PALE_SURE;
}

enum err pale_lift(struct picture *p)
{
    const int sure = p->threshold > PALE_FULL ? p->threshold : PALE_FULL;
    struct pale *s;
    struct grid *room;

    if (picture_longest(p) < PALE_SIDE_MIN_PX || p->lined)
        return OK;
    s = calloc(1, sizeof(*s) + sizeof(*room));
    if (s == NULL)
        return ERR_NOMEM;
    room = (struct grid *)(s + 1);
    pale_pool(p, &s->tone);
    pale_start(s, sure);
    pale_reach(s);
    s->local = s->tone;
    for (int i = 0; i < s->tone.w * s->tone.h; i++)
        if (s->kind[i] == CELL_NONE)
            s->local.v[i] = 0;
    grid_spread(&s->local, s->width, true);
    if (pale_is_strokes(s, sure, room))
        pale_apply(s, p);
    free(s);
    return OK;
}
