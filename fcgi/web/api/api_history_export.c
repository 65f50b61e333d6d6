/* GET /history/export: the history, or the answers that pass the filters, as one file.
 *
 * CSV for a spreadsheet, without the pictures: a row for each answer. JSON with everything. IDX, the format of MNIST,
 * for training a network: a tar archive of pictures and labels, because two requests could see two states that do not
 * match. There each digit of a number is a picture. The label is the user's, or else what was read; a picture with
 * neither, or whose label says that it shows no digit, or several, is left out: the format has no label for it. The
 * filters hold for the digits of a number, too: checked=1 gives those that somebody has checked.
 *
 * Pitfall: a spreadsheet takes a cell that begins with = + - or @ for a formula, and anybody can choose the name of a
 * picture. A leading apostrophe makes it text (OWASP, "CSV injection"). Where the comma is the decimal separator, a
 * spreadsheet splits cells at semicolons instead and ignores quotes within a cell, so a cell may also begin after each
 * semicolon. */
#include <string.h>

#include "base/clock.h"
#include "files/idx_head.h"
#include "files/tar.h"
#include "account.h"
#include "history.h"
#include "history_query.h"
#include "routes.h"

/* Whether a spreadsheet would take this for a formula: the characters, their full-width forms, and what is skipped
 * before them. */
static bool is_formula(const char *text)
{
    static const char *const marks[] = {"=",           "+", "-", "@", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d",
                                        "\xef\xbc\xa0"};

    text += strspn(text, " '\"");
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (strncmp(text, marks[i], strlen(marks[i])) == 0)
            return true;
    return false;
}

/* RFC 4180 section 2: in quotes, quotes doubled. */
static void csv_text(struct buf *out, const char *text)
{
    bool begins = true;

    (void)buf_add_str(out, "\"");
    for (; *text != '\0'; text++) {
        if (begins && is_formula(text))
            (void)buf_add_str(out, "'");
        begins = *text == ';';
        (void)buf_add_str(out, *text == '"' ? "\"" : "");
        (void)buf_add(out, text, 1);
    }
    (void)buf_add_str(out, "\"");
}

static void csv_digit(struct buf *out, int digit)
{
    if (digit == STORE_HISTORY_NO_DIGIT)
        (void)buf_add_str(out, history_no_digit);
    else if (digit != STORE_HISTORY_NONE)
        (void)buf_add_fmt(out, "%d", digit);
}

/* A text has digits, marks and spaces only: a spreadsheet may take it for a number or a date, but not for a formula
 * that does anything. So it stays as it is: -7 is minus seven. */
static void csv_number_text(struct buf *out, const char *text)
{
    (void)buf_add_fmt(out, "\"%s\"", text);
}

/* The columns digit to corrected_text. */
static void csv_digit_columns(struct buf *out, const struct store_history *row)
{
    csv_digit(out, row->digit);
    (void)buf_add_str(out, ",");
    csv_digit(out, row->label);
    (void)buf_add_fmt(out, ",%.6f,", (double)row->confidence);
    if (row->digit != STORE_HISTORY_NONE)
        csv_digit(out, row->digit);
    (void)buf_add_str(out, ",");
    csv_digit(out, row->label);
}

static void csv_number_columns(struct buf *out, const struct store_number *number)
{
    const char *label = history_number_label(&number->text);

    (void)buf_add_fmt(out, ",,%.6f,", (double)number->confidence);
    csv_number_text(out, number->text.text);
    (void)buf_add_str(out, ",");
    if (label == history_no_digit)
        (void)buf_add_str(out, label);
    else if (label != NULL)
        csv_number_text(out, label);
}

static enum err csv_answer(const struct store_answer *answer, void *ctx)
{
    const struct store_history *row = answer->row;
    const struct store_number *number = answer->number;
    struct buf *out = ctx;
    char time[CLOCK_TEXT_MAX];

    (void)buf_add_fmt(out, "%lld,%s,", (long long)history_answer_id(answer),
                      clock_text(number != NULL ? number->created_at_s : row->created_at_s, time));
    csv_text(out, number != NULL ? number->name : row->name);
    (void)buf_add_fmt(out, ",%s,", history_status_name(number != NULL ? number->status : row->status));
    if (number != NULL)
        csv_number_columns(out, number);
    else
        csv_digit_columns(out, row);
    return buf_add_str(out, "\r\n");
}

static enum err csv_write(struct call *c, const struct store_history_filter *filter, struct buf *out)
{
    (void)buf_add_str(out, "id,created_at,name,status,digit,label,confidence,text,corrected_text\r\n");
    return history_walk(c, filter, csv_answer, out);
}

struct idx_pair {
    struct buf *images, *labels;
    const struct store_history_filter *filter;
};

