/* API tokens, which programs send as `Authorization: Bearer dgt_...` (RFC 6750): "dgt_", by which scanners for leaked
 * secrets recognise them, and 43 characters. The database stores the SHA-256 of the whole text (session_token_hash). */
#ifndef DIGITD_WEB_TOKEN_H
#define DIGITD_WEB_TOKEN_H

#include <stdbool.h>

#include "base/err.h"
#include "session.h"

enum { TOKEN_CHARS = SECRET_TOKEN_CHARS, TOKEN_PREFIX_CHARS = TOKEN_CHARS - SECRET_CHARS };

/* Makes a new token. ERR_IO, like session_token_make. */
enum err token_make(char token[TOKEN_CHARS + 1]);

/* Whether an Authorization header has the scheme Bearer. Others (Basic) are for a server in front of this one. */
bool token_is_bearer(const char *authorization);

/* The token in an Authorization header, TOKEN_CHARS long. ERR_NOT_FOUND: not Bearer; ERR_FORMAT: it has no token. */
enum err token_read(const char *authorization, const char **token);

#endif
