/* The one list of error codes, and a sentence to go with them.
 *
 * Every function that can fail returns an enum err (0 is OK). Start-up code, whose failure a person reads, also takes a
 * struct why: the function that fails writes one clear line there, and its callers pass it on untouched. */
#ifndef DIGITD_BASE_ERR_H
#define DIGITD_BASE_ERR_H

enum err {
    OK = 0,
    ERR_NOMEM,       /* an allocation failed */
    ERR_IO,          /* the system refused a read, write, open, fork ... */
    ERR_FORMAT,      /* bytes that break the grammar of what they claim to be */
    ERR_TRUNCATED,   /* good so far, but the bytes end too early */
    ERR_LIMIT,       /* larger, longer or more numerous than a stated limit */
    ERR_UNSUPPORTED, /* well-formed, of a kind that this program does not read */
    ERR_NOT_FOUND,   /* no such row, file, name */
    ERR_EXISTS,      /* it is there already */
    ERR_BUSY,        /* somebody else holds it; trying again may help */
    ERR_DENIED,      /* known, and not allowed */
    ERR_RANGE,       /* an argument or a setting outside its range */
    ERR_STOPPED,     /* given up because somebody asked for it */
    ERR_COUNT
};

/* One line for a person, without a newline; empty while nothing failed. */
struct why {
    char text[400];
};

/* A constant lower-case phrase for e; never NULL. */
const char *err_str(enum err e);

/* Writes the formatted line into why (which may be NULL) and returns e, so that a caller can `return err_why(...)`. */
enum err err_why(struct why *why, enum err e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
