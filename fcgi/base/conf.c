/* Reads settings. A bad line must never be skipped silently: every line is either understood or refused. */
#include "conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CONF_FILE_MAX = 64 * 1024 };

enum kind { KIND_TEXT, KIND_INT, KIND_OCTAL, KIND_CHOICE };

struct setting {
    const char *name;
    enum kind kind;
    size_t offset, size; /* of the member of struct conf */
    long min, max;       /* KIND_INT, KIND_OCTAL; KIND_TEXT: least length */
    const char *dflt;
    const char *unit; /* KIND_CHOICE: the choices, between spaces */
    const char *help;
};

#define MEMBER(m) offsetof(struct conf, m), sizeof(((struct conf *)0)->m)

static const struct setting settings[] = {
    {"site_url", KIND_TEXT, MEMBER(site_url), 1, 0, "http://localhost:8080", "list of origins",
     "The addresses of the site as browsers show them, separated by spaces, each with an optional path"},
    {"run_dir", KIND_TEXT, MEMBER(run_dir), 1, 0, "/run/digitd", "path",
     "Directory of the sockets; nginx must have access to it"},
    {"database", KIND_TEXT, MEMBER(database), 1, 0, "/var/lib/digitd/digitd.db", "path",
     "The SQLite database, on a local file system"},
    {"weights", KIND_TEXT, MEMBER(weights), 1, 0, DIGITD_SHARE "/digits.safetensors", "path",
     "The weights file of the network"},
    {"log_file", KIND_TEXT, MEMBER(log_file), 0, 0, "", "path", "File to log to; empty: standard error"},
    {"log_level", KIND_CHOICE, MEMBER(log_level), 0, 0, "info", "debug info warn error", "Lowest level that is logged"},
    {"main_workers", KIND_INT, MEMBER(main_workers), 0, 256, "0", "processes",
     "Workers in the main pool; 0: one per core"},
    {"hash_workers", KIND_INT, MEMBER(hash_workers), 0, 64, "0", "processes",
     "Workers that hash passwords; 0: half the number of cores"},
    {"large_workers", KIND_INT, MEMBER(large_workers), 1, 64, "1", "processes",
     "Workers that read pictures of more than a million pixels; nobody else waits for those"},
    {"request_deadline_s", KIND_INT, MEMBER(request_deadline_s), 1, 600, "10", "seconds",
     "A worker that takes longer than this over a request is killed and replaced"},
    {"max_requests", KIND_INT, MEMBER(max_requests), 0, 100000000, "100000", "requests",
     "A worker is replaced after about this many requests; 0: never"},
    {"socket_mode", KIND_OCTAL, MEMBER(socket_mode), 0, 0777, "0660", "octal mode",
     "File mode of the listening sockets"},
    {"sign_up", KIND_CHOICE, MEMBER(sign_up), 0, 0, "open", "open closed invitation", "Who can create an account"},
    {"password_min_length", KIND_INT, MEMBER(password_min_length), 8, 64, "8", "characters",
     "Minimum password length; 15 is recommended where the password is the only factor"},
    {"password_cost", KIND_INT, MEMBER(password_cost), 5, 11, "8", "yescrypt cost",
     "Cost of hashing a password; 5: 13 ms and 16 MiB per login, 8: 144 ms and 128 MiB"},
    {"mail_command", KIND_TEXT, MEMBER(mail_command), 0, 0, "", "command",
     "Program that sends the email it gets on standard input, such as /usr/sbin/sendmail -t; empty: no email"},
    {"mail_from", KIND_TEXT, MEMBER(mail_from), 0, 0, "", "address",
     "Sender of the emails; empty: the default of mail_command"},
    {"session_idle_h", KIND_INT, MEMBER(session_idle_h), 1, 8760, "24", "hours",
     "A session expires after this long without use"},
    {"session_max_days", KIND_INT, MEMBER(session_max_days), 1, 365, "14", "days",
     "A session expires after this long, used or not"},
    {"sessions_per_user", KIND_INT, MEMBER(sessions_per_user), 1, 1000, "20", "sessions",
     "Maximum sessions per account; a new one replaces the oldest"},
    {"history_max_per_user", KIND_INT, MEMBER(history_max_per_user), 1, CONF_HISTORY_MAX, "10000", "digits",
     "Maximum digits in the history per account, those of numbers too; new answers replace the oldest"},
};
#define N_SETTINGS (sizeof(settings) / sizeof(settings[0]))
_Static_assert(N_SETTINGS <= 64, "the set of settings seen is a 64-bit mask");

