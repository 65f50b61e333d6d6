/* A picture's numbers as JSON. html/openapi.json describes it. */
#include "base/buf.h"
#include "numbers.h"

static void set_corners(struct json *o, const struct box *b)
{
    reading_set_box(o, (const int[]){b->x0, b->y0, b->x1 - b->x0, b->y1 - b->y0});
}

static void add_sign(struct json *digits, const struct numbers *n, const struct layout_sign *s,
                     const struct numbers_eye *eye, bool inputs)
{
    const struct layout_candidate *c = &n->lattice.candidate[s->candidate];
    const struct box *b = &c->box;
    struct json *o = json_add_object(digits);

    if (layout_is_digit(s)) {
        json_set_int(o, "digit", s->text - '0');
        json_set_null(o, "mark");
    } else {
        json_set_null(o, "digit");
        json_set_strn(o, "mark", &s->text, 1);
    }
    json_set_num(o, "confidence", (double)s->confidence);
    json_set_bool(o, "unsure", layout_is_digit(s) && s->confidence < eye->unsure_below);
    set_corners(o, b);
    if (layout_is_digit(s))
        reading_set_probabilities(o, s->probability);
    if (layout_is_digit(s) && inputs)
        reading_set_input(o, c->input);
}

static void box_take(struct box *b, const struct box *by)
{
    b->x0 = by->x0 < b->x0 ? by->x0 : b->x0;
    b->y0 = by->y0 < b->y0 ? by->y0 : b->y0;
    b->x1 = by->x1 > b->x1 ? by->x1 : b->x1;
    b->y1 = by->y1 > b->y1 ? by->y1 : b->y1;
}

/* The rest of a row, after its text. */
static void set_row(struct json *row, const struct numbers *n, const struct layout_line *v,
                    const struct numbers_eye *eye, bool inputs)
{
    struct box box = {INT32_MAX, INT32_MAX, 0, 0};
    struct json *digits;

    json_set_num(row, "confidence", (double)v->confidence);
    for (int i = v->first; i < v->first + v->signs; i++)
        if (n->reading.sign[i].candidate >= 0)
            box_take(&box, &n->lattice.candidate[n->reading.sign[i].candidate].box);
    set_corners(row, &box);
    digits = json_set_array(row, "digits");
    for (int i = v->first; i < v->first + v->signs; i++)
        if (n->reading.sign[i].candidate >= 0)
            add_sign(digits, n, &n->reading.sign[i], eye, inputs);
}

/* The same of a row that is /classify's digit. */
static void set_row_of_one(struct json *row, const struct reading *one, bool inputs)
{
    const struct answer *a = &one->answer;
    const int *b = one->decoded.steps.box;
    struct json *o;

    json_set_num(row, "confidence", (double)a->confidence);
    reading_set_box(row, b);
    o = json_add_object(json_set_array(row, "digits"));
    json_set_int(o, "digit", a->digit);
    json_set_null(o, "mark");
    json_set_num(o, "confidence", (double)a->confidence);
    json_set_bool(o, "unsure", a->verdict == VERDICT_UNSURE);
    reading_set_box(o, b);
    reading_set_probabilities(o, a->probability);
    if (inputs)
        reading_set_input(o, one->decoded.input);
}

static void set_rows(struct json *result, const struct numbers *n, const struct reading *one,
                     const struct numbers_eye *eye, const struct numbers_form *form)
{
    struct json *rows = json_set_array(result, "rows");
    char text[NUMBERS_CELL_MAX];

    for (int i = 0; i < numbers_rows(n); i++) {
        struct json *row = json_add_object(rows);

        numbers_row(n, one, i, form->plain, text);
        json_set_str(row, "text", text);
        if (n->one)
            set_row_of_one(row, one, form->inputs);
        else
            set_row(row, n, &n->reading.line[i], eye, form->inputs);
    }
}

static void set_cells(struct json *result, const struct numbers *n, const struct reading *one, bool plain)
{
    struct json *rows = json_set_array(result, "cells");
    char cell[NUMBERS_CELL_MAX];

    for (int row = 0; row < numbers_rows(n); row++) {
        struct json *list = json_add_array(rows);

        for (int column = 0; column < numbers_columns(n); column++) {
            numbers_cell(n, one, row, column, plain, cell);
            json_add_str(list, cell);
        }
    }
}

/* The member text. */
static enum err set_text(struct json *result, const struct numbers *n, const struct reading *one, bool plain)
{
    struct buf *text = buf_new(LAYOUT_SIGNS_MAX + LAYOUT_ROWS_MAX);
    enum err e = text == NULL ? ERR_NOMEM : numbers_text(n, one, plain, text);

    if (e == OK)
        json_set_strn(result, "text", buf_data(text), buf_len(text));
    buf_free(text);
    return e;
}

enum err numbers_set(struct json *result, const struct numbers *n, const struct reading *one,
                     const struct numbers_eye *eye, const struct numbers_form *form)
{
    enum err e;

    json_set_str(result, "name", one->name);
    json_set_str(result, "status", numbers_status_name(n->status));
    reading_set_unsure(result, numbers_unsure_because(n, one));
    e = set_text(result, n, one, form->plain);
    set_rows(result, n, one, eye, form);
    if (numbers_columns(n) > 1 && numbers_rows(n) > 0)
        set_cells(result, n, one, form->plain);
    if (form->inputs && numbers_rows(n) == 0)
        reading_set_input(result, one->decoded.input);
    reading_set_preprocessing(result, &one->decoded);
    return e;
}

enum err numbers_set_classified(struct json *result, const struct numbers *n, const struct reading *one)
{
    const bool several = numbers_are_several(n);
    enum err e = OK;

    json_set_str(result, "name", one->name);
    if (several) {
        json_set_str(result, "status", "several");
        reading_set_unsure(result, UNSURE_NOT);
        json_set_null(result, "digit");
        json_set_num(result, "confidence", (double)numbers_confidence(n, one));
        json_set_null(result, "probabilities");
    } else {
        reading_set_answer(result, &one->answer);
    }
    if (several || numbers_may_be_several(n, &one->answer))
        e = set_text(result, n, one, false);
    else
        json_set_null(result, "text");
    reading_set_preprocessing(result, &one->decoded);
    return e;
}
