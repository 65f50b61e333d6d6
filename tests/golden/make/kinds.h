/* The kinds of pictures that people send: what to draw on what, seen how, saved as what. */
#ifndef DIGITD_GOLDEN_KINDS_H
#define DIGITD_GOLDEN_KINDS_H

#include "canvas.h"
#include "digits.h"
#include "encode.h"

/* A picture being made. What a kind leaves alone is a PNG, upright. */
struct job {
    struct rng r;
    struct writer writer;
    int label, number; /* which picture of its kind */
    struct canvas canvas;
    enum encode_format format;
    int quality, orientation;
};

struct kind {
    const char *name;
    void (*make)(struct job *j);
};

/* Ended by a NULL name. photos.c has those behind a lens or from a scanner, company.c those whose digit has company or
 * lies in pieces, cells.c cells of forms, faint.c those of hard papers (a name that begins with "blank-": nothing is
 * written there), drawings.c the others. */
extern const struct kind kinds_drawn[], kinds_photographed[], kinds_company[], kinds_cells[], kinds_faint[];

/* Numbers for a job. One call an expression: the order of two would be the compiler's choice. */
float between(struct job *j, float low, float high);
void between_each(struct job *j, float out[3], float low, float high);
int between_int(struct job *j, int low, int high); /* both included */
/* As between, but as many from 1 to 2 as from 2 to 4. */
float between_log(struct job *j, float low, float high);

enum place { PLACE_ANYWHERE, PLACE_MIDDLE, PLACE_EDGE };

/* The job's digit as ink[h][w], size px high or wide with its strokes, in a pen pen_px wide. At the edge, a stroke may
 * lose a third of its width. free() it. */
uint8_t *draw_digit(struct job *j, int w, int h, float size_px, float pen_px, enum place place);

/* A straight stroke onto ink[h][w], as dark as share of full ink. */
void draw_line(uint8_t *ink, int w, int h, const float from[2], const float to[2], float width_px, float share);

#endif
