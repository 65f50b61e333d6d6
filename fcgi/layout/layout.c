/* The first half of reading: a picture to a lattice. */
#include "lattice.h"

#include <stdlib.h>
#include <string.h>

#include "layout_parts.h"

/* One more than a lattice has: it says that there was more. */
enum { ROWS_MAX = LAYOUT_ROWS_MAX + 1 };

/* By the normaliser's threshold alone, without the lines stage before it. known: as of layout_find_beside; where that
 * stage found no line, it is the same. */
static enum err to_ink(const struct picture *from, const struct picture *known, struct picture *p)
{
    const bool same = known != NULL && !known->lined;
    const enum err e = picture_clone(same ? known : from, p);

    if (e != OK || same)
        return e;
    for (int i = 0; i < NORMALISE_STAGES; i++)
        if (normalise_stages[i].from == PICTURE_DARKENING && normalise_stages[i].to == PICTURE_INK)
            return normalise_run_stage(&normalise_stages[i], p, NULL);
    return ERR_RANGE;
}

/* The pieces of a picture in PICTURE_DARKENING, and its ink. No pieces: it is refused. */
static enum err see(const struct picture *p, const struct picture *known, struct picture *ink,
                    struct ink_pieces *pieces)
{
    enum err e = to_ink(p, known, ink);

    if (e == OK && ink->refusal == NORMALISE_NOT_REFUSED) {
        const int sure = ink->threshold;

        ink->threshold = sure / 2; /* a faint line hangs together here */
        e = ink_pieces_find(pieces, ink);
        ink->threshold = sure;
    }
    return e;
}

static void forget(struct picture *ink, struct ink_pieces *pieces)
{
    ink_pieces_free(pieces);
    picture_free(ink);
    *ink = (struct picture){0};
}

/* Where plates and frames are is seen in the ink, but they are taken off before: the normaliser's lines stage, which
 * comes next, would take some of their lines and leave the others, which look like ones. */
static enum err prepare(struct picture *p, const struct picture *known, struct walls *walls)
{
    struct picture ink = {0};
    struct ink_pieces pieces = {0};
    enum err e = see(p, known, &ink, &pieces);
    bool any = false;

    if (e == OK)
        e = plates_turn(p, &pieces, &any);
    if (e == OK && any) {
        forget(&ink, &pieces);
        e = see(p, NULL, &ink, &pieces);
    }
    if (e == OK && pieces.n > 0)
        e = frames_erase(p, &ink, &pieces, walls);
    forget(&ink, &pieces);
    return e;
}

static enum err add_rows(const struct page *page, const struct row *rows, int n, struct layout_lattice *out)
{
    enum err e = OK;

    for (int i = 0; e == OK && i < n && !out->full; i++)
        e = lattice_add(page, &rows[i], i, out);
    return e;
}

/* Where there is too much, once more with fewer cuts: a page of 256 digits has room for no others. */
static enum err find(const struct picture *ink, const struct walls *walls, struct layout_lattice *out)
{
    struct page page = {0};
    struct row *rows = malloc(ROWS_MAX * sizeof(*rows));
    enum err e = rows == NULL ? ERR_NOMEM : page_take(&page, ink);
    int n = 0;

    page.walls = walls;
    if (e == OK)
        e = bars_drop(&page);
    if (e == OK)
        e = rows_find(&page, rows, ROWS_MAX, &n);
    if (e == OK)
        e = add_rows(&page, rows, n, out);
    if (e == OK && out->full && n < ROWS_MAX) {
        const int w = out->width, h = out->height;

        layout_lattice_clear(out);
        out->width = w;
        out->height = h;
        page.crowded = true;
        e = add_rows(&page, rows, n, out);
    }
    free(rows);
    page_free(&page);
    return e;
}

/* The ink of a page of which plates and frames have been taken off in levelled. */
static enum err find_in(struct picture *levelled, const struct picture *p, const struct picture *known,
                        const struct walls *walls, struct layout_lattice *out)
{
    const struct picture *ink = levelled;
    enum err e = OK;

    if (known != NULL && memcmp(levelled->px, p->px, picture_pixels(p)) == 0)
        ink = known; /* nothing was erased */
    else
        e = normalise_run_until(levelled, PICTURE_INK, NULL);
    return e == OK && ink->refusal == NORMALISE_NOT_REFUSED ? find(ink, walls, out) : e;
}

enum err layout_find_beside(const struct picture *p, const struct picture *known, struct layout_lattice *out)
{
    struct picture levelled = {0};
    struct walls *walls = NULL;
    enum err e;

    layout_lattice_clear(out);
    out->width = p->in.w;
    out->height = p->in.h;
    if (p->state != PICTURE_DARKENING)
        return ERR_RANGE;
    walls = calloc(1, sizeof(*walls));
    e = walls == NULL ? ERR_NOMEM : picture_clone(p, &levelled);
    if (e == OK)
        e = prepare(&levelled, known, walls);
    if (e == OK)
        e = find_in(&levelled, p, known, walls, out);
    free(walls);
    picture_free(&levelled);
    return e;
}

enum err layout_find(const struct picture *p, struct layout_lattice *out)
{
    return layout_find_beside(p, NULL, out);
}
