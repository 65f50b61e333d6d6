/* Log lines in logfmt: one event a line, `ts=... level=... pid=... event=NAME key=value ...`.
 *
 * Values are quoted. Quotes, backslashes and all bytes but printable ASCII are escaped, so a line can always be parsed,
 * whatever a client sent. A line is written with one write(2); if that fails or would block, the line is dropped. A
 * full disk never delays a request. Never log a token, a password or a cookie. */
#ifndef DIGITD_BASE_LOG_H
#define DIGITD_BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_line {
    enum log_level level;
    size_t len;
    char text[1024]; /* if something does not fit, it is left out and the line ends with truncated=1 */
};

/* Sets where lines go (fd remains the caller's) and the lowest level that is written. Default: 2, LOG_INFO. */
void log_init(int fd, enum log_level least);

/* "debug", "info", "warn", "error" -> level; -1 for anything else. */
int log_level_parse(const char *name);

void log_begin(struct log_line *l, enum log_level level, const char *event);
void log_str(struct log_line *l, const char *key, const char *value); /* NULL logs as "" */
void log_bytes(struct log_line *l, const char *key, const void *bytes, size_t n);
void log_int(struct log_line *l, const char *key, int64_t value);
void log_end(struct log_line *l);

/* Writes a whole line: an event and one text. */
void log_text(enum log_level level, const char *event, const char *detail);

#endif
