/* Removes cells and frames that are drawn round digits, which the normaliser's own lines stage leaves: it knows lines
 * that run through the whole picture.
 *
 * A frame is a piece of ink in whose box straight lines run from end to end, two or more across and some down. Those
 * lines go; what digits have in common with them stays, where it is thicker than a line. */
#include <math.h>
#include <string.h>

#include "layout_parts.h"

enum {
    EDGE_PX = 3,         /* how far the soft edge of a line reaches */
    SIDE_LEAST_PX = 20,  /* of a frame */
    THIN_TIMES = 9,      /* the shorter side of a frame's box is so many times as long as its lines are thick */
    CELLS_TIMES = 2,     /* what is more than so many times as wide as high, with walls, is a row of cells */
    COVER_PART = 6,      /* so deep in its box a frame's lines lie, where it is seen at an angle, */
    COVER_PERCENT = 70,  /* and along so much of the sides of it */
    FULL_PERCENT = 40,   /* of its box is ink, or it is none; */
    CLOSED_PERCENT = 95, /* along so much of the sides, a box that a digit fills and touches has this much: */
    CLOSED_FULL_PERCENT = 62,
    BESIDE_PERCENT = 15, /* so much of the ink is not the frame's: something is written in it, and touches it */
    HELD_PART = 12,      /* of its height: what is smaller is nothing of size in a frame */
    THIN_PX = 2,         /* lines are looked for in a copy in which they are about this thick */
    WALLS_TWICE = 30,    /* where there are fewer walls, thicker ones are looked for as well, */
    WALL_TIMES = 3,      /* up to so many times as thick */
    FRAMES_MAX = 300,    /* pieces that are looked at */
    /* A line with nothing but digits on it is a rule where it is so many times as long as all that is high, or twice as
     * long and through so much of the picture; and longer than a minus, in halves of a usual height. */
    RULE_HALVES = 3,
    RULE_TIMES = 4,
    RULE_PERCENT = 60
};
/* Of the width: the outermost walls are so near to it. */
static const double SIDE_ZONE = 0.08;
/* Times a line's mean ink: a run with more has a stroke in it. */
static const double STROKE_INK = 1.6;

/* Erases a line: in the ink, and as far as its soft edges go (outside the view, too, which has before px in front of
 * it and after px behind) in the picture that the ink was made from. */
static void erase(const struct view *ink, uint8_t *px, const struct line *l, int before, int after)
{
    const int least = before < EDGE_PX ? -before : -EDGE_PX;
    const int most = ink->n_v - 1 + (after < EDGE_PX ? after : EDGE_PX);

    for (int u = l->from; u < l->to; u++) {
        const ptrdiff_t at = u * ink->step_u;
        int first, last;

        if (!straight_run(ink, l, u, &first, &last) || last - first >= straight_thickest(l) ||
            straight_ink(ink, u, first, last) > STROKE_INK * l->ink)
            continue;
        for (int k = 0; k < EDGE_PX && first > least && ink->px[at + (first - 1) * ink->step_v] > 0; k++)
            first--;
        for (int k = 0; k < EDGE_PX && last < most && ink->px[at + (last + 1) * ink->step_v] > 0; k++)
            last++;
        for (int v = first; v <= last; v++)
            ink->px[at + v * ink->step_v] = px[at + v * ink->step_v] = 0;
    }
}

/* The part of a view of lines across in which all that lies between the outermost of them is: a frame that is seen at
 * an angle begins lower on one side, and its other lines do too. */
static void between(const struct view *ink, const struct line *lines, int n, int *from, int *to)
{
    const struct line *top = &lines[0], *bottom = &lines[0];

    for (int i = 1; i < n; i++) {
        top = lines[i].at < top->at ? &lines[i] : top;
        bottom = lines[i].at > bottom->at ? &lines[i] : bottom;
    }
    const double top_lean = fabs(top->slope) * ink->n_u / 2, bottom_lean = fabs(bottom->slope) * ink->n_u / 2;
    if (n == 1) {
        *from = 0;
        *to = ink->n_v;
        return;
    }
    *from = top->at + top_lean > 0 ? (int)(top->at + top_lean) : 0;
    *to = bottom->at - bottom_lean < ink->n_v - 1 ? (int)(bottom->at - bottom_lean) + 1 : ink->n_v;
}

/* Whether one of n lines runs where this one does. */
static bool is_known(const struct line *l, const struct line *lines, int n)
{
    for (int i = 0; i < n; i++)
        if (fabs(lines[i].at - l->at) < l->thick + 2)
            return true;
    return false;
}

/* Finds the walls that run down between the outermost of n lines across; they are told for the whole height. */
static enum err walls_down(const struct view *across, const struct line *lines, int n, int k, struct view *down,
                           struct line *walls, int *found)
{
    const int step = (k + 1) / 2;
    struct view part;
    enum err e;
    int from, to;

