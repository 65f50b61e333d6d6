/* Messages that do not fit are dropped: the first ones matter. */
#include "messages.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static struct {
    char text[1000];
    size_t len;
} messages;

void messages_begin(void)
{
    memset(&messages, 0, sizeof(messages));
}

void messages_collect(int priority, const char *format, va_list ap)
{
    const size_t room = sizeof(messages.text) - messages.len;
    int n = vsnprintf(messages.text + messages.len, room, format, ap);

    (void)priority;
    if (n > 0)
        messages.len += (size_t)n < room ? (size_t)n : room - 1;
}

bool messages_any(void)
{
    return messages.len > 0;
}

bool messages_tell_damage(void)
{
    static const char *const PHRASES[] = {
        "Premature end of JPEG file",    /* JWRN_JPEG_EOF */
        "premature end of data segment", /* JWRN_HIT_MARKER */
        "bad Huffman code",              /* JWRN_HUFF_BAD_CODE */
        "bad arithmetic code",           /* JWRN_ARITH_BAD_CODE */
        "instead of RST",                /* JWRN_MUST_RESYNC */
        "Inconsistent progression",      /* JWRN_BOGUS_PROGRESSION */
    };

    for (size_t i = 0; i < sizeof(PHRASES) / sizeof(PHRASES[0]); i++)
        if (strcasestr(messages.text, PHRASES[i]) != NULL)
            return true;
    return false;
}

bool messages_tell_no_memory(void)
{
    return strcasestr(messages.text, "cannot allocate gdImage") != NULL ||
           strcasestr(messages.text, "insufficient memory") != NULL ||
           strcasestr(messages.text, "out of memory") != NULL;
}
