/* The three letters, as messages for a sendmail-compatible program. Pure: settings, address, secret and time in, bytes
 * out. */
#ifndef DIGITD_CTL_CTL_LETTER_H
#define DIGITD_CTL_CTL_LETTER_H

#include <stdint.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"

enum letter {
    LETTER_CONFIRM, /* a sign-up: the link that creates the account, valid for a day */
    LETTER_TAKEN,   /* a sign-up with an address that already has an account: says so */
    LETTER_RESET    /* a forgotten password: the link that sets a new one, valid for an hour */
};

enum { LETTER_BYTES_MAX = 8192 };

/* Appends the message to out: RFC 5322, all ASCII, with lines that end in "\n" as local programs expect; no line is a
 * single dot or longer than 998 bytes. secret is the link's (unused for LETTER_TAKEN). ERR_FORMAT, with a line in why:
 * `to` or mail_from could inject headers; ERR_NOMEM, ERR_IO (no random bytes for the Message-ID). */
enum err letter_write(struct buf *out, enum letter letter, const struct conf *conf, const char *to, const char *secret,
                      int64_t now_s, struct why *why);

/* Checks mail_from as letter_write does. */
enum err letter_check_from(const struct conf *conf, struct why *why);

#endif
