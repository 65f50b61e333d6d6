/* One request, read from the CGI parameters that nginx sends (conf/nginx, RFC 3875): REQUEST_METHOD, DOCUMENT_URI
 * (decoded and normalised by nginx, without the query), QUERY_STRING, CONTENT_TYPE, CONTENT_LENGTH, REMOTE_ADDR,
 * REQUEST_ID; DIGITD_ASK and DIGITD_LENGTH from the gate; and the headers as HTTP_HOST, HTTP_ORIGIN ... Pure:
 * parameters come through a function, so that tests and fuzzers need no socket. */
#ifndef DIGITD_WEB_REQUEST_H
#define DIGITD_WEB_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

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

#define REQUEST_FORM_TYPE "application/x-www-form-urlencoded"

enum { REQUEST_PATH_MAX = 255, REQUEST_ID_MAX = 32, REQUEST_HEADER_MAX = 8 * 1024 };

struct request {
    enum method method;
    char path[REQUEST_PATH_MAX + 1]; /* begins with '/', without the query */
    char id[REQUEST_ID_MAX + 1];     /* hexadecimal, from nginx's $request_id; generated here if missing or malformed */
    /* Borrowed from the connection until it is finished; "" if missing. */
    const char *query, *content_type, *host, *origin, *sec_fetch_site, *cookie, *authorization, *accept, *user_agent;
    const char *account; /* Digitd-Account: whom the client believes it speaks for */
    const char *address; /* the client's, as seen by nginx */
    bool ask;            /* the gate asks whose it is (web/ask.h) */
    bool has_length;
    size_t length;       /* CONTENT_LENGTH, bytes; SIZE_MAX if the number does not fit */
    const uint8_t *body; /* [length], set after it has been read */
};

/* Reads the parameters. ERR_FORMAT: no method or path, a control character, or a CONTENT_LENGTH that is not a number;
 * ERR_LIMIT: a path or header that is too long. Even then the request can be used for an error reply: id is set, and
 * only body is NULL. */
enum err request_read(struct request *r, const char *(*param)(const void *ctx, const char *name), const void *ctx);

/* Removes the site's own path ("/digits/") from the start of the path, if a proxy has left it there. */
void request_strip_path(struct request *r, const char *site_path);

/* Whether the media type in Content-Type, ignoring its parameters, is type ("application/json"); "image/" stands for
 * any subtype. */
bool request_type_is(const struct request *r, const char *type);

/* GET, HEAD, OPTIONS (RFC 9110 section 9.2.1). */
bool method_is_safe(enum method method);
const char *method_name(enum method method); /* "OTHER" for METHOD_OTHER */

/* Whether Accept prefers text/html over JSON: a browser's navigation, or a form sent without scripts. */
bool request_wants_html(const struct request *r);

#endif
