/* GET and DELETE /history, PATCH and DELETE /history/{id}. (GET /history/export: api_history_export.c.) */
#include <stdio.h>
#include <string.h>

#include "account.h"
#include "history.h"
#include "history_query.h"
#include "routes.h"

/* A page on its way. */
struct page {
    struct json *rows;
    int64_t limit, n, last;
};

static bool page_row(const struct store_history *row, void *ctx)
{
    struct page *page = ctx;

    if (page->n++ == page->limit)
        return false; /* one more than asked for: there is a next page */
    page->last = row->id;
    history_set_row(json_add_object(page->rows), row);
    return true;
}

static void page_reply(struct call *c, const struct history_query *q, const struct page *page, struct json *v)
{
    char link[HISTORY_LINK_MAX], value[HISTORY_LINK_MAX + 16];

    reply_status(c->app->reply, 200);
    if (page->n > page->limit) {
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
    struct page page = {.rows = json_set_array(v, "history")};
    struct why why = {""};
    enum err e;

    if (history_query_page(c->req->query, &q, &why) != OK) {
        json_free(v);
        call_problem(c, PROBLEM_BAD_REQUEST, why.text);
        return;
    }
    page.limit = q.limit;
    call_phase(c, PHASE_DATABASE);
    e = store_history_each(c->app->store, c->user.id, &q.filter, q.before, (int)q.limit + 1, page_row, &page);
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

void api_history_correct(struct call *c)
{
    struct json *v = NULL, *reply;
    struct field f[] = {{.name = "label", .kind = FIELD_NUMBER_WORD_OR_NULL}};
    struct store_history row;
    int label;
    enum err e;

    if (!fields_read(c, &v, f, 1))
        goto out;
    if (!label_read(&f[0], &label)) {
        call_problem(c, PROBLEM_BAD_FIELDS,
                     "The label is a digit from 0 to 9, \"not_a_digit\", or null to take a correction back.");
        goto out;
    }
    call_phase(c, PHASE_DATABASE);
    e = store_history_label(c->app->store, c->user.id, c->id, label);
    if (e == OK)
        e = store_history_find(c->app->store, c->user.id, c->id, &row);
    reply = json_new_object();
    if (e == OK)
        history_set_row(json_set_object(reply, "answer"), &row);
    if (e == OK)
        e = history_set_counts(c, reply);
    if (e == OK) {
        reply_status(c->app->reply, 200);
        reply_json(c->app->reply, reply);
    } else {
        json_free(reply);
        reply_failed(c, "history_label", e);
    }
out:
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
