#include "numbers.h"

#include <string.h>

#include "base/base64.h"
#include "base/buf.h"

/* The second surest digit of a picture decides whether it has several: from SEVERAL on it has, below ONE it has not. A
 * digit's confidence is honest, so these are what they say. */
static const float SEVERAL = 0.7F, ONE = 0.3F;
/* A row that is less sure as a whole is unsure, though each of its digits be sure: there may be one more. */
static const float ROW_UNSURE = 0.8F;
enum { STACK_PART = 10 }; /* of a box's side: how far another may reach over it and lie in it */

void numbers_ask(void *ctx, int n, const uint8_t *const inputs[], struct layout_score *scores)
{
    const struct numbers_eye *eye = ctx;

    for (int i = 0; i < n; i++)
        cnn_look(eye->cnn, inputs[i], scores[i].log_probability, &scores[i].digit, eye->scratch);
}

enum err numbers_eye_open(struct numbers_eye *eye, const struct model *m, const struct cnn *cnn, void *scratch,
                          struct why *why)
{
    const char *text = model_meta(m, "numbers_terms");

    *eye = (struct numbers_eye){.cnn = cnn, .scratch = scratch, .terms = layout_terms_default};
    eye->unsure_below = m->unsure_below;
    if (text != NULL && terms_read(&eye->terms, text) != OK)
        return err_why(why, ERR_FORMAT, "numbers_terms is damaged; `digit fit-numbers` makes it anew");
    return OK;
}

