/* One request, read from the CGI parameters that nginx sends (conf/nginx.conf, RFC 3875). Pure: parameters come through
 * a function, so that tests and fuzzers need no socket. */
#ifndef DIGITD_WEB_REQUEST_H
#define DIGITD_WEB_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/err.h"

enum method {
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_OTHER
};

enum { REQUEST_PATH_MAX = 255, REQUEST_ID_MAX = 32 };

struct request {
    enum method method;
    char path[REQUEST_PATH_MAX + 1]; /* begins with '/', without the query; the part below the site's own path */
    char id[REQUEST_ID_MAX + 1];     /* hexadecimal, from nginx's $request_id; made here where it is missing or odd */
    /* Borrowed from the connection until it is finished; "" where absent. */
    const char *query, *content_type, *host, *origin, *sec_fetch_site, *cookie, *authorization, *accept, *user_agent;
    const char *address; /* the client's, as nginx saw it */
    bool has_length;
    size_t length;       /* CONTENT_LENGTH, bytes */
    const uint8_t *body; /* [length], set once it was read */
};

/* Reads the parameters. ERR_FORMAT: no method or path, a control byte, or a CONTENT_LENGTH that is no number;
 * ERR_LIMIT: a path or a header too long. The request is usable for an error reply in any case (id is set). */
enum err request_read(struct request *r, const char *(*param)(const void *ctx, const char *name), const void *ctx);

/* The value of name in the query (application/x-www-form-urlencoded, no decoding: the values we know are plain); NULL
 * when absent. *n is its length. */
const char *request_query(const struct request *r, const char *name, size_t *n);

/* Whether Accept prefers text/html over JSON: a browser's navigation. */
bool request_wants_html(const struct request *r);

#endif
