/* Removes lines that do not belong to the digit, run by run. Where a run is thicker than the line, or has more ink, a
 * stroke crosses it, and the run stays. */
#include "normalise/tools/histogram.h"
#include "stages.h"
#include "normalise/tools/straight.h"

/* "Lost at" and "fine at": see parts.c. */
enum {
    LINES_SIDE_MIN_PX = 16, /* a smaller picture has no room for lines beside a digit */
    LINES_FEW = 3,          /* of less, all have to be of one kind to be lines for that */
    PALE_FIFTHS = 3,        /* of full ink's tone: a paler line is printed, not drawn; fine at 1 and 5 */
    FULL_PERCENT = 90       /* full ink: a tenth of all that is darker than the paper is darker still; fine at 50, 99 */
};
/* Times a line's mean ink: a run with more has a stroke in it. Empty ruled paper and a form are lost at 1.1, fine at 4.
 */
static const double STROKE_INK = 1.5;
/* Lines of a kind: neither has so many times the other's ink. Fine at 1.1 and 4. */
static const double ALIKE_INK = 1.5;
/* Of the side: lines so near to an edge are a frame's or a cell's. A cell line that the digit touches is lost at 0.02,
 * fine at 0.45. */
static const double EDGE_ZONE = 0.15;

static void erase(const struct view *p, const struct line *l)
{
    for (int u = l->from; u < l->to; u++) {
        int first, last;

        if (!straight_run(p, l, u, &first, &last) || last - first >= straight_thickest(l) ||
            straight_ink(p, u, first, last) > STROKE_INK * l->ink)
            continue;
        for (int v = first; v <= last; v++)
            p->px[u * p->step_u + v * p->step_v] = 0;
    }
}

static bool is_along_edge(const struct view *p, const struct line *l)
{
    const double a = l->at + l->slope * (l->from - p->n_u / 2), b = l->at + l->slope * (l->to - 1 - p->n_u / 2);
    const double zone = EDGE_ZONE * p->n_v;

    return (a < zone && b < zone) || (a > p->n_v - zone && b > p->n_v - zone);
}

/* How many of the lines have about as much ink as this one. Not how dark their middle is: halved with the picture, a
 * line is two pixels of full tone and half, and which of them is its middle depends on where it lies. */
static int count_alike(const struct line *lines, int n, const struct line *l)
{
    int alike = 0;

    for (int i = 0; i < n; i++)
        alike += lines[i].ink <= ALIKE_INK * l->ink && l->ink <= ALIKE_INK * lines[i].ink;
    return alike;
}

/* Lines along the edges go. Others go where most are of one kind, two at least, or where they are paler than the ink: a
 * single one may be the stem of a 4. */
static bool is_no_stroke(const struct view *p, const struct line *lines, int n, const struct line *l, int ink)
{
    return is_along_edge(p, l) || 5 * l->dark < PALE_FIFTHS * ink || 2 * count_alike(lines, n, l) > n + (n < LINES_FEW);
}

static enum err erase_direction(const struct view *p, int ink, bool *any)
{
    struct line lines[STRAIGHT_MAX];
    int n;
    const enum err e = straight_find(p, lines, &n);

    for (int i = 0; e == OK && i < n; i++)
        if (is_no_stroke(p, lines, n, &lines[i], ink)) {
            erase(p, &lines[i]);
            *any = true;
        }
    return e;
}

/* How dark full ink is. */
static int full_tone(const struct picture *p, int floor)
{
    struct histogram inked = {.total = 0};
    const size_t n = picture_pixels(p);

    for (size_t i = 0; i < n; i++)
        if (p->px[i] > floor)
            histogram_add(&inked, p->px[i]);
    return inked.total > 0 ? histogram_percentile(&inked, FULL_PERCENT) : 0;
}

/* Where lines run from end to end: the sheet, if one lies in the picture. */
static struct box where(const struct picture *p)
{
    const struct box all = {0, 0, p->w, p->h};
    const struct box *sheet = &p->sheet;

    return box_width(sheet) < LINES_SIDE_MIN_PX || box_height(sheet) < LINES_SIDE_MIN_PX ? all : *sheet;
}

enum err lines_run(struct picture *p)
{
    const int floor = p->paper.noise;
    const struct box page = where(p);
    const int w = box_width(&page), h = box_height(&page);
    uint8_t *px = picture_at(p, page.x0, page.y0);
    const struct view across = {px, w, h, 1, p->w, floor}, down = {px, h, w, p->w, 1, floor};
    const int ink = full_tone(p, floor);
    enum err e = OK;

    if (p->w < LINES_SIDE_MIN_PX || p->h < LINES_SIDE_MIN_PX)
        return OK;
    e = sides_run(p);
    if (e == OK)
        e = erase_direction(&across, ink, &p->lined);
    if (e == OK)
        e = erase_direction(&down, ink, &p->lined);
    return e;
}
