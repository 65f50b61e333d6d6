/* The ink between two nodes, and what is measured of it. */
#include "spans.h"

#include <string.h>

static struct box padded(const struct page *page, const struct box *b)
{
    return (struct box){b->x0 > PAD_PX ? b->x0 - PAD_PX : 0, b->y0 > PAD_PX ? b->y0 - PAD_PX : 0,
                        b->x1 + PAD_PX < page->w ? b->x1 + PAD_PX : page->w,
                        b->y1 + PAD_PX < page->h ? b->y1 + PAD_PX : page->h};
}

struct span span_of(const struct maker *m, int from, int to)
{
    const struct node *a = &m->node[from], *b = &m->node[to];
    struct span s = {
        .first = a->group, .cut_from = a->cut, .last = b->cut < 0 ? b->group - 1 : b->group, .cut_to = b->cut};

    s.box = BOX_NONE;
    for (int g = s.first; g <= s.last; g++)
        box_join(&s.box, &m->row->group[g].box);
    s.crop = padded(m->page, &s.box);
    return s;
}

static int cut_x(const struct maker *m, int group, int cut, int y)
{
    const struct box *b = &m->row->group[group].box;

    if (y < b->y0 || y >= b->y1)
        y = y < b->y0 ? b->y0 : b->y1 - 1;
    return b->x0 + m->cuts[group].cut[cut].x[y - b->y0];
}

/* The mean place of a cut. */
static double cut_middle(const struct maker *m, int group, int cut)
{
    const struct box *b = &m->row->group[group].box;

    return (double)((int64_t)b->x0 * box_height(b) + m->cuts[group].cut[cut].sum) / box_height(b);
}

double span_left(const struct maker *m, const struct span *s)
{
    return s->cut_from < 0 ? s->box.x0 : cut_middle(m, s->first, s->cut_from);
}

double span_right(const struct maker *m, const struct span *s)
{
    return s->cut_to < 0 ? s->box.x1 : cut_middle(m, s->last, s->cut_to);
}

/* The widest gap between neighbouring groups of a span. */
double span_gap(const struct maker *m, const struct span *s)
{
    double most = s->first == s->last ? 0 : -1e9;

    for (int g = s->first; g < s->last; g++) {
        const double gap = m->row->group[g + 1].box.x0 - m->row->group[g].box.x1;

        most = gap > most ? gap : most;
    }
    return most;
}

/* Whether a piece is of the groups of a span. */
static bool is_in(const struct maker *m, const struct span *s, const struct piece *p)
{
    return p->row == m->row_number && p->group >= s->first && p->group <= s->last;
}

/* Copies a line of the ink of a span; tells how many px of it are sure. A cut divides its own group alone. */
static int take_line(struct maker *m, const struct span *s, int y, struct box *ink)
{
    const struct page *page = m->page;
    const int from = s->cut_from >= 0 ? cut_x(m, s->first, s->cut_from, y) : 0;
    const int to = s->cut_to >= 0 ? cut_x(m, s->last, s->cut_to, y) : page->w;
    const bool alone = s->first == s->last;
    const int x0 = alone && from > s->crop.x0 ? from : s->crop.x0, x1 = alone && to < s->crop.x1 ? to : s->crop.x1;
    const int *label = page->label + (size_t)y * (size_t)page->w;
    const uint8_t *px = page->px + (size_t)y * (size_t)page->w;
    uint8_t *line = m->px + (size_t)(y - s->crop.y0) * (size_t)box_width(&s->crop);
    const int64_t down = y - s->crop.y0;
    int64_t n = 0, sum = 0;
    int area = 0;

    for (int x = x0; x < x1; x++) {
        const struct piece *p = &page->piece[label[x]];
        const int at = x - s->crop.x0;

        if (label[x] == 0 || !is_in(m, s, p) || (x < from && p->group == s->first) || (x >= to && p->group == s->last))
            continue;
        line[at] = px[x];
        n += px[x];
        sum += (int64_t)px[x] * at;
        if (px[x] >= page->sure) {
            area++;
            box_add(ink, at, (int)down);
        }
    }
    m->moments.n += n;
    m->moments.x += sum;
    m->moments.y += n * down;
    m->moments.xy += sum * down;
    m->moments.yy += n * down * down;
    return area;
}

