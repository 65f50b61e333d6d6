/* Shared by the files of this room only. Each uses only those before it: pieces.c (their height), ink.c (pieces of
 * ink), plates.c, frame_lines.c and frames.c (what is taken off before), bars.c (lines between cells), rows.c (which
 * pieces stand in a row), cuts.c (where a piece may be cut), spans.c (the ink between two cuts), lattice.c
 * (candidates), layout.c (the first half as a whole). */
#ifndef DIGITD_LAYOUT_LAYOUT_PARTS_H
#define DIGITD_LAYOUT_LAYOUT_PARTS_H

#include "normalise/tools/straight.h"
#include "lattice.h"

enum { PIECES_MAX = 20000, ROW_PIECES_MAX = 512 };

/* Ink that hangs together. */
struct piece {
    struct box box; /* of sure ink, px of the page */
    int area;       /* px of sure ink */
    int row, group; /* which it stands in, as rows_find has it; -1: none */
    bool gone;      /* a speck, a line, a frame */
};

/* All pieces of a picture in PICTURE_INK, at its own scale: 8-connected sure ink. Free it also after an error. */
struct ink_pieces {
    int w, h, n;         /* pieces are numbered from 1 to n - 1 */
    int *label;          /* [h][w]: number of a piece; 0: none */
    struct piece *piece; /* [n] */
};
enum err ink_pieces_find(struct ink_pieces *ink, const struct picture *p);
void ink_pieces_free(struct ink_pieces *ink);

/* The height in the middle of all pieces that are not gone, each counted by its square, or less if it is thinner than a
 * 1: specks are many, but small. -1: out of memory. */
int pieces_usual_height(const struct piece *piece, int n);
/* The same of some of them: which[n]. */
int pieces_usual_height_of(const struct piece *piece, const int *which, int n);

/* Makes light digits on dark plates ink, and what lies round a sheet none, in p (in PICTURE_DARKENING), of which the
 * pieces are given. any: whether something changed. */
enum err plates_turn(struct picture *p, const struct ink_pieces *pieces, bool *any);

/* Where lines ran down between cells, px of the picture: at y, a wall is at x + slope * y. */
enum { WALLS_MAX = 512 };
struct wall {
    double x, slope;
    int y0, y1;
};
struct walls {
    int n;
    struct wall wall[WALLS_MAX];
};

/* Straight lines through the box of a piece of ink: as straight_find, in a copy k times smaller where k is over 1, so
 * that thick lines are thin, then fitted to the view (only ERR_NOMEM); those of n that have ink nearly all along, and
 * how many; the mean width of all strokes in a view. */
enum err frame_lines_find(const struct view *ink, int k, struct line lines[STRAIGHT_MAX], int *n);
int frame_lines_keep(const struct view *ink, struct line *lines, int n);
double frame_stroke_width(const struct view *ink);

/* Sets cells and frames round digits to 0, in p (in PICTURE_DARKENING) and its ink, of which the pieces are given. */
enum err frames_erase(struct picture *p, struct picture *ink, const struct ink_pieces *pieces, struct walls *walls);

/* The ink of a picture at the scale that the room works at. */
struct page {
    int w, h, scale;        /* px; each is scale x scale px of the raster, */
    int raster_w, raster_h; /* which has so many */
    int sure;               /* ink of at least this is certain */
    uint8_t *px;            /* [h][w] */
    int *label; /* [h][w]: number of a piece, from 1 on; soft edges belong to the piece that they surround */
    int n;      /* pieces are numbered from 1 to n - 1 */
    struct piece *piece;
    int height;                /* of a usual digit, px */
    int shrunk;                /* each px is so many px of the picture across and down */
    const struct walls *walls; /* px of the picture */
    bool crowded;              /* cut only what is too wide for one digit */
};

/* Takes the ink of p, finds its pieces and removes lines, frames and specks. page_free also after an error. */
enum err page_take(struct page *page, const struct picture *p);
void page_free(struct page *page);
/* Measures its pieces, and the usual height, anew. */
void page_measure(struct page *page);

/* Drops lines between cells that stand by themselves. Only ERR_NOMEM. */
enum err bars_drop(struct page *page);

/* The pieces of a row, from left to right. A group is one or more pieces that stand over one another. */
struct group {
    struct box box;
    int n, piece[8];
    int area;
};
struct row {
    int n;
    struct group group[ROW_PIECES_MAX];
    double height;        /* of its digits, px of the page */
    double middle, slope; /* the row's middle at x is middle + slope * x */
};
/* Finds the rows, from the top down; at most max. Sets row and group of each piece. */
enum err rows_find(struct page *page, struct row *rows, int max, int *n);

/* Cuts through a group, from left to right; the cheapest ones, where there are more than most. */
enum { CUTS_MAX = 24 };
struct cut {
    int16_t *x;  /* [height of the group's box]: the first px of the right side, from the left of the box */
    int sum;     /* of all x */
    double ink;  /* that it goes through, px of full ink */
    double cost; /* by which cuts compete */
};
struct cuts {
    int n;
    struct cut cut[CUTS_MAX];
    int16_t *x; /* owned */
};
enum err cuts_find(const struct page *page, const struct group *g, double height, int most, struct cuts *out);
void cuts_free(struct cuts *c);

/* Makes the atoms and candidates of a row. */
enum err lattice_add(const struct page *page, const struct row *row, int number, struct layout_lattice *out);

#endif