    *down = (struct view){across->px, across->n_v, across->n_u, across->step_v, across->step_u, across->floor};
    *found = 0;
    between(across, lines, n, &from, &to);
    if (to - from < SIDE_LEAST_PX)
        return OK;
    part = *down;
    part.px += from * part.step_u;
    part.n_u = to - from;
    e = frame_lines_find(&part, k, walls, found);
    *found = frame_lines_keep(&part, walls, *found);
    /* Two cells side by side have a thick wall between them, and a thicker one where a slit is left. */
    for (int thicker = k + step; e == OK && thicker <= WALL_TIMES * k && *found < WALLS_TWICE; thicker += step) {
        int more = 0;
        struct line thick[STRAIGHT_MAX];

        e = frame_lines_find(&part, thicker, thick, &more);
        more = frame_lines_keep(&part, thick, more);
        for (int i = 0; i < more && *found < STRAIGHT_MAX; i++)
            if (!is_known(&thick[i], walls, *found))
                walls[(*found)++] = thick[i];
    }
    for (int i = 0; i < *found; i++) {
        walls[i].at += walls[i].slope * (down->n_u / 2 - from - part.n_u / 2);
        walls[i].from = 0;
        walls[i].to = down->n_u;
    }
    return e;
}

/* Erases where two lines cross: to either of them, the other looks like a stroke that it must leave. */
static void erase_crossing(const struct view *ink, uint8_t *px, const struct line *l, const struct line *wall)
{
    /* u runs along l, and v along the wall. */
    const double v0 = l->at - l->slope * (ink->n_u / 2), u0 = wall->at - wall->slope * (ink->n_v / 2);
    const double u = (u0 + wall->slope * v0) / (1 - wall->slope * l->slope), v = v0 + l->slope * u;
    const double half_u = wall->thick / 2 + 1, half_v = l->thick / 2 + 1;

    for (int y = (int)ceil(v - half_v); y <= (int)(v + half_v); y++)
        for (int x = (int)ceil(u - half_u); x <= (int)(u + half_u); x++)
            if (x >= 0 && x < ink->n_u && y >= 0 && y < ink->n_v)
                ink->px[x * ink->step_u + y * ink->step_v] = px[x * ink->step_u + y * ink->step_v] = 0;
}

static void walls_tell(struct walls *told, const struct box *b, const struct line *l)
{
    if (told->n < WALLS_MAX)
        told->wall[told->n++] = (struct wall){
            .x = b->x0 + l->at - l->slope * (b->y0 + box_height(b) / 2), .slope = l->slope, .y0 = b->y0, .y1 = b->y1};
}

/* Keeps the walls that hang together with the frame. A 1 in a cell of a row that slants may run through all that is
 * between the lines for sure, but touches neither. */
static int walls_keep(const struct ink_pieces *pieces, int i, const struct view *down, struct line *walls, int n)
{
    const struct box *b = &pieces->piece[i].box;
    int kept = 0;

    for (int k = 0; k < n; k++) {
        int all = 0, own = 0, first, last;

        for (int u = 0; u < down->n_u; u++)
            if (straight_run(down, &walls[k], u, &first, &last)) {
                const int x = b->x0 + (first + last) / 2, y = b->y0 + u;

                all++;
                own += pieces->label[(size_t)y * (size_t)pieces->w + (size_t)x] == i;
            }
        if (2 * own >= all)
            walls[kept++] = walls[k];
    }
    return kept;
}

/* Whether walls run down at both sides. The stems of digits between two ruled lines do not. */
static bool has_sides(const struct view *down, const struct line *walls, int n)
{
    bool left = false, right = false;

    for (int i = 0; i < n; i++) {
        const double zone = SIDE_ZONE * down->n_v + fabs(walls[i].slope) * down->n_u / 2;

        left = left || walls[i].at < zone;
        right = right || walls[i].at > down->n_v - zone;
    }
    return left && right;
}

/* How much of the ink of a view lies on none of the lines, in percent: what is written in a frame and touches it. */
static int ink_beside(const struct view *across, const struct line *lines, int n, const struct view *down,
                      const struct line *walls, int n_down)
{
    int64_t all = 0, on = 0;

    for (int v = 0; v < across->n_v; v++)
        for (int u = 0; u < across->n_u; u++)
            all += view_inked(across, u, v);
    for (int i = 0; i < n + n_down; i++) {
        const struct view *p = i < n ? across : down;
        const struct line *l = i < n ? &lines[i] : &walls[i - n];

        for (int u = l->from; u < l->to; u++) {
            int first, last;

            if (straight_run(p, l, u, &first, &last))
                on += last - first < l->thick ? last - first + 1 : (int)(l->thick + 0.5);
        }
    }
    return all > 0 ? (int)(100 * (all - on) / all) : 0;
}

/* Whether there is something of size in the box of a piece; or it is so wide that it must be cells. */
static bool holds_any(const struct ink_pieces *ink, int i)
{
    const struct box *b = &ink->piece[i].box;

    if (box_width(b) > CELLS_TIMES * box_height(b))
        return true;
    for (int k = 1; k < ink->n; k++) {
        const struct box *in = &ink->piece[k].box;

        if (k != i && HELD_PART * box_height(in) > box_height(b) && in->x0 > b->x0 && in->x1 < b->x1 &&
            in->y0 > b->y0 && in->y1 < b->y1)
            return true;
    }
    return false;
}

