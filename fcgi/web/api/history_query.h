/* The query of GET /history and GET /history/export. Pure. */
#ifndef DIGITD_WEB_HISTORY_QUERY_H
#define DIGITD_WEB_HISTORY_QUERY_H

#include "store/history/store_history.h"

enum { HISTORY_PAGE_ROWS = 50, HISTORY_PAGE_ROWS_MAX = 100, HISTORY_LINK_MAX = 160 };

enum history_format { HISTORY_JSON, HISTORY_CSV, HISTORY_IDX };

struct history_query {
    int64_t digit, before, limit;
    int checked, status;
    int format; /* enum history_format */
    struct store_history_filter filter;
};

/* Reads query ("" if there is none): digit, checked, status, and before and limit for a page, or format for an
 * export. Ignores other parameters. ERR_FORMAT, like query_read. */
enum err history_query_page(const char *query, struct history_query *out, struct why *why);
enum err history_query_export(const char *query, struct history_query *out, struct why *why);

/* The relative address of the page after row last. */
void history_query_next(const struct history_query *q, int64_t last, char link[HISTORY_LINK_MAX]);

#endif
