/* Parsing, printing and saving by the options table. */
#include "options.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMN = 26 }; /* where the help texts begin */

static enum err bad(const struct option *o, const char *text, const char *what, struct why *why)
{
    return err_why(why, ERR_RANGE, "--%s: \"%.60s\" %s", o->name, text, what);
}

/* A whole number or a fraction between o->min and o->max, ended by one of the characters of `ends` or by NUL. */
static enum err parse_number(const struct option *o, const char *text, const char *ends, const char **end, double *out,
                             struct why *why)
{
    char *stop;
    double v = strtod(text, &stop);
    if (stop == text || (*stop && !strchr(ends, *stop)) || !isfinite(v))
        return bad(o, text, "is not a number", why);
    if (o->kind == OPTION_INT && v != floor(v))
        return bad(o, text, "is not a whole number", why);
    if (v < o->min || v > o->max)
        return err_why(why, ERR_RANGE, "--%s: %g is not between %g and %g", o->name, v, o->min, o->max);
    *out = v;
    *end = stop;
    return OK;
}

static enum err parse_floats(const struct option *o, const char *text, struct option_floats *f, struct why *why)
{
    f->n = 0;
    if (strcmp(text, "none") == 0)
        return OK;
    for (const char *p = text;; p++) {
        double v;
        if (f->n == OPTION_FLOATS_MAX)
            return bad(o, text, "has too many numbers", why);
        enum err e = parse_number(o, p, ",", &p, &v, why);
        if (e != OK)
            return e;
        f->v[f->n++] = (float)v;
        if (!*p)
            return OK;
    }
}

static enum err parse_seed(const struct option *o, const char *text, uint64_t *seed, struct why *why)
{
    char *stop;
    errno = 0;
    unsigned long long v = strtoull(text, &stop, 10);
    if (errno || text[0] < '0' || text[0] > '9' || *stop)
        return bad(o, text, "is not a whole number from 0 to 2^64 - 1", why);
    *seed = v;
    return OK;
}

static enum err set_value(const struct option *o, void *settings, const char *text, struct why *why)
{
    void *at = (char *)settings + o->offset;
    const char *end;
    double v = 0;
    enum err e = OK;
    switch (o->kind) {
    case OPTION_FLAG:
        *(bool *)at = strcmp(text, "true") == 0;
        return OK;
    case OPTION_INT:
        if ((e = parse_number(o, text, "", &end, &v, why)) == OK)
            *(int *)at = (int)v;
        return e;
    case OPTION_FLOAT:
        if ((e = parse_number(o, text, "", &end, &v, why)) == OK)
            *(float *)at = (float)v;
        return e;
    case OPTION_SEED:
        return parse_seed(o, text, at, why);
    case OPTION_FLOATS:
        return parse_floats(o, text, at, why);
    case OPTION_TEXT:
        if (strlen(text) >= OPTION_TEXT_MAX || !*text)
            return bad(o, text, "is empty or too long", why);
        snprintf(at, OPTION_TEXT_MAX, "%s", text);
        return OK;
    }
    return ERR_UNSUPPORTED;
}

/* The shortest text that reads back as the same float; its length. */
static size_t put_float(char *text, size_t n, const char *before, float v)
{
    char number[32];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(number, sizeof(number), "%.*g", digits, (double)v);
        if (strtof(number, NULL) == v)
            break;
    }
    return (size_t)snprintf(text, n, "%s%s", before, number);
}

/* The value as text that set_value reads back as the same value. */
static void get_value(const struct option *o, const void *settings, char *text, size_t n)
{
    const void *at = (const char *)settings + o->offset;
    const struct option_floats *f = at;
    size_t used = 0;
    switch (o->kind) {
    case OPTION_FLAG:
        snprintf(text, n, "%s", *(const bool *)at ? "true" : "false");
        break;
    case OPTION_INT:
        snprintf(text, n, "%d", *(const int *)at);
        break;
    case OPTION_FLOAT:
        put_float(text, n, "", *(const float *)at);
        break;
    case OPTION_SEED:
        snprintf(text, n, "%llu", (unsigned long long)*(const uint64_t *)at);
        break;
    case OPTION_FLOATS:
        snprintf(text, n, "none");
        for (int i = 0; i < f->n && used < n; i++)
            used += put_float(text + used, n - used, i ? "," : "", f->v[i]);
        break;
    case OPTION_TEXT:
        snprintf(text, n, "%s", (const char *)at);
        break;
    }
}

