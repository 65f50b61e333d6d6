/* A small copy of a picture: the greatest or least value around each cell, and filling gaps from their surroundings. */
#include "grid.h"

#include <string.h>

void grid_shape(struct grid *g, int w, int h, int side)
{
    const int longest = w > h ? w : h;

    g->cell = (longest + side - 1) / side;
    g->w = (w + g->cell - 1) / g->cell;
    g->h = (h + g->cell - 1) / g->cell;
}

void grid_average(struct grid *g, const uint8_t *px, int w, int h, int side)
{
    grid_shape(g, w, h, side);
    for (int gy = 0; gy < g->h; gy++) {
        int64_t sums[GRID_SIDE_MAX] = {0};
        const int y1 = (gy + 1) * g->cell < h ? (gy + 1) * g->cell : h;

        for (int y = gy * g->cell; y < y1; y++)
            for (int gx = 0; gx < g->w; gx++) {
                const uint8_t *row = px + (size_t)y * (size_t)w;
                const int x1 = (gx + 1) * g->cell < w ? (gx + 1) * g->cell : w;

                for (int x = gx * g->cell; x < x1; x++)
                    sums[gx] += row[x];
            }
        for (int gx = 0; gx < g->w; gx++) {
            const int x1 = (gx + 1) * g->cell < w ? (gx + 1) * g->cell : w;
            const int n = (x1 - gx * g->cell) * (y1 - gy * g->cell);

            g->v[gy * g->w + gx] = (uint8_t)((sums[gx] + n / 2) / n);
        }
    }
}

/* Cells that a vector instruction takes at once, so that the compiler sees how many. */
enum { STRIP = 32 };

static void further(const uint8_t *a, const uint8_t *b, const uint8_t *c, bool greatest, uint8_t *restrict out)
{
    const uint8_t flip = greatest ? 0 : 255;

    for (int i = 0; i < STRIP; i++) {
        const uint8_t x = a[i] ^ flip, y = b[i] ^ flip, z = c[i] ^ flip, most = x > y ? x : y;

        out[i] = (uint8_t)((most > z ? most : z) ^ flip);
    }
}

/* How far the next round reaches: windows that overlap are put together, so that their radius triples with each. */
static int next_reach(int reached, int radius)
{
    return radius - reached < 2 * reached + 1 ? radius - reached : 2 * reached + 1;
}

/* Past the ends is what is at the ends, which changes no extreme. */
static void spread_row(uint8_t *row, int n, int radius, bool greatest)
{
    uint8_t was[3 * GRID_SIDE_MAX], now[GRID_SIDE_MAX], *const mid = was + GRID_SIDE_MAX;

    for (int reached = 0; reached < radius;) {
        const int d = next_reach(reached, radius), far = d < n ? d : n - 1;

        memset(mid - far, row[0], (size_t)far);
        memcpy(mid, row, (size_t)n);
        memset(mid + n, row[n - 1], (size_t)(GRID_SIDE_MAX + far - n));
        for (int x = 0; x < n; x += STRIP)
            further(mid + x - far, mid + x, mid + x + far, greatest, now + x);
        memcpy(row, now, (size_t)n);
        reached += d;
    }
}

/* STRIP columns from v on, or the n that there are. */
static void spread_columns(uint8_t *v, int n, int w, int h, int radius, bool greatest)
{
    uint8_t was[GRID_SIDE_MAX][STRIP] = {0}, now[STRIP];

    for (int reached = 0; reached < radius;) {
        const int d = next_reach(reached, radius);

        for (int y = 0; y < h; y++)
            memcpy(was[y], v + y * w, (size_t)n);
        for (int y = 0; y < h; y++) {
            further(was[y - d > 0 ? y - d : 0], was[y], was[y + d < h ? y + d : h - 1], greatest, now);
            memcpy(v + y * w, now, (size_t)n);
        }
        reached += d;
    }
}

void grid_spread(struct grid *g, int radius, bool greatest)
{
    for (int y = 0; y < g->h; y++)
        spread_row(g->v + y * g->w, g->w, radius, greatest);
    for (int x = 0; x < g->w; x += STRIP)
        spread_columns(g->v + x, g->w - x < STRIP ? g->w - x : STRIP, g->w, g->h, radius, greatest);
}

/* The mean of the neighbours that are known, 0 where none is. */
static uint8_t known_around(const struct grid *g, int x, int y)
{
    int sum = 0, n = 0;

    for (int ny = y > 0 ? y - 1 : 0; ny <= y + 1 && ny < g->h; ny++)
        for (int nx = x > 0 ? x - 1 : 0; nx <= x + 1 && nx < g->w; nx++) {
            n += g->v[ny * g->w + nx] > 0;
            sum += g->v[ny * g->w + nx];
        }
    return (uint8_t)(n > 0 ? sum / n : 0);
}

void grid_fill(struct grid *g, struct grid *room)
{
    for (int before = -1, unknown = 0; before != unknown;) {
        before = unknown;
        unknown = 0;
        *room = *g;
        for (int i = 0; i < g->w * g->h; i++)
            if (room->v[i] == 0) {
                g->v[i] = known_around(room, i % g->w, i / g->w);
                unknown += g->v[i] == 0;
            }
    }
}

bool grid_on_border(const struct grid *g, int cell)
{
    return cell % g->w == 0 || cell % g->w == g->w - 1 || cell < g->w || cell >= g->w * (g->h - 1);
}

void grid_count_border(const struct grid *g, const uint8_t *cell, uint8_t kind, int along[4])
{
    const uint8_t *last = cell + (g->h - 1) * g->w;

    for (int i = 0; i < 4; i++)
        along[i] = 0;
    for (int x = 0; x < g->w; x++) {
        along[0] += cell[x] == kind;
        along[1] += last[x] == kind;
    }
    for (int y = 0; y < g->h; y++) {
        along[2] += cell[y * g->w] == kind;
        along[3] += cell[y * g->w + g->w - 1] == kind;
    }
}

void grid_invert(struct grid *g)
{
    for (int i = 0; i < g->w * g->h; i++)
        g->v[i] = (uint8_t)(255 - g->v[i]);
}
