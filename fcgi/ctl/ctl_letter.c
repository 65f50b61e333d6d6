/* Letters. Pitfalls: a line break in an address would let somebody else add a header, so only visible ASCII gets into
 * the headers; sendmail without -i takes a single dot for the end of the message, so no line here can be one; a letter
 * contains nothing chosen by the person who typed the address. */
#include "ctl_letter.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl_parts.h"

enum { LINE_BYTES_MAX = 998 }; /* RFC 5322 2.1.1 */

_Static_assert((int)LINK_BYTES_MAX + 64 < (int)LETTER_BYTES_MAX, "a link fits");

/* A link on its own line: origin and path may be as long as the settings allow, which is more than a line may be. */
static enum err link_check(const struct conf *conf, struct why *why)
{
    const struct conf_origin *site = &conf->origins[0];

    if (strlen(site->origin) + strlen(site->path) + SECRET_CHARS + 16 <= LINE_BYTES_MAX)
        return OK;
    return err_why(why, ERR_FORMAT, "site_url: its first address is too long for an email");
}

static enum err head_check(const char *name, const char *value, struct why *why)
{
    for (const unsigned char *p = (const unsigned char *)value; *p != '\0'; p++)
        if (*p < 0x20 || *p > 0x7e)
            return err_why(why, ERR_FORMAT, "%s: an email header may contain only ASCII", name);
    return strlen(value) <= CONF_TEXT_MAX ? OK : err_why(why, ERR_FORMAT, "%s: too long for an email", name);
}

enum err letter_check_from(const struct conf *conf, struct why *why)
{
    enum err e = head_check("mail_from", conf->mail_from, why);

    return e == OK ? link_check(conf, why) : e;
}

/* The site's name: its host without the port. "[::1]" stays, which a Message-ID takes (RFC 5322 3.6.4). */
static void host_name(const struct conf *conf, char out[CONF_TEXT_MAX])
{
    const char *host = conf->origins[0].host, *bracket = strrchr(host, ']');
    size_t n = bracket != NULL ? (size_t)(bracket - host) + 1 : strcspn(host, ":");

    memcpy(out, host, n);
    out[n] = '\0';
}

/* From, To, Subject, Date, Message-ID and the other headers that a message needs. */
static enum err head_write(struct buf *out, const struct conf *conf, const char *to, const char *subject, int64_t now_s)
{
    char date[64] = "", id[SECRET_CHARS + 1], host[CONF_TEXT_MAX];
    time_t t = (time_t)now_s;
    struct tm utc;

    /* No locale is ever set, so the names are English. */
    if (gmtime_r(&t, &utc) == NULL || strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &utc) == 0 ||
        secret_make(id) != OK)
        return ERR_IO;
    host_name(conf, host);
    if (conf->mail_from[0] != '\0')
        (void)buf_add_fmt(out, "From: %s\n", conf->mail_from);
    /* Auto-Submitted (RFC 3834) prevents out-of-office replies. */
    return buf_add_fmt(out,
                       "To: %s\nSubject: %s %s\nDate: %s\nMessage-ID: <%s@%s>\nAuto-Submitted: auto-generated\n"
                       "MIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii\n"
                       "Content-Transfer-Encoding: 7bit\n\n",
                       to, subject, host, date, id, host);
}

/* The text above and below the link; %s is the site's address. */
static const struct {
    const char *subject, *what; /* what: the word before the secret in a link; NULL: the letter has none */
    const char *above, *below;
} texts[] = {
    [LETTER_CONFIRM] = {"Confirm your account at", "confirm",
                        "someone, hopefully you, signed up with this address at\n"
                        "%s\n\n"
                        "To create the account, open this link within 24 hours and choose a password:\n\n",
                        "If it was not you, ignore this email. No account will be created.\n"},
    [LETTER_TAKEN] = {"You have an account at", NULL,
                      "someone, perhaps you, tried to sign up with this address at\n"
                      "%s\n\n"
                      "It already has an account. If that was you, log in there. If you have forgotten\n"
                      "your password, the page can send you a link to set a new one.\n"
                      "If it was not you, ignore this email. Nothing was changed.\n",
                      ""},
    [LETTER_RESET] = {"Reset your password at", "reset",
                      "someone, hopefully you, asked to reset the password of your account at\n"
                      "%s\n\n"
                      "To choose a new password, open this link within an hour:\n\n",
                      "It works once and signs you out of every browser.\n"
                      "If it was not you, ignore this email. Your password stays the same.\n"},
};

/* fmt is one of the texts above. */
static enum err text_write(struct buf *out, const char *fmt, const char *site)
{
    const char *at = strstr(fmt, "%s");
    enum err e;

    if (at == NULL)
        return buf_add_str(out, fmt);
    e = buf_add(out, fmt, (size_t)(at - fmt));
    if (e == OK)
        e = buf_add_str(out, site);
    return e == OK ? buf_add_str(out, at + 2) : e;
}

enum err letter_write(struct buf *out, enum letter letter, const struct conf *conf, const char *to, const char *secret,
                      int64_t now_s, struct why *why)
{
    char site[2 * CONF_TEXT_MAX], link[LINK_BYTES_MAX];
    enum err e = letter_check_from(conf, why);

    if (e == OK)
        e = head_check("the address", to, why);
    if (e == OK)
        e = head_write(out, conf, to, texts[letter].subject, now_s);
    if (e != OK)
        return e;
    (void)snprintf(site, sizeof(site), "%s%s", conf->origins[0].origin, conf->origins[0].path);
    (void)buf_add_str(out, "Hello,\n\n");
    (void)text_write(out, texts[letter].above, site);
    if (texts[letter].what != NULL) {
        ctl_link_text(conf, texts[letter].what, secret, link);
        (void)buf_add_fmt(out, "    %s\n\n", link);
        explicit_bzero(link, sizeof(link));
    }
    (void)buf_add_str(out, texts[letter].below);
    return buf_status(out);
}
