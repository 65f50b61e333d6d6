/* The table, and looking things up in it. */
#include "route.h"

#include <string.h>

#include "store/store_account.h"

#define NO_BODY  BODY_NONE, ROUTE_JSON_MAX_BYTES
#define JSON     BODY_JSON, ROUTE_JSON_MAX_BYTES
#define FORM     BODY_FORM, ROUTE_JSON_MAX_BYTES
#define PICTURES BODY_PICTURES, ROUTE_PICTURES_MAX_BYTES
#define ANYONE   ACCESS_ANYONE
#define SESSION  ACCESS_SESSION
#define TOKEN    ACCESS_TOKEN
#define NO_SCOPE 0
#define CLASSIFY STORE_SCOPE_CLASSIFY
#define HISTORY  STORE_SCOPE_HISTORY

/* clang-format off */
const struct route routes[] = {
    /* path                    method         access   scope     body      pool         store  screen        handler */
    {"/signup",                METHOD_POST,   ANYONE,  NO_SCOPE, FORM,     POOL_HASH,   true,  "./#signup",  api_signup},
    {"/login",                 METHOD_POST,   ANYONE,  NO_SCOPE, FORM,     POOL_HASH,   true,  "./#login",   api_login},
    {"/logout",                METHOD_POST,   SESSION, NO_SCOPE, NO_BODY,  POOL_MAIN,   true,  "./#read",    api_logout},
    {"/session",               METHOD_GET,    TOKEN,   NO_SCOPE, NO_BODY,  POOL_MAIN,   true,  "./#read",    api_session},
    {"/site",                  METHOD_GET,    ANYONE,  NO_SCOPE, NO_BODY,  POOL_MAIN,   false, "./#read",    api_site},
    {"/account",               METHOD_GET,    SESSION, NO_SCOPE, NO_BODY,  POOL_MAIN,   true,  "./#account", api_account},
    {"/account",               METHOD_DELETE, SESSION, NO_SCOPE, JSON,     POOL_HASH,   true,  "./#account", api_account_delete},
    {"/account/password",      METHOD_POST,   SESSION, NO_SCOPE, JSON,     POOL_HASH,   true,  "./#account", api_password_change},
    {"/account/forgot",        METHOD_POST,   ANYONE,  NO_SCOPE, JSON,     POOL_MAIN,   true,  "./#forgot",  api_password_forgot},
    {"/account/reset",         METHOD_POST,   ANYONE,  NO_SCOPE, JSON,     POOL_HASH,   true,  "./#login",   api_password_reset},
    {"/account/confirm",       METHOD_POST,   ANYONE,  NO_SCOPE, JSON,     POOL_HASH,   true,  "./#login",   api_confirm},
    {"/account/sessions",      METHOD_GET,    SESSION, NO_SCOPE, NO_BODY,  POOL_MAIN,   true,  "./#account", api_sessions},
    {"/account/sessions",      METHOD_DELETE, SESSION, NO_SCOPE, NO_BODY,  POOL_MAIN,   true,  "./#account", api_sessions_end},
    {"/account/sessions/{id}", METHOD_DELETE, SESSION, NO_SCOPE, NO_BODY,  POOL_MAIN,   true,  "./#account", api_session_end},
    {"/account/tokens",        METHOD_GET,    SESSION, NO_SCOPE, NO_BODY,  POOL_MAIN,   true,  "./#account", api_tokens},
    {"/account/tokens",        METHOD_POST,   SESSION, NO_SCOPE, JSON,     POOL_MAIN,   true,  "./#account", api_token_make},
    {"/account/tokens/{id}",   METHOD_DELETE, SESSION, NO_SCOPE, NO_BODY,  POOL_MAIN,   true,  "./#account", api_token_revoke},
    {"/account/export",        METHOD_GET,    SESSION, NO_SCOPE, NO_BODY,  POOL_MAIN,   true,  NULL,         api_account_export},
    {"/classify",              METHOD_POST,   TOKEN,   CLASSIFY, PICTURES, POOL_MAIN,   true,  "./#read",    api_classify},
    {"/history",               METHOD_GET,    TOKEN,   HISTORY,  NO_BODY,  POOL_MAIN,   true,  "./#history", api_history},
    {"/history",               METHOD_DELETE, TOKEN,   HISTORY,  NO_BODY,  POOL_MAIN,   true,  "./#history", api_history_clear},
    {"/history/{id}",          METHOD_PATCH,  TOKEN,   HISTORY,  JSON,     POOL_MAIN,   true,  "./#history", api_history_correct},
    {"/history/{id}",          METHOD_DELETE, TOKEN,   HISTORY,  NO_BODY,  POOL_MAIN,   true,  "./#history", api_history_drop},
    {"/history/export",        METHOD_GET,    TOKEN,   HISTORY,  NO_BODY,  POOL_MAIN,   true,  NULL,         api_history_export},
    {"/model",                 METHOD_GET,    ANYONE,  NO_SCOPE, NO_BODY,  POOL_MAIN,   false, "./#model",   api_model},
    {"/healthz",               METHOD_GET,    ANYONE,  NO_SCOPE, NO_BODY,  POOL_HEALTH, false, NULL,         api_healthz},
    {"/readyz",                METHOD_GET,    ANYONE,  NO_SCOPE, NO_BODY,  POOL_HEALTH, false, NULL,         api_readyz},
    {"/metrics",               METHOD_GET,    ANYONE,  NO_SCOPE, NO_BODY,  POOL_HEALTH, false, NULL,         api_metrics},
};
/* clang-format on */
const size_t n_routes = sizeof(routes) / sizeof(routes[0]);

enum { ID_DIGITS_MAX = 18 }; /* fits in 63 bits */

/* Whether text is a number as it is printed: no sign, no zero in front. */
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

const struct route *route_find(const char *path, enum method method, char allow[ROUTE_ALLOW_MAX], int64_t *id)
{
    allow[0] = '\0';
    for (size_t i = 0; i < n_routes; i++) {
        const struct route *row = &routes[i];

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

const char *route_screen(const char *path)
{
    int64_t id;

    for (size_t i = 0; i < n_routes; i++)
        if (path_is(&routes[i], path, &id) && routes[i].screen != NULL)
            return routes[i].screen;
    return NULL;
}
