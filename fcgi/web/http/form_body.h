/* Bodies of plain forms (application/x-www-form-urlencoded, as in the URL standard), read as the JSON object that the
 * page would have sent; every value is text. Pure. */
#ifndef DIGITD_WEB_FORM_BODY_H
#define DIGITD_WEB_FORM_BODY_H

#include <stddef.h>

#include "base/json.h"

/* Parses text[n] into *out; free it with json_free. ERR_FORMAT, with a sentence for the visitor in why: a malformed
 * %XX, not UTF-8, a NUL (in a name, any control character), or a name given twice; ERR_NOMEM. *out is NULL on failure.
 */
enum err form_body_parse(struct json **out, const char *text, size_t n, struct why *why);

#endif
