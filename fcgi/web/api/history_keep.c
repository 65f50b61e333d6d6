/* Keeping the answers of one request in the history. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "history.h"

_Static_assert((int)NUMBER_TEXT_MAX == (int)LAYOUT_SIGNS_MAX + (int)LAYOUT_ROWS_MAX,
               "every text that is read can be kept");
_Static_assert((int)NUMBER_DIGITS_MAX == (int)LAYOUT_DIGITS_MAX && (int)STORE_NUMBER_LINES_MAX == (int)LAYOUT_ROWS_MAX,
               "layout and store agree");

/* The next answer, and a clean row for it. */
static struct store_history *row_next(struct history_keep *keep, const struct reading *r, struct json *result)
{
    struct store_history *row = &keep->rows[keep->n];

    keep->numbers[keep->n] = NULL;
    keep->lost[keep->n] = false;
    keep->results[keep->n++] = result;
    memset(row, 0, sizeof(*row));
    (void)strncat(row->name, r->name, sizeof(row->name) - 1);
    row->label = STORE_HISTORY_NONE;
    return row;
}

void history_keep_add(struct history_keep *keep, const struct reading *r, struct json *result)
{
    const struct answer *answer = &r->answer;
    struct store_history *row = row_next(keep, r, result);

    row->status = (enum store_history_status)answer->verdict;
    row->digit = answer->verdict == VERDICT_NOT_A_DIGIT ? STORE_HISTORY_NONE : answer->digit;
    row->unsure_because = (int)answer->unsure_because;
    row->confidence = answer->confidence;
    memcpy(row->probabilities, answer->probability, sizeof(row->probabilities));
    memcpy(row->picture, r->decoded.input, DIGIT_PIXELS);
}

/* The only digit of a reading in which there is nothing else; NULL: there is more, or less. */
static const struct layout_sign *only_digit(const struct numbers *n)
{
    const struct layout_sign *sign = n->reading.sign;

    return n->reading.signs == 1 && layout_is_digit(sign) ? sign : NULL;
}

/* One digit that the reading found, and /classify did not. */
static void add_found(struct history_keep *keep, const struct numbers *n, const struct layout_sign *sign,
                      const struct reading *one, struct json *result)
{
    struct store_history *row = row_next(keep, one, result);

    row->status = n->status == NUMBERS_READ ? STORE_HISTORY_DIGIT : STORE_HISTORY_UNSURE;
    row->unsure_because = n->status == NUMBERS_READ ? (int)UNSURE_NOT : (int)UNSURE_CONFIDENCE;
    row->digit = sign->text - '0';
    row->confidence = sign->confidence;
    memcpy(row->probabilities, sign->probability, sizeof(row->probabilities));
    memcpy(row->picture, n->lattice.candidate[sign->candidate].input, DIGIT_PIXELS);
}

static void digit_take(const struct numbers *n, const struct layout_sign *sign, int line, struct store_number_digit *to)
{
    const struct layout_candidate *c = &n->lattice.candidate[sign->candidate];

    to->line = line;
    to->box[0] = c->box.x0;
    to->box[1] = c->box.y0;
    to->box[2] = c->box.x1 - c->box.x0;
    to->box[3] = c->box.y1 - c->box.y0;
    to->confidence = sign->confidence;
    memcpy(to->probabilities, sign->probability, sizeof(to->probabilities));
    memcpy(to->picture, c->input, DIGIT_PIXELS);
}

/* NULL: out of memory. */
static struct store_number *number_make(const struct numbers *n, const struct reading *one)
{
    struct buf *text = buf_new(NUMBER_TEXT_MAX);
    struct store_number *number = store_number_new(n->reading.digits);
    int place = 0;

