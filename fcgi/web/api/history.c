/* The history as JSON. (Keeping answers in it: history_keep.c.) */
#include "history.h"

#include <string.h>

enum {
    WALK_ROWS = 200,
    JSON_DIGITS = 9,
    /* The longest members as text: a digit's, with its picture and ten probabilities; and all of an answer but for
     * these and its texts, of which a character may take two. */
    DIGIT_BYTES = 1500,
    REST_BYTES = 300
};

_Static_assert(MODEL_CLASSES == (int)STORE_HISTORY_CLASSES, "net and store agree");
_Static_assert(UNSURE_BOTH == (int)STORE_HISTORY_UNSURE_MAX, "net and store agree");
_Static_assert(VERDICT_DIGIT == (int)STORE_HISTORY_DIGIT && VERDICT_UNSURE == (int)STORE_HISTORY_UNSURE &&
                   VERDICT_NOT_A_DIGIT == (int)STORE_HISTORY_NOT_A_DIGIT,
               "net and store agree");

const char *const history_no_digit = "not_a_digit";

const char *history_status_name(enum store_history_status status)
{
    return status == STORE_HISTORY_READ ? numbers_status_name(NUMBERS_READ) : verdict_name((enum verdict)status);
}

int64_t history_answer_id(const struct store_answer *answer)
{
    return answer->number != NULL ? answer->number->id : answer->row->id;
}

static void set_digit(struct json *obj, const char *key, int digit)
{
    if (digit == STORE_HISTORY_NONE)
        json_set_null(obj, key);
    else if (digit == STORE_HISTORY_NO_DIGIT)
        json_set_str(obj, key, history_no_digit);
    else
        json_set_int(obj, key, digit);
}

static void set_row(struct json *obj, const struct store_history *row)
{
    json_set_int(obj, "id", row->id);
    json_set_str(obj, "kind", "digit");
    json_set_time(obj, "created_at", row->created_at_s);
    json_set_str(obj, "name", row->name);
    json_set_str(obj, "status", verdict_name((enum verdict)row->status));
    reading_set_unsure(obj, (enum unsure)(row->unsure_because & UNSURE_BOTH));
    set_digit(obj, "digit", row->digit);
    set_digit(obj, "label", row->label);
    json_set_num(obj, "confidence", (double)row->confidence);
    reading_set_probabilities(obj, row->probabilities);
    reading_set_input(obj, row->picture);
}

static void set_place(struct json *obj, const struct number_place *place, const struct store_number_digit *d,
                      bool unsure)
{
    json_set_int(obj, "row", d->line);
    json_set_int(obj, "digit", place->digit);
    if (place->label == NUMBER_SPLIT)
        json_set_str(obj, "label", place->split);
    else
        set_digit(obj, "label", place->label);
    json_set_num(obj, "confidence", (double)d->confidence);
    json_set_bool(obj, "unsure", unsure);
    reading_set_probabilities(obj, d->probabilities);
    reading_set_box(obj, d->box);
    reading_set_input(obj, d->picture);
}

const char *history_number_label(const struct number_text *t)
{
    return t->checked == 0 ? NULL : t->label[0] == '\0' ? history_no_digit : t->label;
}

static void set_number(struct json *obj, const struct store_number *number, float unsure_below)
{
    const bool unsure = number->status == STORE_HISTORY_UNSURE;
    const char *label = history_number_label(&number->text);
    struct json *digits;

    json_set_int(obj, "id", number->id);
    json_set_str(obj, "kind", "number");
    json_set_time(obj, "created_at", number->created_at_s);
    json_set_str(obj, "name", number->name);
    json_set_str(obj, "status", history_status_name(number->status));
    json_set_str(obj, "text", number->text.text);
    if (label == NULL)
        json_set_null(obj, "label");
    else
        json_set_str(obj, "label", label);
    json_set_num(obj, "confidence", (double)number->confidence);
    digits = json_set_array(obj, "digits");
    for (int i = 0; i < number->text.n; i++) {
        struct json *digit = json_add_object(digits);

        json_set_int(digit, "place", i);
        set_place(digit, &number->text.place[i], &number->digit[i],
                  unsure && number->digit[i].confidence < unsure_below);
    }
}

void history_set_answer(struct json *obj, const struct store_answer *answer, const struct model *model)
{
    if (answer->number != NULL)
        set_number(obj, answer->number, model->unsure_below);
    else
        set_row(obj, answer->row);
}

size_t history_answer_bytes(const struct store_answer *answer)
{
    const struct store_number *number = answer->number;

    if (number == NULL)
        return REST_BYTES + DIGIT_BYTES + 2 * strlen(answer->row->name);
    return REST_BYTES + DIGIT_BYTES * (size_t)number->text.n +
           2 * (strlen(number->name) + strlen(number->text.text) + strlen(number->text.label));
}

enum err history_set_counts(struct call *c, struct json *obj)
{
    struct store_history_counts counts;
    enum err e = store_history_count(c->app->store, c->user.id, &counts);
    struct json *v;

    if (e != OK)
        return e;
    v = json_set_object(obj, "counts");
    json_set_int(v, "kept", counts.kept);
    json_set_int(v, "checked", counts.checked);
    json_set_int(v, "corrected", counts.checked);
    json_set_int(v, "right", counts.right);
    return OK;
}

struct walk {
    enum err (*answer)(const struct store_answer *, void *);
    void *ctx;
    int n; /* answers of this page */
    int64_t last;
    enum err e;
};

static bool walk_answer(const struct store_answer *answer, void *ctx)
{
    struct walk *w = ctx;

    w->n++;
    w->last = history_answer_id(answer);
    w->e = w->answer(answer, w->ctx);
    return w->e == OK;
}

enum err history_walk(struct call *c, const struct store_history_filter *filter,
                      enum err (*answer)(const struct store_answer *, void *), void *ctx)
{
    struct walk w = {.answer = answer, .ctx = ctx, .n = WALK_ROWS, .last = INT64_MAX};
    enum err e = OK;

    while (e == OK && w.e == OK && w.n == WALK_ROWS) {
        w.n = 0;
        e = store_history_each(c->app->store, c->user.id, filter, w.last, WALK_ROWS, walk_answer, &w);
    }
    return e == OK ? w.e : e;
}

struct writing {
    struct json_stream *out;
    const struct model *model;
};

static enum err write_answer(const struct store_answer *answer, void *ctx)
{
    const struct writing *w = ctx;
    struct json_stream *out = w->out;
    struct json *v = json_new_object();

    history_set_answer(v, answer, w->model);
    json_stream_put(out, NULL, v);
    json_free(v);
    return out->e != OK ? out->e : buf_status(out->out);
}

enum err history_write_json(struct call *c, const struct store_history_filter *filter, struct json *v, struct buf *out)
{
    struct json_stream s;
    struct writing w = {.out = &s, .model = c->app->model};
    enum err e, written;

    json_stream_begin(&s, out, JSON_DIGITS);
    json_stream_open_object(&s, NULL);
    json_stream_put_members(&s, v);
    json_stream_open_array(&s, "history");
    e = history_walk(c, filter, write_answer, &w);
    written = json_stream_end(&s);
    json_free(v);
    return e == OK ? written : e;
}
