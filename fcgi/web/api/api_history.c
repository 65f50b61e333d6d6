/* GET and DELETE /history, PATCH and DELETE /history/{id}. (GET /history/export: api_history_export.c.) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "history.h"
#include "history_query.h"
#include "routes.h"

/* What a page's answers may take: nginx buffers replies of up to 512 KiB, and a number of 256 digits takes nearly this.
 * A longer reply would have a slow client hold up the worker. */
enum { PAGE_BYTES_MAX = 400 * 1024 };

/* A page on its way. */
struct page {
    struct json *rows;
    const struct model *model;
    int64_t limit, n, last;
    size_t bytes;
    bool more; /* there is a next one */
};

static bool page_answer(const struct store_answer *answer, void *ctx)
{
    struct page *page = ctx;
    const size_t bytes = history_answer_bytes(answer);

    if (page->n == page->limit || (page->n > 0 && page->bytes + bytes > PAGE_BYTES_MAX)) {
        page->more = true;
        return false;
    }
    page->n++;
    page->bytes += bytes;
    page->last = history_answer_id(answer);
    history_set_answer(json_add_object(page->rows), answer, page->model);
    return true;
}

static void page_reply(struct call *c, const struct history_query *q, const struct page *page, struct json *v)
{
    char link[HISTORY_LINK_MAX], value[HISTORY_LINK_MAX + 16];

    reply_status(c->app->reply, 200);
    if (page->more) {
        history_query_next(q, page->last, link);
        json_set_str(v, "next", link);
        (void)snprintf(value, sizeof(value), "<%s>; rel=\"next\"", link); /* RFC 8288 */
        reply_header(c->app->reply, "Link", value);
    } else {
        json_set_null(v, "next");
    }
    reply_json(c->app->reply, v);
}

void api_history(struct call *c)
{
    struct json *v = json_new_object();
    struct history_query q;
    struct page page = {.rows = json_set_array(v, "history"), .model = c->app->model};
    struct why why = {""};
    enum err e;

    if (history_query_page(c->req->query, &q, &why) != OK) {
        json_free(v);
        call_problem(c, PROBLEM_BAD_REQUEST, why.text);
        return;
    }
    page.limit = q.limit;
    call_phase(c, PHASE_DATABASE);
    e = store_history_each(c->app->store, c->user.id, &q.filter, q.before, (int)q.limit + 1, page_answer,
                           &page); /* one more than asked for: whether there is a next page */
    if (e == OK)
        e = history_set_counts(c, v);
    if (e == OK) {
        page_reply(c, &q, &page, v);
    } else {
        json_free(v);
        call_store_failed(c, "history", e);
    }
}

/* Of what is not this user's, there is none. */
static void reply_failed(struct call *c, const char *what, enum err e)
{
    if (e == ERR_NOT_FOUND)
        call_problem(c, PROBLEM_NOT_FOUND, "This answer is not in your history.");
    else
        call_store_failed(c, what, e);
}

/* false: it is none. */
static bool label_read(const struct field *f, int *label)
{
    *label = STORE_HISTORY_NONE;
    if (f->null)
        return true;
    if (f->text != NULL) {
        *label = STORE_HISTORY_NO_DIGIT;
        return strcmp(f->text, history_no_digit) == 0;
    }
    if (f->number < 0 || f->number > 9)
        return false;
    *label = (int)f->number;
    return true;
}

/* The answer with this id, as it is now. ERR_NOT_FOUND. *number is to be freed. */
static enum err answer_find(struct call *c, struct store_answer *answer, struct store_history *row,
                            struct store_number **number)
{
    enum err e = store_history_find(c->app->store, c->user.id, c->id, row);

    *answer = (struct store_answer){.row = row};
    if (e != ERR_NOT_FOUND)
        return e;
    if (*number == NULL && (*number = store_number_new(NUMBER_DIGITS_MAX)) == NULL)
        return ERR_NOMEM;
    *answer = (struct store_answer){.number = *number};
    return store_number_find(c->app->store, c->user.id, c->id, *number);
}

