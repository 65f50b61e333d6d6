/* Secrets that browsers carry, and the cookies for them (RFC 6265; RELIABILITY R52, R57, R62): the session, and the
 * device, which only says that somebody has signed in from this browser before. The database keeps SHA-256 alone. */
#ifndef DIGITD_WEB_SESSION_H
#define DIGITD_WEB_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/secret.h"
#include "store/store.h"

enum {
    SESSION_TOKEN_CHARS = SECRET_CHARS,
    SESSION_COOKIE_MAX = 160 /* a Set-Cookie value and its NUL */
};

/* A new one, for a session or a device. ERR_IO as secret_make. */
enum err session_token_make(char token[SESSION_TOKEN_CHARS + 1]);
void session_token_hash(const char *token, size_t n, uint8_t hash[DIGEST_BYTES]);
/* Whether text[n] could be one. */
bool session_token_shape(const char *text, size_t n);

/* `__Host-digitd_session` where the site is served over https, else `digitd_session`: a browser keeps the first only
 * with Secure and Path=/, so that no other host and no plain-http page can have set it. */
const char *session_cookie_name(const struct conf_origin *origin);

/* Finds the token in a Cookie header: only the name in use is looked at. ERR_NOT_FOUND: none, or not of the shape of a
 * token; ERR_FORMAT: that name came twice, which no browser does by itself. */
enum err session_cookie_read(const char *header, const struct conf_origin *origin, const char **token, size_t *n);

/* The value of a Set-Cookie header that sets, or clears, the cookie. Without Max-Age: it goes with the browser, and the
 * server's own limits hold in any case. */
void session_cookie_set(const struct conf_origin *origin, const char *token, char out[SESSION_COOKIE_MAX]);
void session_cookie_clear(const struct conf_origin *origin, char out[SESSION_COOKIE_MAX]);

/* The device's: `__Host-digitd_device` or `digitd_device`, for a year. ERR_NOT_FOUND also where it came twice. */
enum err session_device_read(const char *header, const struct conf_origin *origin, const char **token, size_t *n);
void session_device_set(const struct conf_origin *origin, const char *token, char out[SESSION_COOKIE_MAX]);

#endif