static enum err idx_put(struct idx_pair *pair, const uint8_t picture[DIGIT_PIXELS], int label)
{
    const uint8_t byte = (uint8_t)label;
    enum err e = buf_add(pair->images, picture, DIGIT_PIXELS);

    return e == OK ? buf_add(pair->labels, &byte, 1) : e;
}

/* The digits of a number, unless nobody knows which of them is which. */
static enum err idx_number(struct idx_pair *pair, const struct store_number *number)
{
    const struct store_history_filter *f = pair->filter;
    enum err e = OK;

    for (int i = 0; e == OK && !number->text.loose && i < number->text.n; i++) {
        const struct number_place *p = &number->text.place[i];
        const int label = p->label == NUMBER_UNCHECKED ? p->digit : p->label;

        if (label <= 9 && (f->digit < 0 || f->digit == label) &&
            (f->checked < 0 || (f->checked == 1) == (p->label != NUMBER_UNCHECKED)))
            e = idx_put(pair, number->digit[i].picture, label);
    }
    return e;
}

static enum err idx_answer(const struct store_answer *answer, void *ctx)
{
    const struct store_history *row = answer->row;
    int label;

    if (answer->number != NULL)
        return idx_number(ctx, answer->number);
    label = row->label != STORE_HISTORY_NONE ? row->label : row->digit;
    if (label == STORE_HISTORY_NONE || label == STORE_HISTORY_NO_DIGIT)
        return OK;
    return idx_put(ctx, row->picture, label);
}

static enum err idx_add(struct buf *tar, const char *name, const struct buf *data, const uint32_t *dims, uint8_t n_dims,
                        int64_t now_s)
{
    struct buf *file = buf_new(HISTORY_EXPORT_BYTES_MAX);
    enum err e;

    if (file == NULL)
        return ERR_NOMEM;
    (void)idx_head_add(file, dims, n_dims);
    e = buf_add(file, buf_data(data), buf_len(data));
    if (e == OK)
        e = tar_add(tar, name, buf_data(file), buf_len(file), now_s);
    buf_free(file);
    return e;
}

static enum err idx_write(struct call *c, const struct store_history_filter *filter, struct buf *out)
{
    struct idx_pair pair = {buf_new(HISTORY_EXPORT_BYTES_MAX), buf_new(HISTORY_EXPORT_BYTES_MAX), filter};
    const int64_t now_s = clock_wall_s();
    uint32_t dims[3] = {0, DIGIT_SIDE_PX, DIGIT_SIDE_PX};
    enum err e = pair.images == NULL || pair.labels == NULL ? ERR_NOMEM : history_walk(c, filter, idx_answer, &pair);

    if (e == OK) {
        dims[0] = (uint32_t)buf_len(pair.labels);
        e = idx_add(out, "train-images-idx3-ubyte", pair.images, dims, 3, now_s);
    }
    if (e == OK)
        e = idx_add(out, "train-labels-idx1-ubyte", pair.labels, dims, 1, now_s);
    if (e == OK)
        e = tar_end(out);
    buf_free(pair.images);
    buf_free(pair.labels);
    return e;
}

static enum err json_export(struct call *c, const struct store_history_filter *filter, struct buf *out)
{
    struct json *v = json_new_object();

    json_set_time(v, "exported_at", clock_wall_s());
    return history_write_json(c, filter, v, out);
}

static const struct {
    const char *type, *disposition;
    enum err (*write)(struct call *c, const struct store_history_filter *filter, struct buf *out);
} formats[] = {
    [HISTORY_JSON] = {"application/json", "attachment; filename=\"digitd-history.json\"", json_export},
    [HISTORY_CSV] = {"text/csv; charset=utf-8", "attachment; filename=\"digitd-history.csv\"", csv_write},
    [HISTORY_IDX] = {"application/x-tar", "attachment; filename=\"digitd-history-idx.tar\"", idx_write},
};

void api_history_export(struct call *c)
{
    struct history_query q;
    struct why why = {""};
    struct buf *out;
    enum err e;

    if (history_query_export(c->req->query, &q, &why) != OK) {
        call_problem(c, PROBLEM_BAD_REQUEST, why.text);
        return;
    }
    call_phase(c, PHASE_DATABASE);
    out = buf_new(HISTORY_EXPORT_BYTES_MAX);
    e = out == NULL ? ERR_NOMEM : formats[q.format].write(c, &q.filter, out);
    if (e != OK) {
        buf_free(out);
        call_store_failed(c, "history_export", e);
        return;
    }
    account_event(c, "history_exported", c->user.id);
    reply_status(c->app->reply, 200);
    reply_header(c->app->reply, "Content-Disposition", formats[q.format].disposition);
    reply_take(c->app->reply, formats[q.format].type, out);
}
