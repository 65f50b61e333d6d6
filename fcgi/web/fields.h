/* The body of a JSON route: one object with the listed members and no others, so that a misspelt one is reported and
 * not ignored. */
#ifndef DIGITD_WEB_FIELDS_H
#define DIGITD_WEB_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "call.h"

enum field_kind { FIELD_TEXT, FIELD_NUMBER, FIELD_NUMBER_WORD_OR_NULL, FIELD_BOOL, FIELD_LIST };

struct field {
    const char *name;
    enum field_kind kind;
    bool optional;
    /* Set by fields_read; borrowed from the JSON. */
    bool given;
    const char *text; /* [n], and a NUL; for FIELD_NUMBER_WORD_OR_NULL, NULL if it was no word */
    size_t n;
    int64_t number;
    bool null; /* for FIELD_NUMBER_WORD_OR_NULL: it was null */
    bool yes;  /* for FIELD_BOOL */
    const struct json *list;
};

/* Reads the body of c into fields[n]. False: it has replied. The caller always frees *v with json_free. */
bool fields_read(struct call *c, struct json **v, struct field *fields, size_t n);

#endif