const char *numbers_status_name(enum numbers_status status)
{
    static const char *const names[] = {[NUMBERS_READ] = "read",
                                        [NUMBERS_UNSURE] = "unsure",
                                        [NUMBERS_BLANK] = "blank",
                                        [NUMBERS_NO_DIGITS] = "no_digits",
                                        [NUMBERS_TOO_MANY] = "error"};

    return names[status];
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Whether all that was read are single digits over one another, in the box of the one digit that /classify is sure of:
 * a broken 8 is two zeros. */
static bool is_stack(const struct numbers *n, const struct reading *one)
{
    const int *b = one->decoded.steps.box;

    if (one->answer.verdict != VERDICT_DIGIT || n->reading.lines < 2)
        return false;
    for (int i = 0; i < n->reading.lines; i++) {
        const struct layout_line *v = &n->reading.line[i];
        const struct box *in = &n->lattice.candidate[n->reading.sign[v->first].candidate].box;

        if (v->signs != 1 || in->x1 > b[0] + b[2] + b[2] / STACK_PART || in->x0 < b[0] - b[2] / STACK_PART ||
            in->y0 < b[1] - b[3] / STACK_PART || in->y1 > b[1] + b[3] + b[3] / STACK_PART)
            return false;
    }
    return true;
}

static enum numbers_count count(const struct numbers *n, const struct reading *one)
{
    float first = 0, second = 0;

    for (int i = 0; i < n->reading.signs; i++) {
        const struct layout_sign *s = &n->reading.sign[i];

        if (!is_digit(s->text))
            continue;
        if (s->confidence > first) {
            second = first;
            first = s->confidence;
        } else if (s->confidence > second) {
            second = s->confidence;
        }
    }
    if (is_stack(n, one))
        return NUMBERS_ONE;
    if (second >= SEVERAL)
        return NUMBERS_SEVERAL;
    if (one->answer.verdict == VERDICT_NOT_A_DIGIT && first < ONE)
        return NUMBERS_NONE;
    if (second < ONE || one->decoded.steps.unchanged)
        return NUMBERS_ONE;
    return NUMBERS_UNDECIDED;
}

/* Whether there is a mark that is surely one. */
static bool has_mark(const struct layout_reading *r)
{
    for (int i = 0; i < r->signs; i++)
        if (r->sign[i].candidate >= 0 && !is_digit(r->sign[i].text) && r->sign[i].confidence >= SEVERAL)
            return true;
    return false;
}

static enum numbers_status status(const struct numbers *n, const struct reading *one, const struct numbers_eye *eye)
{
    if (one->decoded.steps.blank && n->reading.digits == 0)
        return NUMBERS_BLANK;
    if (n->full || n->reading.digits > LAYOUT_DIGITS_MAX)
        return NUMBERS_TOO_MANY;
    if (n->count == NUMBERS_NONE)
        return NUMBERS_NO_DIGITS;
    if (n->one)
        return one->answer.verdict == VERDICT_DIGIT ? NUMBERS_READ : NUMBERS_UNSURE;
    if (n->count == NUMBERS_UNDECIDED)
        return NUMBERS_UNSURE;
    for (int i = 0; i < n->reading.signs; i++)
        if (is_digit(n->reading.sign[i].text) && n->reading.sign[i].confidence < eye->unsure_below)
            return NUMBERS_UNSURE;
    for (int i = 0; i < n->reading.lines; i++)
        if (n->reading.line[i].confidence < ROW_UNSURE)
            return NUMBERS_UNSURE;
    return NUMBERS_READ;
}

void numbers_judge(struct numbers *n, const struct reading *one, const struct numbers_eye *eye)
{
    n->count = count(n, one);
    n->one = n->count == NUMBERS_ONE && one->answer.verdict != VERDICT_NOT_A_DIGIT &&
             !(n->reading.digits == 1 && has_mark(&n->reading));
    n->status = status(n, one, eye);
}

enum err numbers_read(struct numbers *n, const struct reading *one, struct numbers_eye *eye)
{
    int again = 0;
    enum err e = OK;

    n->full = n->lattice.full != 0;
    if (n->full)
        layout_lattice_clear(&n->lattice);
    e = layout_look(&n->lattice, numbers_ask, eye, &n->looks);
    if (e == OK)
        e = layout_read(&n->lattice, &n->looks, &eye->terms, &n->reading);
    if (e == OK)
        e = layout_look_again(&n->lattice, &n->reading, numbers_ask, eye, &n->looks, &again);
    if (e == OK && again > 0)
        e = layout_read(&n->lattice, &n->looks, &eye->terms, &n->reading);
    if (e != OK)
        return e;
    numbers_judge(n, one, eye);
    layout_table_find(&n->lattice, &n->reading, &n->table);
    return OK;
}

static bool has_text(const struct numbers *n)
{
    return n->status == NUMBERS_READ || n->status == NUMBERS_UNSURE;
}

static void line_text(const struct numbers *n, int line, bool plain, struct buf *out)
{
    const struct layout_line *v = &n->reading.line[line];

    for (int i = v->first; i < v->first + v->signs; i++)
        if (!plain || is_digit(n->reading.sign[i].text))
            (void)buf_add(out, &n->reading.sign[i].text, 1);
}

enum err numbers_text(const struct numbers *n, const struct reading *one, bool plain, struct buf *out)
{
    const char digit = (char)('0' + one->answer.digit);

    if (!has_text(n))
        return OK;
    if (n->one)
        return buf_add(out, &digit, 1);
    for (int i = 0; i < n->reading.lines; i++) {
        if (i > 0)
            (void)buf_add(out, "\n", 1);
        line_text(n, i, plain, out);
    }
    return OK;
}

static void set_box(struct json *o, const char *name, int x, int y, int w, int h)
{
    struct json *list = json_set_array(o, name);

    json_add_int(list, x);
    json_add_int(list, y);
    json_add_int(list, w);
    json_add_int(list, h);
}

static void set_input(struct json *o, const uint8_t input[DIGIT_PIXELS])
{
    char text[BASE64_CHARS(DIGIT_PIXELS) + 1];

    base64_encode(input, DIGIT_PIXELS, text);
    json_set_str(o, "input", text);
}

static void set_digit(struct json *digits, const struct numbers *n, const struct layout_sign *s,
                      const struct numbers_eye *eye, bool inputs)
{
    const struct layout_candidate *c = &n->lattice.candidate[s->candidate];
    const struct box *b = &c->box;
    struct json *o = json_add_object(digits);

    if (is_digit(s->text)) {
        json_set_int(o, "digit", s->text - '0');
        json_set_null(o, "mark");
    } else {
        json_set_null(o, "digit");
        json_set_strn(o, "mark", &s->text, 1);
    }
    json_set_num(o, "confidence", (double)s->confidence);
    json_set_bool(o, "unsure", is_digit(s->text) && s->confidence < eye->unsure_below);
    set_box(o, "box", b->x0, b->y0, b->x1 - b->x0, b->y1 - b->y0);
    if (is_digit(s->text))
        reading_set_probabilities(o, s->probability);
    if (is_digit(s->text) && inputs)
        set_input(o, c->input);
}

static void box_take(struct box *b, const struct box *by)
{
    b->x0 = by->x0 < b->x0 ? by->x0 : b->x0;
    b->y0 = by->y0 < b->y0 ? by->y0 : b->y0;
    b->x1 = by->x1 > b->x1 ? by->x1 : b->x1;
    b->y1 = by->y1 > b->y1 ? by->y1 : b->y1;
}

static enum err set_line(struct json *rows, const struct numbers *n, int line, const struct numbers_eye *eye,
                         bool inputs)
{
    const struct layout_line *v = &n->reading.line[line];
    struct json *o = json_add_object(rows), *digits;
    struct buf *text = buf_new(LAYOUT_SIGNS_MAX);
    struct box box = {INT32_MAX, INT32_MAX, 0, 0};
    enum err e = text == NULL ? ERR_NOMEM : OK;

    if (e == OK) {
        line_text(n, line, false, text);
        json_set_strn(o, "text", buf_data(text), buf_len(text));
    }
    buf_free(text);
    json_set_num(o, "confidence", (double)v->confidence);
    for (int i = v->first; i < v->first + v->signs; i++)
        if (n->reading.sign[i].candidate >= 0)
            box_take(&box, &n->lattice.candidate[n->reading.sign[i].candidate].box);
    set_box(o, "box", box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0);
    digits = json_set_array(o, "digits");
    for (int i = v->first; i < v->first + v->signs; i++)
        if (n->reading.sign[i].candidate >= 0)
            set_digit(digits, n, &n->reading.sign[i], eye, inputs);
    return e;
}

/* /classify's digit, as a row of one. */
static void set_one(struct json *rows, const struct reading *one, bool inputs)
{
    const struct answer *a = &one->answer;
    const int *b = one->decoded.steps.box;
    const char digit = (char)('0' + a->digit);
    struct json *row = json_add_object(rows), *o;

    json_set_strn(row, "text", &digit, 1);
    json_set_num(row, "confidence", (double)a->confidence);
    set_box(row, "box", b[0], b[1], b[2], b[3]);
    o = json_add_object(json_set_array(row, "digits"));
    json_set_int(o, "digit", a->digit);
    json_set_null(o, "mark");
    json_set_num(o, "confidence", (double)a->confidence);
    json_set_bool(o, "unsure", a->verdict == VERDICT_UNSURE);
    set_box(o, "box", b[0], b[1], b[2], b[3]);
    reading_set_probabilities(o, a->probability);
    if (inputs)
        set_input(o, one->decoded.input);
}

int numbers_rows(const struct numbers *n)
{
    return !has_text(n) ? 0 : n->one ? 1 : n->reading.lines;
}

int numbers_columns(const struct numbers *n)
{
    return n->one || n->table.columns == 0 ? 1 : n->table.columns;
}

/* The signs from first on, into cell. */
static void copy_signs(const struct numbers *n, int first, int signs, bool plain, char *cell)
{
    size_t length = 0;

    for (int i = first; i < first + signs; i++)
        if (!plain || is_digit(n->reading.sign[i].text))
            cell[length++] = n->reading.sign[i].text;
    cell[length] = '\0';
}

void numbers_cell(const struct numbers *n, const struct reading *one, int row, int column, bool plain, char *cell)
{
    cell[0] = '\0';
    if (n->one) {
        cell[0] = (char)('0' + one->answer.digit);
        cell[1] = '\0';
    } else if (n->table.columns == 0) {
        copy_signs(n, n->reading.line[row].first, n->reading.line[row].signs, plain, cell);
    } else {
        for (int i = 0; i < n->table.words; i++)
            if (n->table.word[i].line == row && n->table.word[i].column == column)
                copy_signs(n, n->table.word[i].first, n->table.word[i].signs, plain, cell);
    }
}

static void set_cells(struct json *result, const struct numbers *n, const struct reading *one)
{
    struct json *rows = json_set_array(result, "cells");
    char cell[NUMBERS_CELL_MAX];

    for (int row = 0; row < numbers_rows(n); row++) {
        struct json *list = json_add_array(rows);

        for (int column = 0; column < numbers_columns(n); column++) {
            numbers_cell(n, one, row, column, false, cell);
            json_add_str(list, cell);
        }
    }
}

enum err numbers_set(struct json *result, const struct numbers *n, const struct reading *one,
                     const struct numbers_eye *eye, bool inputs)
{
    struct buf *text = buf_new(LAYOUT_SIGNS_MAX + LAYOUT_ROWS_MAX);
    struct json *rows;
    enum err e = text == NULL ? ERR_NOMEM : numbers_text(n, one, false, text);

    json_set_str(result, "name", one->name);
    json_set_str(result, "status", numbers_status_name(n->status));
    if (e == OK)
        json_set_strn(result, "text", buf_data(text), buf_len(text));
    buf_free(text);
    rows = json_set_array(result, "rows");
    if (e == OK && has_text(n) && n->one)
        set_one(rows, one, inputs);
    for (int i = 0; e == OK && has_text(n) && !n->one && i < n->reading.lines; i++)
        e = set_line(rows, n, i, eye, inputs);
    if (e == OK && has_text(n) && !n->one && n->table.columns > 0)
        set_cells(result, n, one);
    reading_set_preprocessing(result, &one->decoded);
    return e;
}
