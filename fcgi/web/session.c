/* Makes tokens; writes and reads the cookies. */
#include "session.h"

#include <stdio.h>
#include <string.h>

#define DEVICE_MAX_AGE_S "31536000" /* a year; browsers cap it at 400 days */

enum err session_token_make(char token[SESSION_TOKEN_CHARS + 1])
{
    return secret_make(token);
}

void session_token_hash(const char *token, size_t n, uint8_t hash[DIGEST_BYTES])
{
    digest_sha256(token, n, hash);
}

const char *session_cookie_name(const struct conf_origin *origin)
{
    return origin->https ? "__Host-digitd_session" : "digitd_session";
}

static const char *device_cookie_name(const struct conf_origin *origin)
{
    return origin->https ? "__Host-digitd_device" : "digitd_device";
}

bool session_token_shape(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'A' && text[i] <= 'Z') ||
              (text[i] >= 'a' && text[i] <= 'z') || text[i] == '-' || text[i] == '_'))
            return false;
    return n == SESSION_TOKEN_CHARS;
}

static enum err cookie_read(const char *header, const char *name, const char **token, size_t *n)
{
    const char *found = NULL;
    size_t name_n = strlen(name), found_n = 0;

    *token = NULL;
    *n = 0;
    for (const char *p = header; *p != '\0';) {
        size_t pair_n;

        p += strspn(p, " \t;");
        pair_n = strcspn(p, ";");
        if (pair_n > name_n && p[name_n] == '=' && memcmp(p, name, name_n) == 0) {
            if (found != NULL)
                return ERR_FORMAT;
            found = p + name_n + 1;
            found_n = strcspn(found, "; \t");
        }
        p += pair_n;
    }
    if (found == NULL || !session_token_shape(found, found_n))
        return ERR_NOT_FOUND;
    *token = found;
    *n = found_n;
    return OK;
}

enum err session_cookie_read(const char *header, const struct conf_origin *origin, const char **token, size_t *n)
{
    return cookie_read(header, session_cookie_name(origin), token, n);
}

enum err session_device_read(const char *header, const struct conf_origin *origin, const char **token, size_t *n)
{
    return cookie_read(header, device_cookie_name(origin), token, n) == OK ? OK : ERR_NOT_FOUND;
}

/* max_age: "; Max-Age=..." or "". */
static void cookie_write(const struct conf_origin *origin, const char *name, const char *value, const char *max_age,
                         char out[SESSION_COOKIE_MAX])
{
    (void)snprintf(out, SESSION_COOKIE_MAX, "%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s", name, value, max_age,
                   origin->https ? "; Secure" : "");
}

void session_cookie_set(const struct conf_origin *origin, const char *token, char out[SESSION_COOKIE_MAX])
{
    cookie_write(origin, session_cookie_name(origin), token, "", out);
}

void session_cookie_clear(const struct conf_origin *origin, char out[SESSION_COOKIE_MAX])
{
    cookie_write(origin, session_cookie_name(origin), "", "; Max-Age=0", out);
}

void session_device_set(const struct conf_origin *origin, const char *token, char out[SESSION_COOKIE_MAX])
{
    cookie_write(origin, device_cookie_name(origin), token, "; Max-Age=" DEVICE_MAX_AGE_S, out);
}
