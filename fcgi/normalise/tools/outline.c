/* A piece is represented by the corners of its cells. */
#include "outline.h"

#include <string.h>

enum { HULL_MAX = 4 * (OUTLINE_SIDE_MAX + 1) };

struct point {
    int x, y;
};

static int greater(int a, int b)
{
    return a > b ? a : b;
}

/* Twice the area of a triangle; its sign says on which side of the line from a to b the point c is. */
static int turn(struct point a, struct point b, struct point c)
{
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

/* The ends of the piece along the line between rows y - 1 and y: how many points, 0 or 2. */
static int ends_of(const uint8_t *cell, int w, int h, int kind, int y, struct point out[2])
{
    out[0] = (struct point){w, y};
    out[1] = (struct point){-1, y};
    for (int row = y > 0 ? y - 1 : 0; row <= y && row < h; row++)
        for (int x = 0; x < w; x++)
            if (cell[row * w + x] == kind) {
                out[0].x = x < out[0].x ? x : out[0].x;
                out[1].x = greater(out[1].x, x + 1);
            }
    return out[1].x < 0 ? 0 : 2;
}

/* The corners of the convex hull in order (Andrew's monotone chain); how many. */
static int hull_of(const uint8_t *cell, int w, int h, int kind, struct point hull[HULL_MAX])
{
    struct point ends[2 * (OUTLINE_SIDE_MAX + 1)] = {{0, 0}};
    int n = 0, m = 0;

    for (int y = 0; y <= h; y++)
        n += ends_of(cell, w, h, kind, y, ends + n);
    for (int pass = 0, least = 2; pass < 2; pass++, least = m + 1)
        for (int i = pass; i < n; i++) {
            const struct point p = ends[pass == 0 ? i : n - 1 - i];

            while (m >= least && turn(hull[m - 2], hull[m - 1], p) <= 0)
                m--;
            hull[m++] = p;
        }
    return m > 0 ? m - 1 : 0; /* the first point has come once more */
}

/* Twice the areas of the largest triangles on either side of the diagonal from corner i to corner j. */
static int beside_diagonal(const struct point *hull, int n, int i, int j)
{
    int before = 0, after = 0;

    for (int k = i + 1; k < j; k++)
        before = greater(before, turn(hull[i], hull[k], hull[j]));
    for (int k = j + 1; k < n + i; k++)
        after = greater(after, turn(hull[j], hull[k % n], hull[i]));
    return before + after;
}

void outline_of(const uint8_t *cell, int w, int h, int kind, struct outline *out)
{
    struct point hull[HULL_MAX];
    const int n = hull_of(cell, w, h, kind, hull);

    memset(out, 0, sizeof(*out));
    for (int i = 1; i + 1 < n; i++)
        out->hull2 += turn(hull[0], hull[i], hull[i + 1]);
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++) {
            const int dx = hull[j].x - hull[i].x, dy = hull[j].y - hull[i].y;

            out->quadrilateral2 = greater(out->quadrilateral2, beside_diagonal(hull, n, i, j));
            out->longest = greater(out->longest, dx * dx + dy * dy);
        }
}
