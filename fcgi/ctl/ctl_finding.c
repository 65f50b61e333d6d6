/* A finding is a line of text, or with --json an object. */
#include "ctl_finding.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const level_names[] = {"ok", "warn", "bad"};

void check_tell(struct check *k, enum level level, const char *what, const char *fmt, ...)
{
    char text[600];
    struct json *v;
    va_list ap;

    k->count[level]++;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (!k->c->opt.json) {
        ctl_say("%-4s %-10s %s", level_names[level], what, text);
        return;
    }
    v = json_new_object();
    json_set_str(v, "level", level_names[level]);
    json_set_str(v, "check", what);
    json_set_str(v, "detail", text);
    (void)ctl_print(v);
}