/* Takes the lines of a piece of ink, if they make a frame, or one line if it is a rule. */
static enum err frame_take(struct picture *p, const struct picture *ink, const struct ink_pieces *pieces, int piece,
                           int usual, struct walls *told)
{
    const struct box *b = &pieces->piece[piece].box;
    const struct view across = {
        picture_at(ink, b->x0, b->y0), box_width(b), box_height(b), 1, p->w, ink->threshold / 2};
    const bool rule = 2 * across.n_u >= RULE_HALVES * usual &&
                      (across.n_u >= RULE_TIMES * across.n_v ||
                       (across.n_u >= 2 * across.n_v && 100 * across.n_u >= RULE_PERCENT * p->w));
    const double stroke = frame_stroke_width(&across);
    const int thin = THIN_TIMES * stroke < box_shortest(b) ? 0 : 1; /* a digit has thicker strokes */
    const int k = stroke < 2 * THIN_PX ? 1 : (int)(stroke / THIN_PX);
    struct line lines[STRAIGHT_MAX], walls[STRAIGHT_MAX];
    struct view down = {0};
    int n_across = 0, n_down = 0;
    bool frame;
    enum err e = frame_lines_find(&across, k, lines, &n_across);

    if (e == OK)
        n_across = frame_lines_keep(&across, lines, n_across);
    if (e == OK && n_across > 0)
        e = walls_down(&across, lines, n_across, k, &down, walls, &n_down);
    if (e == OK && n_down > 0)
        n_down = walls_keep(pieces, piece, &down, walls, n_down);
    frame = (n_across > 1 ? n_down > thin : n_down > 2) && has_sides(&down, walls, n_down) &&
            (holds_any(pieces, piece) || ink_beside(&across, lines, n_across, &down, walls, n_down) >= BESIDE_PERCENT);
    for (int i = 0; i < n_across && (frame || rule); i++)
        erase(&across, picture_at(p, b->x0, b->y0), &lines[i], b->y0, p->h - b->y1);
    for (int i = 0; i < n_down && frame; i++) {
        erase(&down, picture_at(p, b->x0, b->y0), &walls[i], b->x0, p->w - b->x1);
        walls_tell(told, b, &walls[i]);
        for (int at = 0; at < n_across; at++)
            erase_crossing(&across, picture_at(p, b->x0, b->y0), &lines[at], &walls[i]);
    }
    return e;
}

/* How much of the sides of a piece's box has ink of it in front of it, in percent, a part of the box deep: nearly all,
 * if it is a frame. */
static int side_cover(const struct ink_pieces *ink, int i)
{
    const struct box *b = &ink->piece[i].box;
    const int w = box_width(b), h = box_height(b), dx = w / COVER_PART + 1, dy = h / COVER_PART + 1;
    int covered = 0;

    for (int side = 0; side < 4; side++) {
        const bool down = side < 2; /* along the left and right sides */
        const int n = down ? h : w, deep = down ? dx : dy;

        for (int u = 0; u < n; u++) {
            bool any = false;

            for (int v = 0; v < deep && !any; v++) {
                const int x = down ? (side == 0 ? v : w - 1 - v) : u, y = down ? u : (side == 2 ? v : h - 1 - v);

                any = ink->label[(size_t)(b->y0 + y) * (size_t)ink->w + (size_t)(b->x0 + x)] == i;
            }
            covered += any;
        }
    }
    return 100 * covered / (2 * (w + h));
}

/* Whether a piece may be a frame: hardly any of its box is ink, and it runs along its sides. Or it may be a rule. */
static bool may_be_frame(const struct ink_pieces *ink, int i)
{
    const struct box *b = &ink->piece[i].box;
    const int w = box_width(b), h = box_height(b);
    int cover, most;

    if (w < SIDE_LEAST_PX || 2 * w <= h)
        return false;
    if (w > 2 * h)
        return true;
    cover = side_cover(ink, i);
    most = cover >= CLOSED_PERCENT ? CLOSED_FULL_PERCENT : FULL_PERCENT;
    return cover >= COVER_PERCENT && (100 * (int64_t)ink->piece[i].area < most * (int64_t)w * h || w > RULE_TIMES * h);
}

enum err frames_erase(struct picture *p, struct picture *ink, const struct ink_pieces *pieces, struct walls *told)
{
    const int usual = pieces_usual_height(pieces->piece, pieces->n);
    enum err e = usual < 0 ? ERR_NOMEM : OK;
    int tried = 0;

    told->n = 0;
    for (int i = 1; e == OK && i < pieces->n && tried < FRAMES_MAX; i++)
        if (may_be_frame(pieces, i)) {
            tried++;
            e = frame_take(p, ink, pieces, i, usual, told);
        }
    return e;
}