static const struct setting *setting_find(const char *name)
{
    for (size_t i = 0; i < N_SETTINGS; i++)
        if (strcmp(settings[i].name, name) == 0)
            return &settings[i];
    return NULL;
}

/* Whether word is one of the words of list. */
static bool word_in(const char *list, const char *word)
{
    size_t n = strlen(word);

    for (const char *p = list; n > 0 && (p = strstr(p, word)) != NULL; p++)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return false;
}

/* Stores value in its member. where names the line or the variable, for the message. */
static enum err setting_put(struct conf *c, const struct setting *s, const char *value, const char *where,
                            struct why *why)
{
    char *member = (char *)c + s->offset, *end;
    long n;

    if (s->kind == KIND_TEXT || s->kind == KIND_CHOICE) {
        if (strlen(value) >= s->size)
            return err_why(why, ERR_LIMIT, "%s: %s is longer than %zu bytes", where, s->name, s->size - 1);
        if (s->kind == KIND_CHOICE && (strchr(value, ' ') != NULL || !word_in(s->unit, value)))
            return err_why(why, ERR_RANGE, "%s: %s is \"%s\"; it must be one of: %s", where, s->name, value, s->unit);
        if (strlen(value) < (size_t)s->min)
            return err_why(why, ERR_RANGE, "%s: %s is empty", where, s->name);
        memcpy(member, value, strlen(value) + 1);
        return OK;
    }
    errno = 0;
    n = strtol(value, &end, s->kind == KIND_OCTAL ? 8 : 10);
    if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0 || n < s->min || n > s->max)
        return err_why(why, ERR_RANGE,
                       s->kind == KIND_OCTAL ? "%s: %s is \"%s\"; it must be a mode from %04lo to %04lo (%s)"
                                             : "%s: %s is \"%s\"; it must be a whole number from %ld to %ld (%s)",
                       where, s->name, value, s->min, s->max, s->unit);
    *(int *)(void *)member = (int)n;
    return OK;
}

static char *trim(char *s)
{
    char *end;

    while (isspace((unsigned char)*s))
        s++;
    end = s + strlen(s);
    while (end > s && isspace((unsigned char)end[-1]))
        *--end = '\0';
    return s;
}

/* One line of a file: blank, a comment, or `name = value`. seen has a bit for each setting given before. */
static enum err conf_line(struct conf *c, char *line, const char *where, unsigned long long *seen, struct why *why)
{
    char *equals, *name;
    const struct setting *s;
    unsigned long long bit;

    line = trim(line);
    if (*line == '\0' || *line == '#')
        return OK;
    equals = strchr(line, '=');
    if (equals == NULL)
        return err_why(why, ERR_FORMAT, "%s: expected `name = value`, found \"%s\"", where, line);
    *equals = '\0';
    name = trim(line);
    s = setting_find(name);
    if (s == NULL)
        return err_why(why, ERR_NOT_FOUND, "%s: there is no setting \"%s\"", where, name);
    bit = 1ULL << (s - settings);
    if ((*seen & bit) != 0)
        return err_why(why, ERR_EXISTS, "%s: %s is set twice", where, name);
    *seen |= bit;
    return setting_put(c, s, trim(equals + 1), where, why);
}

static enum err conf_file(struct conf *c, const char *path, struct why *why)
{
    enum err e = OK;
    FILE *f = fopen(path, "re");
    char *text = malloc(CONF_FILE_MAX + 1), *next, where[CONF_TEXT_MAX];
    unsigned long long seen = 0;
    size_t n;
    int number = 0;

