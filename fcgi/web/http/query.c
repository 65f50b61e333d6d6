/* Reads a query, pair by pair. */
#include "query.h"

#include <stdbool.h>
#include <string.h>

const char *const query_no_or_yes[] = {"0", "1", NULL};

enum { NUMBER_DIGITS_MAX = 18 }; /* fits in 63 bits */

/* Which of params has this name; n where none has. */
static size_t param_find(const struct query_param *params, size_t n, const char *name, size_t name_n)
{
    size_t i = 0;

    while (i < n && (strlen(params[i].name) != name_n || memcmp(params[i].name, name, name_n) != 0))
        i++;
    return i;
}

static bool number_read(const char *text, size_t n, int64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *out = *out * 10 + (text[i] - '0');
    }
    return n > 0;
}

/* The index of text[n] in words; -1 if it is none of them. */
static int word_find(const char *const *words, const char *text, size_t n)
{
    for (int i = 0; words[i] != NULL; i++)
        if (strlen(words[i]) == n && memcmp(words[i], text, n) == 0)
            return i;
    return -1;
}

static bool value_take(const struct query_param *p, const char *text, size_t n, char *out)
{
    int64_t number;
    int word;

    if (p->words != NULL) {
        word = word_find(p->words, text, n);
        if (word >= 0)
            *(int *)(void *)(out + p->offset) = word;
        return word >= 0;
    }
    if (n > NUMBER_DIGITS_MAX || !number_read(text, n, &number) || number < p->min || number > p->max)
        return false;
    *(int64_t *)(void *)(out + p->offset) = number;
    return true;
}

enum err query_read(const struct query_param *params, size_t n, const char *query, void *out, struct why *why)
{
    uint64_t seen = 0;

    for (size_t pair_n; *query != '\0'; query += pair_n + (query[pair_n] == '&')) {
        size_t name_n = strcspn(query, "=&"), i = param_find(params, n, query, name_n);

        pair_n = strcspn(query, "&");
        if (i == n)
            continue;
        if ((seen >> i & 1) != 0)
            return err_why(why, ERR_FORMAT, "The parameter %s comes twice.", params[i].name);
        seen |= (uint64_t)1 << i;
        if (name_n == pair_n || !value_take(&params[i], query + name_n + 1, pair_n - name_n - 1, out))
            return err_why(why, ERR_FORMAT, "The parameter %s is %s.", params[i].name, params[i].allowed);
    }
    return OK;
}
