/* Text that a client chose, made fit to be shown: valid UTF-8 (RFC 3629), no control characters, bounded. */
#ifndef DIGITD_WEB_TEXT_H
#define DIGITD_WEB_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether text[n] is UTF-8 throughout. */
bool text_is_utf8(const char *text, size_t n);

/* Copies text[n] to out[size]. A byte that is not part of valid UTF-8, and a control character, becomes U+FFFD. What
 * does not fit is left out, never half a character. Ends with a NUL; returns the length. size is 1 or more. */
size_t text_clean(const char *text, size_t n, char *out, size_t size);

#endif