int span_take_ink(struct maker *m, const struct span *s, struct box *ink)
{
    int area = 0;

    *ink = BOX_NONE;
    m->moments = (struct moments){0};
    memset(m->px, 0, (size_t)box_width(&s->crop) * (size_t)box_height(&s->crop));
    for (int y = s->crop.y0; y < s->crop.y1; y++)
        area += take_line(m, s, y, ink);
    return area;
}

/* To the ink beside a span; 1 where there is none so near. */
static double gap_beside(const struct maker *m, const struct span *s, bool right)
{
    const int beside = right ? s->last + 1 : s->first - 1;
    double gap;

    if ((right ? s->cut_to : s->cut_from) >= 0)
        return 0;
    if (beside < 0 || beside >= m->row->n)
        return 1;
    gap = right ? m->row->group[beside].box.x0 - s->box.x1 : s->box.x0 - m->row->group[beside].box.x1;
    return gap / m->row->height > 1 ? 1 : gap / m->row->height;
}

/* How far the ink leans: the regression of x on y, upwards. */
static double slant(const struct moments *m)
{
    const double n = (double)m->n, x = (double)m->x, y = (double)m->y;
    const double d = n * (double)m->yy - y * y;

    return d > 0 ? (x * y - n * (double)m->xy) / d : 0;
}

static int pieces(const struct maker *m, const struct span *s)
{
    int n = 0;

    for (int g = s->first; g <= s->last; g++)
        n += m->row->group[g].n;
    return n;
}

/* Within a px: the outermost one may be blurred. */
static bool at_border(const struct page *page, const struct span *s, const struct box *ink)
{
    return s->crop.x0 + ink->x0 <= 1 || s->crop.y0 + ink->y0 <= 1 || s->crop.x0 + ink->x1 >= page->w - 1 ||
           s->crop.y0 + ink->y1 >= page->h - 1;
}

void span_measure(const struct maker *m, const struct span *s, const struct box *ink, int area,
                  float v[LAYOUT_MEASURES])
{
    const double height = m->row->height;
    const double x = s->crop.x0 + (ink->x0 + ink->x1) / 2.0, y = s->crop.y0 + (ink->y0 + ink->y1) / 2.0;

    v[LAYOUT_HEIGHT] = capped(box_height(ink) / height, 8);
    v[LAYOUT_WIDTH] = capped(box_width(ink) / height, 8);
    v[LAYOUT_MIDDLE] = capped((y - m->row->middle - m->row->slope * x) / height, 2);
    v[LAYOUT_CUT_LEFT] = s->cut_from < 0 ? 0 : capped(m->cuts[s->first].cut[s->cut_from].ink / height, 2);
    v[LAYOUT_CUT_RIGHT] = s->cut_to < 0 ? 0 : capped(m->cuts[s->last].cut[s->cut_to].ink / height, 2);
    v[LAYOUT_INSIDE] = capped(span_gap(m, s) / height, 2);
    v[LAYOUT_GAP_LEFT] = capped(gap_beside(m, s, false), 1);
    v[LAYOUT_GAP_RIGHT] = capped(gap_beside(m, s, true), 1);
    v[LAYOUT_INK] = capped(area / (height * height), 4);
    v[LAYOUT_SLANT] = capped(slant(&m->moments), 3);
    v[LAYOUT_FILL] = capped((double)area / box_width(ink) / box_height(ink), 1);
    v[LAYOUT_PIECES] = capped(pieces(m, s), 99);
    v[LAYOUT_BORDER] = at_border(m->page, s, ink) ? 1 : 0;
}
