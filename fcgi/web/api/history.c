/* The history as JSON, and keeping answers in it. */
#include "history.h"

#include <string.h>

#include "base/base64.h"
#include "base/log.h"

enum { WALK_ROWS = 200, JSON_DIGITS = 9 };

_Static_assert(MODEL_CLASSES == (int)STORE_HISTORY_CLASSES, "net and store agree");
_Static_assert(UNSURE_BOTH == (int)STORE_HISTORY_UNSURE_MAX, "net and store agree");
_Static_assert(VERDICT_DIGIT == (int)STORE_HISTORY_DIGIT && VERDICT_UNSURE == (int)STORE_HISTORY_UNSURE &&
                   VERDICT_NOT_A_DIGIT == (int)STORE_HISTORY_NOT_A_DIGIT,
               "net and store agree");

const char *const history_no_digit = "not_a_digit";

static void set_digit(struct json *obj, const char *key, int digit)
{
    if (digit == STORE_HISTORY_NONE)
        json_set_null(obj, key);
    else if (digit == STORE_HISTORY_NO_DIGIT)
        json_set_str(obj, key, history_no_digit);
    else
        json_set_int(obj, key, digit);
}

void history_set_row(struct json *obj, const struct store_history *row)
{
    char text[BASE64_CHARS(DIGIT_PIXELS) + 1];

    json_set_int(obj, "id", row->id);
    json_set_time(obj, "created_at", row->created_at_s);
    json_set_str(obj, "name", row->name);
    json_set_str(obj, "status", verdict_name((enum verdict)row->status));
    reading_set_unsure(obj, (enum unsure)(row->unsure_because & UNSURE_BOTH));
    set_digit(obj, "digit", row->digit);
    set_digit(obj, "label", row->label);
    json_set_num(obj, "confidence", (double)row->confidence);
    reading_set_probabilities(obj, row->probabilities);
    base64_encode(row->picture, DIGIT_PIXELS, text);
    json_set_str(obj, "input", text);
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
    enum err (*row)(const struct store_history *, void *);
    void *ctx;
    int n; /* rows of this page */
    int64_t last;
    enum err e;
};

static bool walk_row(const struct store_history *row, void *ctx)
{
    struct walk *w = ctx;

    w->n++;
    w->last = row->id;
    w->e = w->row(row, w->ctx);
    return w->e == OK;
}

enum err history_walk(struct call *c, const struct store_history_filter *filter,
                      enum err (*row)(const struct store_history *, void *), void *ctx)
{
    struct walk w = {.row = row, .ctx = ctx, .n = WALK_ROWS, .last = INT64_MAX};
    enum err e = OK;

    while (e == OK && w.e == OK && w.n == WALK_ROWS) {
        w.n = 0;
        e = store_history_each(c->app->store, c->user.id, filter, w.last, WALK_ROWS, walk_row, &w);
    }
    return e == OK ? w.e : e;
}

static enum err write_row(const struct store_history *row, void *ctx)
{
    struct json_stream *out = ctx;
    struct json *v = json_new_object();

    history_set_row(v, row);
    json_stream_put(out, NULL, v);
    json_free(v);
    return out->e != OK ? out->e : buf_status(out->out);
}

enum err history_write_json(struct call *c, const struct store_history_filter *filter, struct json *v, struct buf *out)
{
    struct json_stream s;
    enum err e, written;

    json_stream_begin(&s, out, JSON_DIGITS);
    json_stream_open_object(&s, NULL);
    json_stream_put_members(&s, v);
    json_stream_open_array(&s, "history");
    e = history_walk(c, filter, write_row, &s);
    written = json_stream_end(&s);
    json_free(v);
    return e == OK ? written : e;
}

void history_keep_add(struct history_keep *keep, const struct reading *r, struct json *result)
{
    const struct answer *answer = &r->answer;
    struct store_history *row = &keep->rows[keep->n];

    keep->results[keep->n++] = result;
    memset(row, 0, sizeof(*row));
    (void)strncat(row->name, r->name, sizeof(row->name) - 1);
    row->status = (enum store_history_status)answer->verdict;
    row->digit = answer->verdict == VERDICT_NOT_A_DIGIT ? STORE_HISTORY_NONE : answer->digit;
    row->label = STORE_HISTORY_NONE;
    row->unsure_because = (int)answer->unsure_because;
    row->confidence = answer->confidence;
    memcpy(row->probabilities, answer->probability, sizeof(row->probabilities));
    memcpy(row->picture, r->decoded.input, DIGIT_PIXELS);
}

static struct json *not_saved(const struct call *c, enum err e)
{
    struct log_line l;

    log_begin(&l, e == ERR_BUSY ? LOG_WARN : LOG_ERROR, "history_not_saved");
    log_str(&l, "id", c->req->id);
    log_int(&l, "user", c->user.id);
    log_str(&l, "error", err_str(e));
    log_end(&l);
    return problem_json(c->req, &problems[e == ERR_BUSY ? PROBLEM_BUSY : PROBLEM_UNAVAILABLE],
                        "The answer is right here, but it could not be saved to the history.");
}

void history_keep_save(struct call *c, struct history_keep *keep, struct json *reply)
{
    enum err e;

    if (keep->n == 0)
        return;
    call_phase(c, PHASE_DATABASE);
    e = store_history_add(c->app->store, c->user.id, keep->rows, keep->n, c->app->conf->history_max_per_user);
    for (int i = 0; i < keep->n; i++) {
        if (e == OK)
            json_set_int(keep->results[i], "id", keep->rows[i].id);
        else
            json_set_null(keep->results[i], "id");
    }
    if (e != OK)
        json_set_own(reply, "not_saved", not_saved(c, e));
}
