/* What a candidate is worth as a digit or a mark, in nats: a small network of its own on the digit network's answers
 * and on what was measured. Its numbers are fitted to a network of digits (weights/train/measure/numbers_fit.h), so
 * they stand in that network's file; a file without them gets those of the network that digitd comes with. */
#ifndef DIGITD_LAYOUT_TERMS_H
#define DIGITD_LAYOUT_TERMS_H

#include "layout.h"

enum {
    LAYOUT_MARKS = 5,
    LAYOUT_NOTHING = LAYOUT_CLASSES + LAYOUT_MARKS, /* a letter, a blot: it gives no text */
    LAYOUT_LABELS,                                  /* what a candidate may be read as */
    TERMS_INPUTS = LAYOUT_MEASURES + 5,
    TERMS_HIDDEN = 32,
    TERMS_SKIP = 4
};

/* All float, so that it is an array of numbers as well. */
struct buf;

struct layout_terms {
    float hidden[TERMS_HIDDEN][TERMS_INPUTS], bias[TERMS_HIDDEN], label[LAYOUT_LABELS][TERMS_HIDDEN];
    float own[TERMS_HIDDEN]; /* times the log-probability of the label itself, as terms_own has it; 0 for marks */
    float out[TERMS_HIDDEN], label_out[LAYOUT_LABELS];
    float trust;            /* times the log-probability of a digit */
    float skip[TERMS_SKIP]; /* of an atom that is left out: by itself, by ink, by height, where it is tall */
};
enum { TERMS_NUMBERS = sizeof(struct layout_terms) / sizeof(float) };

extern const char layout_label_chars[LAYOUT_LABELS + 1]; /* "0123456789-.,:/", and no character for nothing */
extern const struct layout_terms layout_terms_default;

/* What the small network sees of a candidate. All finite, and about -3 to 3. */
void terms_inputs(const struct layout_candidate *c, const struct layout_score *s, float x[TERMS_INPUTS]);

/* What it sees besides of a label: how probable the network finds it, about -3 to 0. */
float terms_own(const struct layout_score *s, int label);

/* Whether a candidate may be read as this label at all. */
bool terms_may_be(const struct layout_candidate *c, const struct layout_score *s, int label);

/* What it is worth as each label; -INFINITY where it may not be that. hidden (may be NULL) gets the hidden units of
 * each label. */
void terms_values(const struct layout_terms *t, const struct layout_candidate *c, const struct layout_score *s,
                  float value[LAYOUT_LABELS], float hidden[LAYOUT_LABELS][TERMS_HIDDEN]);

/* What skip[] is multiplied with, for an atom. */
void terms_skip_inputs(const struct layout_atom *a, float x[TERMS_SKIP]);
float terms_skip(const struct layout_terms *t, const struct layout_atom *a);

/* As text, a JSON array, and back. ERR_FORMAT if it is no array of TERMS_NUMBERS finite numbers up to a million. */
enum err terms_write(const struct layout_terms *t, struct buf *out);
enum err terms_read(struct layout_terms *t, const char *text);

#endif
