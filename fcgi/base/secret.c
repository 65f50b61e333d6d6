/* Makes secrets and wipes the bytes that they were made from. */
#include "secret.h"

#include <sys/random.h>

#include <stdint.h>
#include <string.h>

#include "base64.h"

enum { SECRET_BYTES = 32 };

enum err secret_make(char secret[SECRET_CHARS + 1])
{
    uint8_t bytes[SECRET_BYTES];
    char text[BASE64_CHARS(SECRET_BYTES) + 1];

    secret[0] = '\0';
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return ERR_IO;
    base64_encode_url(bytes, sizeof(bytes), text);
    memcpy(secret, text, SECRET_CHARS + 1);
    explicit_bzero(bytes, sizeof(bytes));
    explicit_bzero(text, sizeof(text));
    return OK;
}

enum err secret_token_make(char token[SECRET_TOKEN_CHARS + 1])
{
    memcpy(token, SECRET_TOKEN_PREFIX, sizeof(SECRET_TOKEN_PREFIX) - 1);
    return secret_make(token + sizeof(SECRET_TOKEN_PREFIX) - 1);
}
