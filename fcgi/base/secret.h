/* Secrets that clients hold: the value of a cookie, an API token, the end of a link, an invitation. Only their SHA-256
 * is ever stored (digest.h). */
#ifndef DIGITD_BASE_SECRET_H
#define DIGITD_BASE_SECRET_H

#include "err.h"

/* All API tokens start with this, so that scanners for leaked secrets can recognise them. */
#define SECRET_TOKEN_PREFIX "dgt_"

enum {
    SECRET_CHARS = 43, /* 32 bytes of getrandom(2), base64url without padding (R57) */
    SECRET_TOKEN_CHARS = sizeof(SECRET_TOKEN_PREFIX) - 1 + SECRET_CHARS
};

/* Make a new secret, or a new API token. ERR_IO: the system has no random bytes. */
enum err secret_make(char secret[SECRET_CHARS + 1]);
enum err secret_token_make(char token[SECRET_TOKEN_CHARS + 1]);

#endif
