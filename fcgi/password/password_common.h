/* Finds passwords that attackers try first. Internal to fcgi/password: password_check_new uses it. */
#ifndef DIGITD_PASSWORD_PASSWORD_COMMON_H
#define DIGITD_PASSWORD_PASSWORD_COMMON_H

#include <stddef.h>

/* Why text[n] (NFKC, valid UTF-8, at most PASSWORD_BYTES_MAX) is a bad password, as a sentence for the visitor, or NULL
 * if it is fine. email may be NULL or empty. Takes microseconds. */
const char *password_common_reason(const char *text, size_t n, const char *email);

/* R43's list: words of lower-case letters and digits, a space before and after each. */
extern const char password_common_list[];

#endif
