/* The table, and looking things up in it. */
#include "route.h"

#include <string.h>

#define NO_BODY  BODY_NONE, ROUTE_JSON_MAX_BYTES
#define JSON     BODY_JSON, ROUTE_JSON_MAX_BYTES
#define PICTURES BODY_PICTURES, ROUTE_PICTURES_MAX_BYTES

/* clang-format off */
const struct route routes[] = {
    /* path        method       access          body      pool         store  screen      handler */
    {"/signup",   METHOD_POST, ACCESS_ANYONE,  JSON,     POOL_HASH,   true,  "./#signup", api_signup},
    {"/login",    METHOD_POST, ACCESS_ANYONE,  JSON,     POOL_HASH,   true,  "./#login",  api_login},
    {"/logout",   METHOD_POST, ACCESS_SESSION, NO_BODY,  POOL_MAIN,   true,  "./#read",   api_logout},
    {"/session",  METHOD_GET,  ACCESS_SESSION, NO_BODY,  POOL_MAIN,   true,  "./#read",   api_session},
    {"/classify", METHOD_POST, ACCESS_SESSION, PICTURES, POOL_MAIN,   true,  "./#read",   api_classify},
    {"/model",    METHOD_GET,  ACCESS_ANYONE,  NO_BODY,  POOL_MAIN,   false, "./#model",  api_model},
    {"/healthz",  METHOD_GET,  ACCESS_ANYONE,  NO_BODY,  POOL_HEALTH, false, NULL,        api_healthz},
    {"/readyz",   METHOD_GET,  ACCESS_ANYONE,  NO_BODY,  POOL_HEALTH, false, NULL,        api_readyz},
};
/* clang-format on */
const size_t n_routes = sizeof(routes) / sizeof(routes[0]);

static void allow_add(char allow[ROUTE_ALLOW_MAX], const char *name)
{
    size_t n = strlen(allow);

    if (n > 0 && n < ROUTE_ALLOW_MAX)
        (void)strncat(allow, ", ", ROUTE_ALLOW_MAX - n - 1);
    n = strlen(allow);
    (void)strncat(allow, name, ROUTE_ALLOW_MAX - n - 1);
}

const struct route *route_find(const char *path, enum method method, char allow[ROUTE_ALLOW_MAX])
{
    allow[0] = '\0';
    for (size_t i = 0; i < n_routes; i++) {
        const struct route *row = &routes[i];

        if (strcmp(row->path, path) != 0)
            continue;
        if (row->method == method || (row->method == METHOD_GET && method == METHOD_HEAD))
            return row;
        allow_add(allow, method_name(row->method));
        if (row->method == METHOD_GET)
            allow_add(allow, method_name(METHOD_HEAD));
    }
    return NULL;
}

const char *route_screen(const char *path)
{
    for (size_t i = 0; i < n_routes; i++)
        if (strcmp(routes[i].path, path) == 0 && routes[i].screen != NULL)
            return routes[i].screen;
    return NULL;
}
