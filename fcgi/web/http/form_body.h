/* Bodies of plain forms (application/x-www-form-urlencoded, as the URL standard has it), read as the JSON object that
 * the page would have sent: every value is text. Pure. */
#ifndef DIGITD_WEB_FORM_BODY_H
#define DIGITD_WEB_FORM_BODY_H

#include <stddef.h>

#include "base/json.h"

/* Parses text[n] into *out (freed with json_free). ERR_FORMAT, with the sentence for the visitor in why: what is no
 * %XX, not UTF-8, holds a NUL (or a name, another control
 * character), or comes twice; ERR_NOMEM. *out is NULL on failure. */
enum err form_body_parse(struct json **out, const char *text, size_t n, struct why *why);

#endif
