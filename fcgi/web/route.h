/* What is answered, and on what terms: a const table (web/api/routes.c). A handler never asks who is there, how long
 * the body is, or whether it has the right type: the dispatcher did, from these columns. */
#ifndef DIGITD_WEB_ROUTE_H
#define DIGITD_WEB_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "call.h"

enum access {
    ACCESS_ANYONE,
    ACCESS_SESSION, /* a browser that has logged in: never a token */
    ACCESS_TOKEN    /* the same, or an API token with the scope */
};

enum body {
    BODY_NONE,    /* read for its length, then ignored */
    BODY_JSON,    /* application/json */
    BODY_FORM,    /* the same, or application/x-www-form-urlencoded from a plain form of the page */
    BODY_PICTURES /* multipart/form-data or image/... */
};

struct route {
    const char *path;   /* may end in "/{id}", which stands for a number from 1 on */
    enum method method; /* GET answers HEAD as well */
    enum access access;
    int scope; /* STORE_SCOPE_... that a token needs; 0: any token will do */
    enum body body;
    size_t body_max_bytes;
    enum pool pool;
    bool store;         /* needs the database */
    const char *screen; /* for page_go: where a browser that opens the path goes; NULL: it gets the JSON */
    void (*handler)(struct call *c);
};

enum { ROUTE_JSON_MAX_BYTES = 8 * 1024, ROUTE_PICTURES_MAX_BYTES = 10 * 1024 * 1024, ROUTE_ALLOW_MAX = 64 };

struct route_table {
    const struct route *rows; /* [n] */
    size_t n;
};

/* The row, or NULL: then allow has the methods of the path ("GET, HEAD"), or is empty where the path is unknown. *id is
 * the number that stood for {id}, 0 where there is none. */
const struct route *route_find(const struct route_table *table, const char *path, enum method method,
                               char allow[ROUTE_ALLOW_MAX], int64_t *id);

/* The screen of a path, for any of its methods; NULL where it has none or is unknown. */
const char *route_screen(const struct route_table *table, const char *path);

#endif
