/* Numbers being written: digits of MNIST or of a drawn hand, one beside the other, with marks, gaps, rows and lines.
 *
 * A sheet is built in three steps: characters and lines are placed (in px of a plane without an edge), number_lay makes
 * the sheet that they fit on, and number_screen or number_photo makes the picture of it. */
#ifndef DIGITD_GOLDEN_NUMBER_H
#define DIGITD_GOLDEN_NUMBER_H

#include "data/idx.h"
#include "kinds.h"

enum { GLYPHS_MAX = 128, LINES_MAX = 128, NUMBER_TEXT_MAX = 512, DIGITS_MAX = 10, MNIST_HEIGHT_PX = 20 };
enum { GLYPH_INK = 64 /* of 255: what a box holds; MNIST's edges are fainter */ };

/* MNIST's digits to write with, by label. */
struct pool {
    struct dataset data;
    uint32_t *index[10]; /* of data */
    size_t n[10];
};

enum half { HALF_BOTH, HALF_A, HALF_B };

/* The digits of the validation split (IDX_SPLIT_SEED), or of the test set. Half a is of the pictures in the first half
 * of MNIST's training file, b of those in the second: other writers (idx.h tells why). Ends the program if it cannot.
 */
void pool_load(struct pool *p, const char *dir, bool test, enum half half);
void pool_free(struct pool *p);

/* Who writes. All but MNIST's are drawn; continental and English hands have their own 1 and 7. */
enum hand { HAND_MNIST, HAND_CONTINENTAL, HAND_ENGLISH, HAND_ANY };

/* A character as ink, cut at it. */
struct glyph {
    char c;       /* '0' to '9' or one of "-.,:/"; '\0': something else, which the text leaves out */
    int mnist;    /* which picture of its file; -1: drawn */
    int row;      /* 0 is the highest */
    uint8_t *ink; /* [h][w], owned */
    int w, h;
    int top; /* px: where its first row belongs, from the baseline down */
    int x, y;
};

struct line {
    float from[2], to[2], width, share;
};

struct number {
    struct job job;
    const struct pool *pool;
    enum hand hand;
    float scale; /* px for one of MNIST's, which has digits 20 px high */
    float turn;  /* radians: the most that a digit of MNIST's is turned */
    float fat;   /* px that strokes are thicker on either side; under 0: thinner */
    float pen;   /* px: of what is drawn */

    /* The row being written: its baseline is base + slope * x + drift * sin(x / wave + phase). */
    float base, slope, drift, wave, phase;
    int row, begun; /* begun: its first glyph */

    int n, n_lines;
    struct glyph g[GLYPHS_MAX];
    struct line line[LINES_MAX];
    char text[NUMBER_TEXT_MAX]; /* \n between rows, \t between the cells of a table's row */

    uint8_t *ink; /* [h][w]: the sheet */
    int w, h;
    float box[GLYPHS_MAX][4]; /* x, y, w, h of each glyph's ink, px of the picture */
};

struct number_kind {
    const char *name;
    void (*make)(struct number *n);
};

extern const struct number_kind number_kinds[]; /* ended by a NULL name */
/* number_people.c: the kinds that are nearest to what people send. */
void number_make_hands(struct number *n);
void number_make_nothing(struct number *n);

/* Whatever is the same for all kinds: scale (px, see above), weight of the strokes. */
void number_begin(struct number *n, float scale);
void number_free(struct number *n);

/* A character c as the number's hand writes it, size times as large; or something else. */
struct glyph glyph_make(struct number *n, char c, float size);
struct glyph glyph_make_other(struct number *n, const char *skeleton, float size);

/* Begins a row whose baseline is y px down. Its characters stand where number_put puts them. */
void number_row(struct number *n, float y);
/* Puts c gap px behind what stands in the row, or at x = gap if nothing does. A box's gap, that is. */
void number_put(struct number *n, char c, float gap, float size);
/* Puts something else, by its skeleton (pen.h), as a character. */
void number_put_other(struct number *n, const char *skeleton, float gap, float size);
/* Puts c so that its ink meets that of the character before and overlaps by over px; under 0: so much is between. */
void number_touch(struct number *n, char c, float over);
/* What the row says besides its characters: a space or a tab. */
void number_say(struct number *n, char c);
/* The right edge of the row so far. */
float number_right(const struct number *n);
void number_line(struct number *n, float x0, float y0, float x1, float y1, float width, float share);

/* The sheet, with so many px of paper beyond the outermost ink: left, top, right, bottom. */
void number_lay(struct number *n, const float margin[4]);
/* As a program draws or saves it: two tones, sharp; dark on light or light on dark. */
void number_screen(struct number *n);
/* As a camera or scanner sees it. ruling: printed on the paper, or NULL. askew: 0 for a camera straight above, 1 for
 * one in a hand. */
void number_photo(struct number *n, const struct ruling *ruling, float askew);

/* A length of a number of digits: 1 to 10, 4 on the average. */
int number_length(struct number *n);
/* A date, a time, a decimal or a negative number, at most 10 digits, as the hand's country has it. */
void number_text(struct number *n, char text[DIGITS_MAX * 2 + 1]);

/* What stands beside numbers: skeletons. What has the shape of a digit (O, I, l, S, g, q) is not among them. */
enum { NUMBER_LETTERS = 24, NUMBER_SIGNS = 10 };
extern const char *const number_letters[NUMBER_LETTERS], *const number_signs[NUMBER_SIGNS];

#endif