    if (text == NULL || number == NULL || numbers_text(n, one, false, text) != OK ||
        !number_text_read(&number->text, buf_data(text)) || number->text.n != n->reading.digits) {
        buf_free(text);
        free(number);
        return NULL;
    }
    buf_free(text);
    (void)strncat(number->name, one->name, sizeof(number->name) - 1);
    number->status = n->status == NUMBERS_READ ? STORE_HISTORY_READ : STORE_HISTORY_UNSURE;
    number->confidence = numbers_confidence(n, one);
    for (int line = 0; line < n->reading.lines; line++) {
        const struct layout_line *v = &n->reading.line[line];

        for (int i = v->first; i < v->first + v->signs; i++)
            if (layout_is_digit(&n->reading.sign[i]))
                digit_take(n, &n->reading.sign[i], line, &number->digit[place++]);
    }
    return number;
}

void history_keep_add_number(struct history_keep *keep, const struct numbers *n, const struct reading *one,
                             struct json *result)
{
    const struct layout_sign *only = only_digit(n);
    const bool read = n->status == NUMBERS_READ || n->status == NUMBERS_UNSURE;

    if (n->status == NUMBERS_TOO_MANY)
        return;
    if (n->one || !read || n->reading.digits == 0) {
        history_keep_add(keep, one, result);
    } else if (only != NULL) {
        add_found(keep, n, only, one, result);
    } else {
        (void)row_next(keep, one, result);
        keep->numbers[keep->n - 1] = number_make(n, one);
        keep->lost[keep->n - 1] = keep->numbers[keep->n - 1] == NULL;
    }
}

static struct json *not_saved(const struct call *c, enum err e)
{
    char detail[200];
    struct log_line l;

    if (e == ERR_LIMIT) {
        (void)snprintf(detail, sizeof(detail),
                       "The answer is right here, but it was not saved: it has more digits than the history keeps in "
                       "all, %d. Ask the administrator to raise history_max_per_user.",
                       c->app->conf->history_max_per_user);
        return problem_json(c->req, &problems[PROBLEM_OVER_QUOTA], detail);
    }
    log_begin(&l, e == ERR_BUSY ? LOG_WARN : LOG_ERROR, "history_not_saved");
    log_str(&l, "id", c->req->id);
    log_int(&l, "user", c->user.id);
    log_str(&l, "error", err_str(e));
    log_end(&l);
    return problem_json(c->req, &problems[e == ERR_BUSY ? PROBLEM_BUSY : PROBLEM_UNAVAILABLE],
                        "The answer is right here, but it could not be saved to the history.");
}

/* The answers that can be saved, and which they are. *left_out: why others cannot. */
static int answers_take(struct history_keep *keep, int max, struct store_answer *answers, int *which,
                        enum err *left_out)
{
    int n = 0;

    *left_out = OK;
    for (int i = 0; i < keep->n; i++) {
        struct store_number *number = keep->numbers[i];

        if (keep->lost[i] || (number != NULL && number->text.n > max)) {
            *left_out = keep->lost[i] ? ERR_NOMEM : ERR_LIMIT;
            json_set_null(keep->results[i], "id");
            continue;
        }
        answers[n] = (struct store_answer){.row = number == NULL ? &keep->rows[i] : NULL, .number = number};
        which[n++] = i;
    }
    return n;
}

void history_keep_save(struct call *c, struct history_keep *keep, struct json *reply)
{
    const int max = c->app->conf->history_max_per_user;
    struct store_answer answers[STORE_HISTORY_ADD_MAX];
    int which[STORE_HISTORY_ADD_MAX];
    enum err e = OK, left_out;
    const int n = answers_take(keep, max, answers, which, &left_out);

    if (n > 0) {
        call_phase(c, PHASE_DATABASE);
        e = store_history_add(c->app->store, c->user.id, answers, n, max);
    }
    for (int i = 0; i < n; i++) {
        const struct store_answer *a = &answers[i];

        if (e == OK)
            json_set_int(keep->results[which[i]], "id", a->number != NULL ? a->number->id : a->row->id);
        else
            json_set_null(keep->results[which[i]], "id");
    }
    if (e != OK || left_out != OK)
        json_set_own(reply, "not_saved", not_saved(c, e != OK ? e : left_out));
    history_keep_free(keep);
}

void history_keep_free(struct history_keep *keep)
{
    for (int i = 0; i < keep->n; i++)
        free(keep->numbers[i]);
    keep->n = 0;
}
