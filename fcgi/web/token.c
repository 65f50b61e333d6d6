/* Makes and reads API tokens. */
#include "token.h"

#include <string.h>
#include <strings.h>

static const char prefix[] = SECRET_TOKEN_PREFIX, scheme[] = "Bearer";

enum err token_make(char token[TOKEN_CHARS + 1])
{
    return secret_token_make(token);
}

bool token_is_bearer(const char *authorization)
{
    const size_t n = sizeof(scheme) - 1;

    /* Schemes are case-insensitive (RFC 9110 section 11.1). */
    return strncasecmp(authorization, scheme, n) == 0 && (authorization[n] == ' ' || authorization[n] == '\0');
}

enum err token_read(const char *authorization, const char **token)
{
    const char *p;

    *token = NULL;
    if (!token_is_bearer(authorization))
        return ERR_NOT_FOUND;
    p = authorization + sizeof(scheme) - 1;
    p += strspn(p, " ");
    if (strncmp(p, prefix, TOKEN_PREFIX_CHARS) != 0 ||
        !session_token_shape(p + TOKEN_PREFIX_CHARS, strlen(p + TOKEN_PREFIX_CHARS)))
        return ERR_FORMAT;
    *token = p;
    return OK;
}
