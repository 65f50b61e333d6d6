/* The one list of error codes, and a sentence to go with them.
 *
 * Every function that can fail returns an enum err (0 is OK). Where a person reads the error, as at start-up, it also
 * takes a struct why: the function that fails writes one clear line there, and its callers pass it on unchanged. */
#ifndef DIGITD_BASE_ERR_H
#define DIGITD_BASE_ERR_H

enum err {
    OK = 0,
    ERR_NOMEM,       /* out of memory */
    ERR_IO,          /* a system call failed: read, write, open, fork ... */
    ERR_FORMAT,      /* the bytes are not valid for their format */
    ERR_TRUNCATED,   /* valid so far, but cut short */
    ERR_LIMIT,       /* larger, longer or more than a limit allows */
    ERR_UNSUPPORTED, /* valid, but a kind that this program does not support */
    ERR_NOT_FOUND,   /* no such row, file, name */
    ERR_EXISTS,      /* it already exists */
    ERR_BUSY,        /* another process is using it; try again later */
    ERR_DENIED,      /* found, but not allowed */
    ERR_RANGE,       /* an argument or a setting is out of range */
    ERR_STOPPED,     /* stopped on request */
    ERR_COUNT
};

/* One line for a person, without a newline. Empty if nothing has failed. */
struct why {
    char text[400];
};

/* A constant lower-case phrase for e; never NULL. */
const char *err_str(enum err e);

/* Formats a line into why (may be NULL) and returns e, so that a function can `return err_why(...)`. */
enum err err_why(struct why *why, enum err e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