    if (f == NULL) {
        e = err_why(why, ERR_IO, "%s: %s", path, strerror(errno));
        goto out;
    }
    if (text == NULL) {
        e = err_why(why, ERR_NOMEM, "%s: out of memory", path);
        goto out;
    }
    n = fread(text, 1, CONF_FILE_MAX + 1, f);
    if (ferror(f) != 0 || n > CONF_FILE_MAX || memchr(text, '\0', n) != NULL) {
        e = err_why(why, ERR_FORMAT, "%s: not a text file of at most %d bytes", path, CONF_FILE_MAX);
        goto out;
    }
    text[n] = '\0';
    for (char *line = text; e == OK && line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        (void)snprintf(where, sizeof(where), "%s:%d", path, ++number);
        e = conf_line(c, line, where, &seen, why);
    }
out:
    free(text);
    if (f != NULL)
        (void)fclose(f);
    return e;
}

/* DIGITD_SITE_URL=value sets site_url. A DIGITD_ variable that is not a setting is refused, like such a line. */
static enum err conf_variable(struct conf *c, const char *var, struct why *why)
{
    static const char prefix[] = "DIGITD_";
    char name[64] = "", where[80];
    const char *equals = strchr(var, '=');
    const struct setting *s;
    size_t n;

    if (equals == NULL || strncmp(var, prefix, sizeof(prefix) - 1) != 0)
        return OK;
    n = (size_t)(equals - var);
    (void)snprintf(where, sizeof(where), "environment: %.*s", (int)(n < 60 ? n : 60), var);
    n -= sizeof(prefix) - 1;
    for (size_t i = 0; i < n && n < sizeof(name); i++)
        name[i] = (char)tolower((unsigned char)var[sizeof(prefix) - 1 + i]);
    s = setting_find(name);
    if (s == NULL)
        return err_why(why, ERR_NOT_FOUND, "%s: there is no such setting", where);
    return setting_put(c, s, equals + 1, where, why);
}

/* host[:port], lower-case: a name, an IPv4 address, or an IPv6 address in brackets; a port as browsers write it. */
static bool host_valid(const char *host)
{
    bool v6 = host[0] == '[';
    size_t n =
        v6 ? 1 + strspn(host + 1, "0123456789abcdef:.") : strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-._");

    if (v6 && (n < 3 || host[n++] != ']'))
        return false;
    if (n == 0 || host[n] == '\0')
        return n > 0;
    host += n + 1;
    n = strspn(host, "0123456789");
    return host[-1] == ':' && n > 0 && n <= 5 && host[n] == '\0' && host[0] != '0' && atoi(host) <= 65535;
}

/* Parses one URL of site_url: scheme://host[:port][/path]. Accepts only what an Origin header can contain. */
static enum err origin_parse(struct conf_origin *o, const char *url, struct why *why)
{
    const char *rest, *slash, *deflt_port;
    size_t host_n, n;

    o->https = strncasecmp(url, "https://", 8) == 0;
    if (!o->https && strncasecmp(url, "http://", 7) != 0)
        return err_why(why, ERR_FORMAT, "site_url: \"%s\" must begin with http:// or https://", url);
    rest = url + (o->https ? 8 : 7);
    slash = strchr(rest, '/');
    host_n = slash == NULL ? strlen(rest) : (size_t)(slash - rest);
    if (host_n == 0 || host_n > 255 || strcspn(rest, "?#@\"'<>\\ ") < strlen(rest))
        return err_why(why, ERR_FORMAT, "site_url: \"%s\" is not scheme://host[:port][/path]", url);
    for (size_t i = 0; i < host_n; i++)
        o->host[i] = (char)tolower((unsigned char)rest[i]);
    o->host[host_n] = '\0';
    for (const char *p = rest; *p != '\0'; p++)
        if (!isgraph((unsigned char)*p) || (unsigned char)*p >= 0x80)
            o->host[0] = '\0'; /* browsers send other characters encoded, so this would never match */
    if (!host_valid(o->host))
        return err_why(why, ERR_FORMAT, "site_url: \"%s\" is not scheme://host[:port][/path]", url);
    deflt_port = o->https ? ":443" : ":80";
    n = strlen(deflt_port);
    if (host_n > n && strcmp(o->host + host_n - n, deflt_port) == 0)
        o->host[host_n - n] = '\0';
    memcpy(o->origin, o->https ? "https://" : "http://", o->https ? 9 : 8);
    memcpy(o->origin + strlen(o->origin), o->host, strlen(o->host) + 1); /* at most 8 + 255 bytes */
    n = slash == NULL ? 0 : strlen(slash);
    if (n + 2 > sizeof(o->path))
        return err_why(why, ERR_LIMIT, "site_url: the path of \"%s\" is too long", url);
    (void)snprintf(o->path, sizeof(o->path), "%s%s", n == 0 ? "" : slash, n > 0 && slash[n - 1] == '/' ? "" : "/");
    return OK;
}

