/* One row a parameter. Values are compared as they stand: those that we know need no percent-encoding. */
#include "classify_query.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "../image/report.h"

static const char *const no_or_yes[] = {"0", "1", NULL};

static const struct {
    const char *name;
    const char *const *words; /* words[value] */
    const char *allowed;
    size_t offset;
} params[] = {
    {"input", no_or_yes, "0 or 1", offsetof(struct classify_query, input)},
    {"steps", no_or_yes, "0 or 1", offsetof(struct classify_query, steps)},
    {"invert", report_invert_words, "auto, yes or no", offsetof(struct classify_query, invert)},
    {"center", report_center_words, "mass, box or none", offsetof(struct classify_query, center)},
};
enum { PARAMS = sizeof(params) / sizeof(params[0]) };

/* name[n] in the table; PARAMS where it is none of ours. */
static int param_find(const char *name, size_t n)
{
    int i = 0;

    while (i < PARAMS && (strlen(params[i].name) != n || memcmp(params[i].name, name, n) != 0))
        i++;
    return i;
}

enum err classify_query_read(const char *query, struct classify_query *out, struct why *why)
{
    bool seen[PARAMS] = {false};

    memset(out, 0, sizeof(*out));
    for (size_t pair_n; *query != '\0'; query += pair_n + (query[pair_n] == '&')) {
        size_t name_n = strcspn(query, "=&");
        int i = param_find(query, name_n), value;

        pair_n = strcspn(query, "&");
        if (i == PARAMS)
            continue;
        if (seen[i])
            return err_why(why, ERR_FORMAT, "The parameter %s comes twice.", params[i].name);
        seen[i] = true;
        value = name_n == pair_n ? -1 : report_word(params[i].words, query + name_n + 1, pair_n - name_n - 1);
        if (value < 0)
            return err_why(why, ERR_FORMAT, "The parameter %s is %s.", params[i].name, params[i].allowed);
        *(int *)(void *)((char *)out + params[i].offset) = value;
    }
    return OK;
}
