/* Lookups in a table of routes. */
#include "route.h"

#include <string.h>

enum { ID_DIGITS_MAX = 18 }; /* fits in 63 bits */

/* Whether text is a number in canonical form: no sign, no leading zero. */
static bool id_read(const char *text, int64_t *id)
{
    size_t n = strspn(text, "0123456789");

    if (n == 0 || n > ID_DIGITS_MAX || text[n] != '\0' || text[0] == '0')
        return false;
    for (*id = 0; *text != '\0'; text++)
        *id = *id * 10 + (*text - '0');
    return true;
}

static bool path_is(const struct route *row, const char *path, int64_t *id)
{
    const char *brace = strchr(row->path, '{');
    size_t n = brace == NULL ? 0 : (size_t)(brace - row->path);

    *id = 0;
    return brace == NULL ? strcmp(row->path, path) == 0 : strncmp(row->path, path, n) == 0 && id_read(path + n, id);
}

static void allow_add(char allow[ROUTE_ALLOW_MAX], const char *name)
{
    size_t n = strlen(allow);

    if (n > 0 && n < ROUTE_ALLOW_MAX)
        (void)strncat(allow, ", ", ROUTE_ALLOW_MAX - n - 1);
    n = strlen(allow);
    (void)strncat(allow, name, ROUTE_ALLOW_MAX - n - 1);
}

const struct route *route_find(const struct route_table *table, const char *path, enum method method,
                               char allow[ROUTE_ALLOW_MAX], int64_t *id)
{
    allow[0] = '\0';
    for (size_t i = 0; i < table->n; i++) {
        const struct route *row = &table->rows[i];

        if (!path_is(row, path, id))
            continue;
        if (row->method == method || (row->method == METHOD_GET && method == METHOD_HEAD))
            return row;
        allow_add(allow, method_name(row->method));
        if (row->method == METHOD_GET)
            allow_add(allow, method_name(METHOD_HEAD));
    }
    *id = 0;
    return NULL;
}

const char *route_screen(const struct route_table *table, const char *path)
{
    int64_t id;

    for (size_t i = 0; i < table->n; i++)
        if (path_is(&table->rows[i], path, &id) && table->rows[i].screen != NULL)
            return table->rows[i].screen;
    return NULL;
}
