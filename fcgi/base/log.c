/* logfmt lines. A line is on the caller's stack; nothing is allocated, and only the descriptor is shared. */
#include "log.h"

#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Room kept free so that the end of a line always fits. */
#define LOG_TAIL " truncated=1\n"
enum { LOG_ROOM = sizeof(((struct log_line *)0)->text) - sizeof(LOG_TAIL) };

static int log_fd = 2;
static enum log_level log_least = LOG_INFO;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_init(int fd, enum log_level least)
{
    log_fd = fd;
    log_least = least;
}

int log_level_parse(const char *name)
{
    for (int i = 0; i <= LOG_ERROR; i++)
        if (strcmp(name, level_names[i]) == 0)
            return i;
    return -1;
}

/* Appends all of s[n]; if it does not fit, appends nothing and accepts no more. */
static bool log_append(struct log_line *l, const char *s, size_t n)
{
    if (n > LOG_ROOM || l->len > LOG_ROOM - n) {
        l->len = sizeof(l->text); /* marks "full"; log_end puts the true length back */
        return false;
    }
    memcpy(l->text + l->len, s, n);
    l->len += n;
    return true;
}

void log_begin(struct log_line *l, enum log_level level, const char *event)
{
    struct timespec now;
    struct tm utc;
    int n;

    l->level = level;
    (void)clock_gettime(CLOCK_REALTIME, &now); /* the true time, also where a test steps the clock */
    (void)gmtime_r(&now.tv_sec, &utc);
    n = snprintf(l->text, sizeof(l->text), "ts=%04d-%02d-%02dT%02d:%02d:%02d.%03dZ level=%s pid=%d event=%s",
                 utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                 (int)(now.tv_nsec / 1000000), level_names[level], (int)getpid(), event);
    l->len = n < 0 || n > (int)LOG_ROOM ? 0 : (size_t)n;
}

void log_bytes(struct log_line *l, const char *key, const void *bytes, size_t n)
{
    size_t start = l->len;
    const unsigned char *p = bytes;
    bool ok;

    if (l->len >= sizeof(l->text))
        return;
    ok = log_append(l, " ", 1) && log_append(l, key, strlen(key)) && log_append(l, "=\"", 2);
    for (size_t i = 0; ok && i < n; i++) {
        char esc[5];

        if (p[i] == '"' || p[i] == '\\')
            ok = log_append(l, (char[2]){'\\', (char)p[i]}, 2);
        else if (p[i] >= 0x20 && p[i] < 0x7f)
            ok = log_append(l, (const char *)&p[i], 1);
        else {
            (void)snprintf(esc, sizeof(esc), "\\x%02x", p[i]);
            ok = log_append(l, esc, 4);
        }
    }
    ok = ok && log_append(l, "\"", 1);
    if (!ok) { /* the half-written pair goes, the whole ones before it stay */
        memcpy(l->text + start, LOG_TAIL, sizeof(LOG_TAIL));
        l->len = sizeof(l->text);
    }
}

void log_str(struct log_line *l, const char *key, const char *value)
{
    log_bytes(l, key, value == NULL ? "" : value, value == NULL ? 0 : strlen(value));
}

void log_int(struct log_line *l, const char *key, int64_t value)
{
    char text[128];
    int n = snprintf(text, sizeof(text), " %s=%" PRId64, key, value);
    size_t start = l->len;

    if (l->len >= sizeof(l->text))
        return;
    if (n < 0 || (size_t)n >= sizeof(text) || !log_append(l, text, (size_t)n)) {
        memcpy(l->text + start, LOG_TAIL, sizeof(LOG_TAIL));
        l->len = sizeof(l->text);
    }
}

void log_end(struct log_line *l)
{
    struct pollfd ready = {log_fd, POLLOUT, 0};
    ssize_t done;

    if (l->level < log_least)
        return;
    if (l->len >= sizeof(l->text))
        l->len = strlen(l->text);
    else
        l->text[l->len++] = '\n';
    /* One attempt, and none if it would block: the log never delays the work. A pipe with enough room takes a whole
     * line. */
    if (poll(&ready, 1, 0) != 1 || ready.revents != POLLOUT)
        return;
    done = write(log_fd, l->text, l->len);
    (void)done;
}

void log_text(enum log_level level, const char *event, const char *detail)
{
    struct log_line l;

    log_begin(&l, level, event);
    log_str(&l, "detail", detail);
    log_end(&l);
}