enum { FIELD_OF_LABEL, FIELD_OF_PLACE, FIELDS };

/* ERR_FORMAT, with a sentence in why. */
static enum err digit_change(struct call *c, const struct field f[FIELDS], struct why *why)
{
    int label;

    if (f[FIELD_OF_PLACE].given)
        return err_why(why, ERR_FORMAT, "This answer is one digit, and has no places. Send the label alone.");
    if (!label_read(&f[FIELD_OF_LABEL], &label))
        return err_why(why, ERR_FORMAT,
                       "The label is a digit from 0 to 9, \"not_a_digit\", or null to take a correction back.");
    return store_history_label(c->app->store, c->user.id, c->id, label);
}

/* The errors of store_number_change. */
static enum err number_change(struct call *c, const struct field f[FIELDS], struct why *why)
{
    const struct field *label = &f[FIELD_OF_LABEL], *place = &f[FIELD_OF_PLACE];
    struct number_change change = {.place = -1};

    if (place->given && (place->number < 0 || place->number >= NUMBER_DIGITS_MAX))
        return err_why(why, ERR_RANGE, "The place is that of a digit, counted from 0: 0 to %d.", NUMBER_DIGITS_MAX - 1);
    if (place->given)
        change.place = (int)place->number;
    if (!label_read(label, &change.label)) {
        change.label = label->text == NULL ? -2 : 0; /* a number that is no digit is no label */
        change.text = label->text;
        change.n = label->n;
    }
    return store_number_change(c->app->store, c->user.id, c->id, &change, why);
}

static void reply_answer(struct call *c, const struct store_answer *answer)
{
    struct json *reply = json_new_object();
    enum err e;

    history_set_answer(json_set_object(reply, "answer"), answer, c->app->model);
    e = history_set_counts(c, reply);
    if (e == OK) {
        reply_status(c->app->reply, 200);
        reply_json(c->app->reply, reply);
    } else {
        json_free(reply);
        reply_failed(c, "history_label", e);
    }
}

void api_history_correct(struct call *c)
{
    struct json *v = NULL;
    struct field f[FIELDS] = {
        [FIELD_OF_LABEL] = {.name = "label", .kind = FIELD_NUMBER_WORD_OR_NULL},
        [FIELD_OF_PLACE] = {.name = "place", .kind = FIELD_NUMBER, .optional = true},
    };
    struct store_number *number = NULL;
    struct store_answer answer;
    struct store_history row;
    struct why why = {""};
    enum err e;

    if (!fields_read(c, &v, f, FIELDS))
        goto out;
    call_phase(c, PHASE_DATABASE);
    e = answer_find(c, &answer, &row, &number);
    if (e == OK)
        e = answer.number == NULL ? digit_change(c, f, &why) : number_change(c, f, &why);
    if (e == OK)
        e = answer_find(c, &answer, &row, &number);
    if (e == OK)
        reply_answer(c, &answer);
    else if (why.text[0] != '\0')
        call_problem(c, e == ERR_DENIED ? PROBLEM_NO_PLACES : PROBLEM_BAD_FIELDS, why.text);
    else
        reply_failed(c, "history_label", e);
out:
    free(number);
    json_free(v);
}

void api_history_drop(struct call *c)
{
    enum err e;

    call_phase(c, PHASE_DATABASE);
    e = store_history_drop(c->app->store, c->user.id, c->id);
    if (e == OK)
        reply_empty(c->app->reply, 204);
    else
        reply_failed(c, "history_drop", e);
}

void api_history_clear(struct call *c)
{
    enum err e;

    call_phase(c, PHASE_DATABASE);
    e = store_history_clear(c->app->store, c->user.id);
    if (e == OK) {
        account_event(c, "history_cleared", c->user.id);
        reply_empty(c->app->reply, 204);
        return;
    }
    call_store_log(c, "history_clear", e);
    call_store_problem(c, e, "Some answers may be deleted, others not. Try again later.");
}
