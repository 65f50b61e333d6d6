/* Looks for the two headers in the head of a CGI answer. */
#include "told.h"

#include <stdlib.h>
#include <string.h>

#include "web/ask.h"

void told_init(struct told *a)
{
    memset(a, 0, sizeof(*a));
    record_reader_init(&a->reader, RECORD_RESPONSE);
}

/* The value of a header in the head, up to the end of its line; NULL: it is not there. */
static const char *value_of(const struct told *a, const char *name)
{
    const size_t n = strlen(name);
    const char *line = a->head;

    while (strncmp(line, name, n) != 0 || line[n] != ':' || line[n + 1] != ' ') {
        line = strstr(line, "\r\n");
        if (line == NULL)
            return NULL;
        line += 2;
    }
    return line + n + 2;
}

static void head_read(struct told *a)
{
    const char *account = value_of(a, ASK_ACCOUNT_HEADER), *hand = value_of(a, ASK_HAND_OVER_HEADER);
    char *end;

    a->kind = TOLD_CLIENT;
    if (account != NULL) {
        a->account = strtoull(account, &end, 10);
        if (end != account && *end == '\r')
            a->kind = TOLD_WHO;
    } else if (hand != NULL && strncmp(hand, ASK_LARGE "\r\n", sizeof(ASK_LARGE) + 1) == 0) {
        a->kind = TOLD_LARGE;
    }
}

static void head_add(struct told *a, const uint8_t *bytes, size_t n)
{
    char *end;

    if (n > TOLD_HEAD_MAX - a->head_n)
        n = TOLD_HEAD_MAX - a->head_n;
    memcpy(a->head + a->head_n, bytes, n);
    a->head_n += n;
    a->head[a->head_n] = '\0';
    end = strstr(a->head, "\r\n\r\n");
    if (end != NULL) {
        end[2] = '\0'; /* what follows is no header */
        head_read(a);
    } else if (a->head_n == TOLD_HEAD_MAX) {
        a->kind = TOLD_CLIENT;
    }
}

void told_look(struct told *a, const uint8_t *bytes, size_t n)
{
    while (n > 0 && a->kind == TOLD_OPEN) {
        struct record_part part;
        size_t used;

        if (record_read(&a->reader, bytes, n, &used, &part) != OK || part.type == RECORD_END)
            a->kind = TOLD_CLIENT;
        else if (part.type == RECORD_STDOUT && part.n > 0)
            head_add(a, part.bytes, part.n);
        bytes += used;
        n -= used;
    }
}
