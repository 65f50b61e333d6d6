/* One row for each parameter; and the address of the next page, with the same filters. */
#include "history_query.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "web/http/query.h"

#define MEMBER(m) offsetof(struct history_query, m)

/* In the order of their enums. */
static const char *const status_words[] = {"digit", "unsure", "not_a_digit", "read", NULL};
static const char *const format_words[] = {"json", "csv", "idx", NULL};

#define FILTERS                                                                                                        \
    {"digit", NULL, 0, 9, "a digit from 0 to 9", MEMBER(digit)},                                                       \
        {"checked", query_no_or_yes, 0, 0, "0 or 1", MEMBER(checked)},                                                 \
        {"corrected", query_no_or_yes, 0, 0, "0 or 1", MEMBER(checked)}, /* its older name */                          \
    {                                                                                                                  \
        "status", status_words, 0, 0, "digit, unsure, not_a_digit or read", MEMBER(status)                             \
    }

static const struct query_param page_params[] = {
    FILTERS,
    {"before", NULL, 1, INT64_MAX, "the number of an answer", MEMBER(before)},
    {"limit", NULL, 1, HISTORY_PAGE_ROWS_MAX, "a number from 1 to 100", MEMBER(limit)},
};
static const struct query_param export_params[] = {
    FILTERS,
    {"format", format_words, 0, 0, "json, csv or idx", MEMBER(format)},
};

static enum err read_as(const struct query_param *params, size_t n, const char *query, struct history_query *out,
                        struct why *why)
{
    enum err e;

    memset(out, 0, sizeof(*out));
    out->digit = out->checked = out->status = -1;
    out->before = INT64_MAX;
    out->limit = HISTORY_PAGE_ROWS;
    e = query_read(params, n, query, out, why);
    out->filter = (struct store_history_filter){(int)out->digit, out->checked, out->status};
    return e;
}

enum err history_query_page(const char *query, struct history_query *out, struct why *why)
{
    return read_as(page_params, sizeof(page_params) / sizeof(page_params[0]), query, out, why);
}

enum err history_query_export(const char *query, struct history_query *out, struct why *why)
{
    return read_as(export_params, sizeof(export_params) / sizeof(export_params[0]), query, out, why);
}

static void link_add(char link[HISTORY_LINK_MAX], const char *name, const char *value)
{
    size_t n = strlen(link);

    (void)snprintf(link + n, HISTORY_LINK_MAX - n, "%s%s=%s", strchr(link, '?') == NULL ? "?" : "&", name, value);
}

static void link_add_number(char link[HISTORY_LINK_MAX], const char *name, int64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%" PRId64, value);
    link_add(link, name, text);
}

void history_query_next(const struct history_query *q, int64_t last, char link[HISTORY_LINK_MAX])
{
    (void)snprintf(link, HISTORY_LINK_MAX, "history");
    if (q->digit >= 0)
        link_add_number(link, "digit", q->digit);
    if (q->checked >= 0)
        link_add(link, "checked", query_no_or_yes[q->checked]);
    if (q->status >= 0)
        link_add(link, "status", status_words[q->status]);
    if (q->limit != HISTORY_PAGE_ROWS)
        link_add_number(link, "limit", q->limit);
    link_add_number(link, "before", last);
}
