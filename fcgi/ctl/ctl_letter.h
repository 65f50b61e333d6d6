/* The three letters, as messages for a sendmail-compatible program. Pure: settings, address, secret and time in, bytes
 * out. */
#ifndef DIGITD_CTL_CTL_LETTER_H
#define DIGITD_CTL_CTL_LETTER_H

#include <stdint.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"

enum letter {
    LETTER_CONFIRM, /* a sign-up: the link that makes the account, good for a day */
    LETTER_TAKEN,   /* a sign-up with the address of an account: that it is there */
    LETTER_RESET    /* a forgotten password: the link that sets another, good for an hour */
};

enum { LETTER_BYTES_MAX = 8192 };

/* Appends the message to out: RFC 5322, all ASCII, with "\n" at the end of a line as a local program takes it; no line
 * is a lone dot or over 998 bytes. secret is the link's (not of LETTER_TAKEN). ERR_FORMAT, with a line in why: `to` or
 * mail_from could bend the head of a message; ERR_NOMEM, ERR_IO (no random bytes for the Message-ID). */
enum err letter_write(struct buf *out, enum letter letter, const struct conf *conf, const char *to, const char *secret,
                      int64_t now_s, struct why *why);

/* Whether mail_from will do, as letter_write judges it. */
enum err letter_check_from(const struct conf *conf, struct why *why);

#endif
