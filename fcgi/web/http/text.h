/* Makes text from a client fit to show: valid UTF-8 (RFC 3629), no control characters, limited length. */
#ifndef DIGITD_WEB_TEXT_H
#define DIGITD_WEB_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether all of text[n] is valid UTF-8. */
bool text_is_utf8(const char *text, size_t n);

/* Copies text[n] to out[size]. Bytes that are not valid UTF-8 and control characters become U+FFFD. Text that does not
 * fit is cut off, never within a character. Adds a NUL and returns the length. size is 1 or more. */
size_t text_clean(const char *text, size_t n, char *out, size_t size);

#endif
