/* Which pieces are the digit. "Lost at" and "fine at": see parts.c. */
#include "parts.h"

enum { MAIN_PART = 5 }; /* a plain piece smaller than this part of another kind's is a speck beside it; fine at 1, 40 */
/* A piece is none of the digit's where, against the main one, it is a speck, by side (fine at 2 and 40) or by area (8
 * and 1000); paler, as a shadow is, or what is left of a line (20 and 90); so many times as thick, so no stroke of the
 * same pen (1 and 10); or farther away than this part of its longest side, unless a dry pen left the gap: slips and a
 * form's neighbours are lost at 1, loose strokes at 16. */
enum { SPECK_SIDE_PART = 8, SPECK_AREA_PART = 50, PALE_PERCENT = 60, THICK_TIMES = 3, GAP_PART = 4 };
/* A scrap is, though, where it is the bar of a 5: no longer than this of the digit's width (a slip is lost at 400), nor
 * this of the picture's (fine at 30 and 101). */
enum { BAR_WIDTH_PERCENT = 125, BAR_PICTURE_PERCENT = 70 };
/* What the edge cuts off is a neighbour's where it is smaller than this part of the main piece, and so far away (fine
 * at 2 and 400). */
enum { CUT_AREA_PART = 2, CUT_GAP_PART = 20 };
/* The digit in a window of a counter is not cut off, and no lower than this of what is seen of its neighbour. */
enum { WHOLE_HEIGHT_PERCENT = 75 };
/* What is cut off beside the digit and so high, compared with it, is no end of a stroke that a dry pen left. */
enum { TALL_PERCENT = 50 };
/* A line below is so many times as wide as high. A dot is so many times as wide as the pen at most, and so small. */
enum { UNDERLINE_WIDE_TIMES = 3, DOT_PENS = 2, DOT_PART = 4 };

/* The one with the longest rim: that counts strokes by their length, and a patch of shadow for little. */
static struct part *parts_longest(struct parts *p, bool plain)
{
    struct part *longest = NULL;
    double most = 0;

    for (int i = 1; i < p->n; i++) {
        struct part *part = &p->part[i];
        const double mean = part->area > 0 ? (double)part->mass / (double)part->area : 0;

        if ((plain ? part->kind == PART_PLAIN : part->kind != PART_FRAME) && (double)part->rim * mean * mean > most) {
            most = (double)part->rim * mean * mean;
            longest = part;
        }
    }
    return longest;
}

/* Whether a piece is cut off by an edge at which the other is not, and lies between that edge and the other. */
static bool is_cut_beyond(const struct picture *ink, const struct box *b, const struct box *other)
{
    const int cut = cut_by(ink, b) & ~cut_by(ink, other);

    return (cut & CUT_LEFT && b->x1 <= other->x0) || (cut & CUT_ABOVE && b->y1 <= other->y0) ||
           (cut & CUT_RIGHT && b->x0 >= other->x1) || (cut & CUT_BELOW && b->y0 >= other->y1);
}

/* Where the longest piece may be a neighbour's that the edge cuts off: the longest whole one of about its height. */
static struct part *parts_whole(struct parts *p, const struct picture *ink, struct part *longest)
{
    struct part *whole = longest;

    for (int i = 1; i < p->n && cut_by(ink, &longest->box); i++) {
        struct part *part = &p->part[i];
        const int w = box_width(&part->box), h = box_height(&part->box);

        if (part->area > 0 && part->kind == PART_PLAIN && (whole == longest || part->rim > whole->rim) &&
            cut_by(ink, &part->box) == 0 && 2 * h >= w && 100 * h >= WHOLE_HEIGHT_PERCENT * box_height(&longest->box) &&
            is_cut_beyond(ink, &longest->box, &part->box) && !part_is_paler(part, longest) &&
            !part_is_thicker(part, longest))
            whole = part;
    }
    return whole;
}

/* A plain piece, unless it is a speck beside something of another kind. */
struct part *parts_main(struct parts *p, const struct picture *ink)
{
    struct part *plain = parts_longest(p, true), *any = parts_longest(p, false);

    if (plain != NULL)
        plain = parts_whole(p, ink, plain);
    return plain != NULL && MAIN_PART * box_longest(&plain->box) >= box_longest(&any->box) ? plain : any;
}

/* Whether a scrap is the bar of a 5, over the digit whose box this is. */
static bool is_bar(const struct picture *ink, const struct box *scrap, const struct box *digit)
{
    const bool across = box_width(scrap) >= box_height(scrap);
    const int length = box_longest(scrap), digits = across ? box_width(digit) : box_height(digit);

    return length <= digits * BAR_WIDTH_PERCENT / 100 &&
           100 * length < BAR_PICTURE_PERCENT * (across ? ink->w : ink->h);
}

bool part_is_paler(const struct part *part, const struct part *than)
{
    return 100 * part->mass * than->area < PALE_PERCENT * than->mass * part->area;
}

bool part_is_thicker(const struct part *part, const struct part *than)
{
    return part->area * than->rim > THICK_TIMES * than->area * part->rim;
}

/* A line below the digit, or a full stop, apart from it by more than a dry pen leaves. */
static bool is_mark(const struct part *part, const struct part *main, const struct box *box)
{
    const int w = box_width(&part->box), h = box_height(&part->box), size = box_longest(&main->box);

    if (part->box.y0 >= box->y1 && UNDERLINE_WIDE_TIMES * h <= w && 2 * w >= box_width(&main->box))
        return true;
    return box_longest(&part->box) <= DOT_PENS * part_pen(main) && DOT_PART * box_longest(&part->box) <= size;
}

/* Whether a piece is what the edge has left of a neighbour. */
static bool is_neighbour(const struct picture *ink, const struct part *part, const struct part *main, int gap)
{
    const struct box *b = &part->box, *m = &main->box;

    if (is_cut_beyond(ink, b, m) && (b->x1 <= m->x0 || b->x0 >= m->x1) && 2 * gap > part_pen(main) &&
        100 * box_height(b) >= TALL_PERCENT * box_height(m))
        return true;
    if (CUT_GAP_PART * gap <= box_longest(m))
        return false;
    return (cut_by(ink, b) && !cut_by(ink, m) && CUT_AREA_PART * part->area < main->area) ||
           (is_cut_beyond(ink, b, m) && gap > part_pen(main));
}

bool part_belongs(const struct picture *ink, const struct part *part, const struct part *main, const struct box *box)
{
    const int size = box_longest(&main->box), gap = box_gap(&part->box, box);

    if (SPECK_SIDE_PART * box_longest(&part->box) < size || SPECK_AREA_PART * part->area < main->area)
        return false;
    if (part_is_paler(part, main) || part_is_thicker(part, main))
        return false;
    if (part->kind == PART_SURROUND || part->kind == PART_FRAME)
        return false;
    if (part->kind == PART_SCRAP)
        return GAP_PART * gap <= size && is_bar(ink, &part->box, box);
    if (is_neighbour(ink, part, main, gap))
        return false;
    if (gap > part_pen(main) && is_mark(part, main, box))
        return false;
    return GAP_PART * gap <= size || gap <= part_pen(main);
}
