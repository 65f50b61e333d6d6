/* The secrets of browsers and their cookies (RFC 6265; RELIABILITY R52, R57, R62): the session, and the device, which
 * only says that somebody has logged in from this browser before. The database stores only their SHA-256. */
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

/* Makes a new secret, for a session or a device. ERR_IO, like secret_make. */
enum err session_token_make(char token[SESSION_TOKEN_CHARS + 1]);
void session_token_hash(const char *token, size_t n, uint8_t hash[DIGEST_BYTES]);
/* Whether text[n] has the form of a session token. */
bool session_token_shape(const char *text, size_t n);

/* `__Host-digitd_session` over https, otherwise `digitd_session`. A browser accepts the first only with Secure and
 * Path=/, so no other host and no plain-http page can set it. */
const char *session_cookie_name(const struct conf_origin *origin);

/* Finds the token in a Cookie header, looking only at the name in use. ERR_NOT_FOUND: none, or not in the form of a
 * token; ERR_FORMAT: the name occurs twice, which no browser sends by itself. */
enum err session_cookie_read(const char *header, const struct conf_origin *origin, const char **token, size_t *n);

/* The value of a Set-Cookie header that sets or clears the cookie. It has no Max-Age, so it ends with the browser; the
 * server's own limits apply in any case. */
void session_cookie_set(const struct conf_origin *origin, const char *token, char out[SESSION_COOKIE_MAX]);
void session_cookie_clear(const struct conf_origin *origin, char out[SESSION_COOKIE_MAX]);

/* The device's cookie: `__Host-digitd_device` or `digitd_device`, for a year. ERR_NOT_FOUND also if it occurs twice. */
enum err session_device_read(const char *header, const struct conf_origin *origin, const char **token, size_t *n);
void session_device_set(const struct conf_origin *origin, const char *token, char out[SESSION_COOKIE_MAX]);

#endif
