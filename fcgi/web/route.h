/* Routes and their conditions: a const table (web/api/routes.c). The dispatcher checks these columns, so a handler need
 * not check who is asking, how long the body is, or whether it has the right type. */
#ifndef DIGITD_WEB_ROUTE_H
#define DIGITD_WEB_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "call.h"

enum access {
    ACCESS_ANYONE,
    ACCESS_SESSION, /* a browser that is logged in, never a token */
    ACCESS_TOKEN    /* the same, or an API token with the scope */
};

enum body {
    BODY_NONE,    /* its length is checked, then it is ignored */
    BODY_JSON,    /* application/json */
    BODY_FORM,    /* the same, or application/x-www-form-urlencoded from a plain form on the page */
    BODY_PICTURES /* multipart/form-data or image/... */
};

struct route {
    const char *path;   /* may end in "/{id}", which stands for a number >= 1 */
    enum method method; /* GET also answers HEAD */
    enum access access;
    int scope; /* the STORE_SCOPE_... that a token needs; 0: any token */
    enum body body;
    size_t body_max_bytes;
    enum pool pool;
    bool store;         /* needs the database */
    const char *screen; /* for page_go: where a browser that opens the path is sent; NULL: it gets the JSON */
    void (*handler)(struct call *c);
};

enum { ROUTE_JSON_MAX_BYTES = 8 * 1024, ROUTE_PICTURES_MAX_BYTES = 10 * 1024 * 1024, ROUTE_ALLOW_MAX = 64 };

struct route_table {
    const struct route *rows; /* [n] */
    size_t n;
};

/* Finds the row. If NULL, allow has the methods of the path ("GET, HEAD"), or is empty if the path is unknown. *id is
 * the number in place of {id}, or 0. */
const struct route *route_find(const struct route_table *table, const char *path, enum method method,
                               char allow[ROUTE_ALLOW_MAX], int64_t *id);

/* The screen of a path, for any method; NULL if it has none or the path is unknown. */
const char *route_screen(const struct route_table *table, const char *path);

#endif
