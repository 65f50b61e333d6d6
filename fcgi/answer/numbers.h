/* The numbers in a picture: the network asked about its lattice, and the result as JSON, the same for the service and
 * the command line. */
#ifndef DIGITD_ANSWER_NUMBERS_H
#define DIGITD_ANSWER_NUMBERS_H

#include "answer/reading.h"
#include "layout/table.h"
#include "layout/terms.h"

/* What reads: shared by all pictures. scratch is of cnn_scratch_new. */
struct numbers_eye {
    const struct cnn *cnn;
    void *scratch;
    struct layout_terms terms;
    float unsure_below; /* a digit that is less sure is unsure */
};

/* A layout_ask; ctx is a struct numbers_eye. */
void numbers_ask(void *ctx, int n, const uint8_t *const inputs[], struct layout_score *scores);

/* Sets the terms to those in the network's file, or the default ones, and unsure_below. ERR_FORMAT where the file's are
 * none, with a line in why. */
enum err numbers_eye_open(struct numbers_eye *eye, const struct model *m, const struct cnn *cnn, void *scratch,
                          struct why *why);

/* How many digits a picture has. */
enum numbers_count {
    NUMBERS_NONE,      /* no digit was found */
    NUMBERS_ONE,       /* one: /classify's answer stands */
    NUMBERS_UNDECIDED, /* one, or several */
    NUMBERS_SEVERAL
};

enum numbers_status { NUMBERS_READ, NUMBERS_UNSURE, NUMBERS_BLANK, NUMBERS_NO_DIGITS, NUMBERS_TOO_MANY };
#define NUMBERS_TOO_MANY_SENTENCE                                                                                      \
    "There is too much in the picture: at most 256 digits are read. Cut it into several pictures."
const char *numbers_status_name(enum numbers_status status); /* "read", "unsure", "blank", "no_digits", "error" */

/* A picture's numbers: some 2 MB, so it is allocated. */
struct numbers {
    struct layout_lattice lattice; /* filled by decoder_read */
    struct layout_looks looks;
    struct layout_reading reading;
    struct layout_table table;
    enum numbers_count count;
    bool full; /* there was more than the limits allow */
    bool one;  /* the answer is /classify's digit, and the reading does not count */
    enum numbers_status status;
};

/* Reads n->lattice. one: what /classify says about the picture: where there is one digit, that answer is taken, as it
 * has had a second look, and the normaliser has chosen the digit's pieces. ERR_NOMEM. */
enum err numbers_read(struct numbers *n, const struct reading *one, struct numbers_eye *eye);

/* The last step of it: sets count, one and status from the reading. */
void numbers_judge(struct numbers *n, const struct reading *one, const struct numbers_eye *eye);

/* ---- the texts; a text has up to NUMBERS_CELL_MAX bytes with its NUL; plain: digits alone, without marks and spaces
 */
enum { NUMBERS_CELL_MAX = LAYOUT_SIGNS_MAX + 1 };

/* Rows and columns: one column where it is no table; no rows where nothing was read. */
int numbers_rows(const struct numbers *n);
int numbers_columns(const struct numbers *n);
void numbers_row(const struct numbers *n, const struct reading *one, int row, bool plain, char *text);
/* Empty where there is nothing. */
void numbers_cell(const struct numbers *n, const struct reading *one, int row, int column, bool plain, char *cell);
/* Appends the text of the whole picture: its rows, joined by \n. */
enum err numbers_text(const struct numbers *n, const struct reading *one, bool plain, struct buf *out);

/* That all rows are right; of one digit, /classify's. */
float numbers_confidence(const struct numbers *n, const struct reading *one);
/* Of one digit as /classify has it; of several UNSURE_CONFIDENCE where the status is unsure. */
enum unsure numbers_unsure_because(const struct numbers *n, const struct reading *one);

/* ---- as JSON */
struct numbers_form {
    bool inputs; /* each digit has its 28x28, too; where there is none, the result has the one that was looked at */
    bool plain;  /* texts have digits alone */
};

/* Sets the members of a result: name, status, unsure_because, text, rows (with boxes in px of the picture as given),
 * cells where it is a table, preprocessing. ERR_NOMEM. */
enum err numbers_set(struct json *result, const struct numbers *n, const struct reading *one,
                     const struct numbers_eye *eye, const struct numbers_form *form);

/* ---- one digit, but for pictures that have several (/classify) */

/* Reads n->lattice, and takes from one->answer what it cannot be: where there may be several digits, one is unsure;
 * where there is too much to tell, it is no digit. A picture that passed the normaliser unchanged is one, and is not
 * read again. ERR_NOMEM. */
enum err numbers_classify(struct numbers *n, struct reading *one, struct numbers_eye *eye);
/* The last step of it, from count and status. */
void numbers_doubt(const struct numbers *n, struct answer *a);
/* Whether that answer is a text, not a digit. */
bool numbers_are_several(const struct numbers *n);
/* Whether it is an unsure digit, and the text is what several there may be. */
bool numbers_may_be_several(const struct numbers *n, const struct answer *a);
/* Sets the members of a result: name, status ("several", too), unsure_because, digit, confidence, probabilities, text
 * (null but of several digits, or where there may be several), preprocessing. ERR_NOMEM. */
enum err numbers_set_classified(struct json *result, const struct numbers *n, const struct reading *one);

#endif
