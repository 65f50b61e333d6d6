/* Queries of the history and of /classify: what is taken is in its range, and the next page's address is one that is
 * taken again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/pictures/pictures.h"
#include "web/api/history_query.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(int good)
{
    if (!good)
        abort();
}

static void check_history(const char *text)
{
    struct history_query q, again;
    struct why why = {""};
    char link[HISTORY_LINK_MAX];

    if (history_query_page(text, &q, &why) != OK) {
        check(why.text[0] != '\0');
        return;
    }
    check(q.limit >= 1 && q.limit <= HISTORY_PAGE_ROWS_MAX && q.before >= 1 && q.digit >= -1 && q.digit <= 9);
    history_query_next(&q, 42, link);
    check(strncmp(link, "history?", 8) == 0 && history_query_page(link + 8, &again, NULL) == OK);
    check(again.before == 42 && again.limit == q.limit && memcmp(&again.filter, &q.filter, sizeof(q.filter)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *text = malloc(n + 1);
    struct pictures_query c;
    struct history_query h;

    check(text != NULL);
    memcpy(text, bytes, n);
    text[n] = '\0';
    check_history(text);
    if (pictures_query_read(text, true, &c, NULL) == OK)
        check((c.save | 1) == 1 && (c.input | 1) == 1 && c.invert >= 0 && c.invert <= 2);
    if (history_query_export(text, &h, NULL) == OK)
        check(h.format >= HISTORY_JSON && h.format <= HISTORY_IDX);
    free(text);
    return 0;
}
