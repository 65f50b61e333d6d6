/* The phrases of the error codes, and the formatting of one clear line. */
#include "err.h"

#include <stdarg.h>
#include <stdio.h>

const char *err_str(enum err e)
{
    switch (e) {
    case OK:
        return "ok";
    case ERR_NOMEM:
        return "out of memory";
    case ERR_IO:
        return "input or output failed";
    case ERR_FORMAT:
        return "malformed";
    case ERR_TRUNCATED:
        return "ends too early";
    case ERR_LIMIT:
        return "over a limit";
    case ERR_UNSUPPORTED:
        return "not supported";
    case ERR_NOT_FOUND:
        return "not found";
    case ERR_EXISTS:
        return "already exists";
    case ERR_BUSY:
        return "busy";
    case ERR_DENIED:
        return "not allowed";
    case ERR_RANGE:
        return "out of range";
    case ERR_STOPPED:
        return "stopped";
    case ERR_COUNT:
        break;
    }
    return "unknown error";
}

enum err err_why(struct why *why, enum err e, const char *fmt, ...)
{
    if (why != NULL) {
        va_list ap;

        va_start(ap, fmt);
        (void)vsnprintf(why->text, sizeof(why->text), fmt, ap);
        va_end(ap);
        for (char *p = why->text; *p != '\0'; p++) /* one line, whatever a file name holds */
            if ((unsigned char)*p < 0x20 || *p == 0x7f)
                *p = '?';
    }
    return e;
}
