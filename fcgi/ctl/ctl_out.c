/* digitctl's output. Rows from the database are safe to print: the store accepts no control characters. */
#include "ctl.h"

#include <stdarg.h>
#include <stdio.h>

enum { LINE_MAX_BYTES = 1024 * 1024, NUMBER_DIGITS = 15 };

static void line(FILE *f, const char *before, const char *fmt, va_list ap)
{
    (void)fputs(before, f);
    (void)vfprintf(f, fmt, ap);
    (void)fputc('\n', f);
}

enum ctl_status ctl_fail(enum ctl_status status, const char *fmt, ...)
{
    va_list ap;

    (void)fflush(stdout); /* what was said before comes before */
    va_start(ap, fmt);
    line(stderr, "digitctl: ", fmt, ap);
    va_end(ap);
    return status;
}

enum ctl_status ctl_fail_err(enum err e, const char *what, const struct why *why)
{
    enum ctl_status status = e == ERR_BUSY ? CTL_BUSY : e == ERR_NOT_FOUND ? CTL_NOT_FOUND : CTL_FAILED;

    if (why != NULL && why->text[0] != '\0')
        return ctl_fail(status, "%s", why->text);
    return ctl_fail(status, "%s: %s", what, err_str(e));
}

void ctl_say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    line(stdout, "", fmt, ap);
    va_end(ap);
}

void ctl_note(const char *fmt, ...)
{
    va_list ap;

    (void)fflush(stdout);
    va_start(ap, fmt);
    line(stderr, "", fmt, ap);
    va_end(ap);
}

enum ctl_status ctl_print(struct json *v)
{
    struct buf *text = buf_new(LINE_MAX_BYTES);
    enum err e = v == NULL || text == NULL ? ERR_NOMEM : json_write(v, NUMBER_DIGITS, text);

    if (e == OK)
        (void)printf("%s\n", buf_data(text));
    buf_free(text);
    json_free(v);
    return e == OK ? CTL_DONE : ctl_fail_err(e, "JSON", NULL);
}
