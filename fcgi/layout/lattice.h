/* The first half of reading several digits: a picture becomes a lattice of everything that may be a digit.
 *
 * A row is a chain of atoms, from left to right: pieces of ink, or parts of a piece that was cut. Between them are
 * nodes. A candidate is the ink from one node to a later one, with its 28x28. Which candidates are digits is decided
 * later, for the row as a whole (layout.h). */
#ifndef DIGITD_LAYOUT_LATTICE_H
#define DIGITD_LAYOUT_LATTICE_H

#include "normalise/normalise.h"

enum {
    LAYOUT_CANDIDATES_MAX = 2048, /* of a picture */
    LAYOUT_DIGITS_MAX = 256,      /* of a picture */
    LAYOUT_ATOMS_MAX = 1024,
    LAYOUT_ROWS_MAX = 64,
    LAYOUT_CLASSES = 10
};

/* What is measured of a candidate. Lengths are in heights of its row's digits, so that the size of the picture does
 * not matter; all are finite. */
enum layout_measure {
    LAYOUT_HEIGHT,
    LAYOUT_WIDTH,
    LAYOUT_MIDDLE,    /* how far its middle lies below the row's */
    LAYOUT_CUT_LEFT,  /* ink that the cut goes through, as a length; 0 where it ends by itself */
    LAYOUT_CUT_RIGHT, /* on the other side */
    LAYOUT_INSIDE,    /* the widest gap between its atoms; negative: they overlap */
    LAYOUT_GAP_LEFT,  /* to the ink before it; 1 where there is none, or it is farther away */
    LAYOUT_GAP_RIGHT,
    LAYOUT_INK,    /* area, in squares of the height */
    LAYOUT_ATOMS,  /* how many it has, less one */
    LAYOUT_SLANT,  /* how far its strokes lean to the right, of their height: 1 at 45 degrees */
    LAYOUT_FILL,   /* the part of its box that is ink */
    LAYOUT_PIECES, /* of ink that hangs together */
    LAYOUT_BORDER, /* 1: it reaches the picture's border, which may have cut it off */
    LAYOUT_MEASURES
};

struct layout_candidate {
    int32_t row, from, to; /* nodes of its row, from < to */
    int32_t cut;           /* 1: at least one of its ends is a cut; looked at only where the whole piece is no digit */
    struct box box;        /* px of the raster that the picture came from */
    float measure[LAYOUT_MEASURES];
    uint8_t input[DIGIT_PIXELS]; /* [28][28], as for a single digit */
};

/* The ink between node i and node i + 1 of a row. */
struct layout_atom {
    int32_t group; /* which piece of ink of the row it belongs to: atoms of one number touch */
    int32_t wall;  /* 1: a line between cells ran down before it */
    float ink;     /* area, in squares of the row's height: what it costs to leave it out */
    float height;  /* in heights of the row */
};

struct layout_row {
    int32_t first_atom, atoms; /* it has atoms + 1 nodes */
    int32_t first, candidates; /* in order of from, then to */
    float height_px;           /* of its digits, in px of the raster */
    struct box box;
};

/* Fixed size, without pointers: it can lie in shared memory, and layout_lattice_check accepts any bytes. */
struct layout_lattice {
    int32_t rows, atoms, candidates;
    int32_t full;          /* there was more than the limits allow: pieces were left out */
    int32_t width, height; /* px, of the raster */
    struct layout_row row[LAYOUT_ROWS_MAX];
    struct layout_atom atom[LAYOUT_ATOMS_MAX];
    struct layout_candidate candidate[LAYOUT_CANDIDATES_MAX];
};

/* Finds everything that may be a digit. p is in PICTURE_DARKENING, before lines (normalise_run_until); it is not
 * changed. Only ERR_NOMEM, and ERR_RANGE for another state. A refused picture has no rows. */
enum err layout_find(const struct picture *p, struct layout_lattice *out);
/* The same, with less work for who has run p to PICTURE_INK already: where nothing is taken off the page here, that is
 * the page's ink. NULL: not known. */
enum err layout_find_beside(const struct picture *p, const struct picture *ink, struct layout_lattice *out);

/* A picture that is one digit, as MNIST has it: one candidate. box: x, y, width, height. */
void layout_single(const uint8_t input[DIGIT_PIXELS], const int box[4], struct layout_lattice *out);

/* Sets the numbers of everything to 0, and leaves the rest. */
void layout_lattice_clear(struct layout_lattice *l);

/* Whether a lattice holds together: every index and number in range. Any bytes may be given. */
bool layout_lattice_check(const struct layout_lattice *l);

/* Copies a lattice out of memory that somebody else may be writing to, and checks the copy. If it does not hold
 * together, the copy is cleared, and false returned. */
bool layout_lattice_take(const struct layout_lattice *from, struct layout_lattice *to);

/* How many bytes, from its start, a lattice that has been checked uses. */
size_t layout_lattice_bytes(const struct layout_lattice *l);

#endif