static enum err conf_origins(struct conf *c, struct why *why)
{
    char list[sizeof(c->site_url)], *save = NULL;
    enum err e = OK;

    memcpy(list, c->site_url, sizeof(list));
    for (char *url = strtok_r(list, " ,\t", &save); e == OK && url != NULL; url = strtok_r(NULL, " ,\t", &save)) {
        if (c->n_origins == CONF_ORIGINS_MAX)
            return err_why(why, ERR_LIMIT, "site_url: more than %d origins", CONF_ORIGINS_MAX);
        e = origin_parse(&c->origins[c->n_origins], url, why);
        /* A request has a host but no scheme, so it would not be clear which cookie to use, the secure one or the
         * other. */
        for (int i = 0; e == OK && i < c->n_origins; i++)
            if (strcmp(c->origins[i].host, c->origins[c->n_origins].host) == 0)
                e = err_why(why, ERR_EXISTS, "site_url: the host %s is listed twice; keep its https address",
                            c->origins[i].host);
        c->n_origins++;
    }
    if (e == OK && c->n_origins == 0)
        e = err_why(why, ERR_RANGE, "site_url: no origin given");
    return e;
}

/* Text for the header of a mail must be one line, and a command must be found without a search path or a shell. */
static enum err conf_mail(const struct conf *c, struct why *why)
{
    if (c->mail_command[0] != '\0' && c->mail_command[0] != '/')
        return err_why(why, ERR_RANGE, "mail_command: \"%s\" must begin with the full path of the program",
                       c->mail_command);
    for (const char *p = c->mail_from; *p != '\0'; p++)
        if (iscntrl((unsigned char)*p))
            return err_why(why, ERR_FORMAT, "mail_from: it must be one line of text");
    if (c->mail_from[0] != '\0' && strchr(c->mail_from, '@') == NULL)
        return err_why(why, ERR_FORMAT, "mail_from: \"%s\" is not an address", c->mail_from);
    return OK;
}

enum err conf_load(struct conf *c, const char *path, char *const *environ_vars, struct why *why)
{
    enum err e = OK;

    memset(c, 0, sizeof(*c));
    for (size_t i = 0; e == OK && i < N_SETTINGS; i++)
        e = setting_put(c, &settings[i], settings[i].dflt, "default", why);
    if (e == OK && path != NULL)
        e = conf_file(c, path, why);
    for (size_t i = 0; e == OK && environ_vars != NULL && environ_vars[i] != NULL; i++)
        e = conf_variable(c, environ_vars[i], why);
    if (e == OK)
        e = conf_origins(c, why);
    if (e == OK)
        e = conf_mail(c, why);
    return e;
}

const struct conf_origin *conf_origin_of_host(const struct conf *c, const char *host, size_t n)
{
    for (int i = 0; i < c->n_origins; i++) {
        const char *ours = c->origins[i].host, *port = c->origins[i].https ? ":443" : ":80";
        size_t ours_n = strlen(ours);

        if (n == ours_n && strncasecmp(ours, host, n) == 0)
            return &c->origins[i];
        /* A client may name the default port, which the origin leaves out. */
        if (n == ours_n + strlen(port) && strncasecmp(ours, host, ours_n) == 0 &&
            memcmp(host + ours_n, port, strlen(port)) == 0)
            return &c->origins[i];
    }
    return NULL;
}

void conf_each(void (*fn)(const char *name, const char *dflt, const char *unit, const char *help, void *ctx), void *ctx)
{
    for (size_t i = 0; i < N_SETTINGS; i++)
        fn(settings[i].name, settings[i].dflt, settings[i].unit, settings[i].help, ctx);
}
