/* Reads several digits: from the ink of a whole picture to rows of numbers. The room's public header, with lattice.h
 * for the first half, terms.h for who fits, and table.h.
 *
 * Reading has two halves, with a plain struct between them, so that each may run in a process of its own:
 *
 *     layout_find   picture -> lattice    pixels and geometry: pieces of ink, rows, places to cut, candidates
 *     layout_look,
 *     layout_read   lattice -> reading    the network's answers, the best way through each row, marks, spaces,
 * confidence
 *
 * It is the idea of LeCun et al. 1998, section V (heuristic over-segmentation): cut wherever a cut may be, have the
 * network judge all that lies between cuts, and let dynamic programming choose. Nothing here knows the network: its
 * answers come through a callback. All is bounded, and pure but for memory. */
#ifndef DIGITD_LAYOUT_LAYOUT_H
#define DIGITD_LAYOUT_LAYOUT_H

#include "lattice.h"

/* What the network says about a candidate. */
struct layout_score {
    float log_probability[LAYOUT_CLASSES]; /* of each digit, if it is one */
    float digit;                           /* the rejection score, less the one below which a picture is doubted */
};

/* Asks the network about n pictures at once. */
typedef void layout_ask(void *ctx, int n, const uint8_t *const inputs[], struct layout_score *scores);

/* What it has been asked. */
struct layout_looks {
    int32_t n; /* candidates that it looked at */
    uint8_t seen[LAYOUT_CANDIDATES_MAX];
    struct layout_score score[LAYOUT_CANDIDATES_MAX]; /* of those seen */
};

/* A digit or a mark of a reading. */
struct layout_sign {
    int32_t candidate;                 /* of the lattice; -1: a space */
    char text;                         /* '0' to '9', '-', '.', ',', ':', '/', ' ' */
    float confidence;                  /* 0 to 1: that this stands here */
    float probability[LAYOUT_CLASSES]; /* of a digit, sums to 1 */
};

static inline bool layout_is_digit(const struct layout_sign *s)
{
    return s->text >= '0' && s->text <= '9';
}

struct layout_line {
    int32_t row; /* of the lattice */
    int32_t first, signs, digits;
    float confidence;           /* that it is right as a whole, but for spaces */
    float runner_up;            /* the same of the next best reading */
    int32_t other, other_signs; /* that reading, in other[], without spaces */
};

enum { LAYOUT_SIGNS_MAX = 2 * LAYOUT_ATOMS_MAX };

struct layout_reading {
    int32_t lines, signs, digits, others;
    struct layout_line line[LAYOUT_ROWS_MAX];
    struct layout_sign sign[LAYOUT_SIGNS_MAX];
    char other[LAYOUT_ATOMS_MAX];
    uint8_t doubtful[LAYOUT_CANDIDATES_MAX]; /* 1: a digit that may stand there, or may not */
};

struct layout_terms; /* terms.h */

/* The network's answers: first about all that is not cut, then about the cuts of what is not plainly one digit. l is
 * one that layout_lattice_check accepts. Only ERR_NOMEM. */
enum err layout_look(const struct layout_lattice *l, layout_ask *ask, void *ctx, struct layout_looks *out);

/* A second look where it decides something: each doubtful candidate of the reading is seen again moved, turned,
 * leaning, smaller and larger, and the mean counts from then on. Returns how many were. The reading is then to be made
 * anew. Only ERR_NOMEM. */
enum err layout_look_again(const struct layout_lattice *l, const struct layout_reading *reading, layout_ask *ask,
                           void *ctx, struct layout_looks *looks, int *again);

/* The best reading of it. Only ERR_NOMEM. */
enum err layout_read(const struct layout_lattice *l, const struct layout_looks *looks, const struct layout_terms *terms,
                     struct layout_reading *out);

/* Whether all there is are three signs, of which the first and the last were read as ones and may be brackets. */
bool layout_has_brackets(const struct layout_lattice *l, const struct layout_reading *reading);

#endif
