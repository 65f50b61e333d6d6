/* Makes and reads API tokens. */
#include "token.h"

#include <string.h>
#include <strings.h>

#include "../store/store_account.h"

static const char prefix[TOKEN_PREFIX_CHARS + 1] = "dgt_", scheme[] = "Bearer";

static const struct {
    const char *name;
    int scope;
} scopes[] = {{"classify", STORE_SCOPE_CLASSIFY}, {"history", STORE_SCOPE_HISTORY}};

enum { N_SCOPES = sizeof(scopes) / sizeof(scopes[0]) };

enum err token_make(char token[TOKEN_CHARS + 1])
{
    memcpy(token, prefix, TOKEN_PREFIX_CHARS);
    return session_token_make(token + TOKEN_PREFIX_CHARS);
}

bool token_is_bearer(const char *authorization)
{
    const size_t n = sizeof(scheme) - 1;

    /* A scheme's letters have no case (RFC 9110 section 11.1). */
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

const char *token_scope_name(int i, int *scope)
{
    if (i < 0 || i >= N_SCOPES)
        return NULL;
    *scope = scopes[i].scope;
    return scopes[i].name;
}

int token_scope_of(const char *name)
{
    for (int i = 0; i < N_SCOPES; i++)
        if (strcmp(scopes[i].name, name) == 0)
            return scopes[i].scope;
    return 0;
}