static const struct option *find(const struct option *table, size_t n, const char *name, size_t length)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(table[i].name) == length && strncmp(table[i].name, name, length) == 0)
            return &table[i];
    return NULL;
}

enum err options_parse(const struct option *table, size_t n_table, void *settings, int argc, char **argv, int *rest,
                       bool *given, struct why *why)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        const char *name = argv[i] + (argv[i][1] == '-' ? 2 : 1), *equals = strchr(name, '=');
        const bool help = strcmp(argv[i], "-h") == 0; /* the one short option, since people try it first */
        const struct option *o = help ? find(table, n_table, "help", 4)
                                      : find(table, n_table, name, equals ? (size_t)(equals - name) : strlen(name));
        if (!o || (argv[i][1] != '-' && !help))
            return err_why(why, ERR_RANGE, "unknown option %.60s", argv[i]);
        const char *value = equals ? equals + 1 : NULL;
        if (o->kind == OPTION_FLAG) {
            if (value)
                return err_why(why, ERR_RANGE, "--%s takes no value", o->name);
            value = "true";
        } else if (!value) {
            if (i + 1 == argc)
                return err_why(why, ERR_RANGE, "--%s needs a value (%s)", o->name, o->unit);
            value = argv[++i];
        }
        enum err e = set_value(o, settings, value, why);
        if (e != OK)
            return e;
        if (given)
            given[o - table] = true;
    }
    *rest = i;
    return OK;
}

void options_help(const struct option *table, size_t n_table, const void *defaults, FILE *out)
{
    for (size_t i = 0; i < n_table; i++) {
        const struct option *o = &table[i];
        char value[OPTION_TEXT_MAX];
        get_value(o, defaults, value, sizeof(value));
        int used = fprintf(out, "  --%s%s%s", o->name, o->unit ? " " : "", o->unit ? o->unit : "");
        fprintf(out, "%*s %s", used < COLUMN ? COLUMN - used : 0, "", o->help);
        if (o->kind != OPTION_FLAG && value[0])
            fprintf(out, " [%s]", value);
        fputc('\n', out);
    }
}

void options_write(const struct option *table, size_t n_table, const void *settings, enum option_use least,
                   struct json *to)
{
    for (size_t i = 0; i < n_table; i++) {
        char value[OPTION_TEXT_MAX];
        if (table[i].use < least)
            continue;
        get_value(&table[i], settings, value, sizeof(value));
        json_set_str(to, table[i].name, value);
    }
}

enum err options_read(const struct option *table, size_t n_table, void *settings, const bool *given,
                      const struct json *from, struct why *why)
{
    for (size_t i = 0; i < n_table; i++) {
        const struct option *o = &table[i];
        bool asked = given && given[i];
        char before[OPTION_TEXT_MAX], after[OPTION_TEXT_MAX];
        const bool kept = o->use == OPTION_KEPT || o->use == OPTION_KEPT_LATER;
        if (o->use == OPTION_SESSION || (kept && asked))
            continue;
        const char *value = json_get_str(from, o->name, NULL);
        if (!value && o->use == OPTION_LATER)
            value = o->kind == OPTION_FLAG ? "false" : "0";
        if (!value && o->use == OPTION_KEPT_LATER)
            continue;
        if (!value)
            return err_why(why, ERR_FORMAT, "the setting %s is missing", o->name);
        get_value(o, settings, before, sizeof(before));
        enum err e = set_value(o, settings, value, why);
        if (e != OK)
            return e;
        get_value(o, settings, after, sizeof(after));
        if (asked && strcmp(before, after) != 0)
            return err_why(why, ERR_RANGE, "--%s is %.60s in that run, and a resumed run keeps its settings", o->name,
                           after);
    }
    return OK;
}
