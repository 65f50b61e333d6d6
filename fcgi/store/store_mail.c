/* The outbox. A request adds a row, whoever the address belongs to; `digitctl mail run` looks that up, makes the link
 * and sends the mail. A newer row replaces one that says the same, with a new id, so that finishing a mail that is
 * being sent does not delete its successor. */
#include "store_internal.h"

#include <string.h>

#include "base/clock.h"
#include "store_mail.h"

enum { MAIL_PAUSE_S = 60, MAIL_PAUSE_MAX_S = 6 * 3600 };

static enum err mail_room(struct store *s)
{
    enum err e = store_row(s, SQL_MAIL_COUNT, "mail_count", NO_VALUES);

    if (e != OK)
        return e;
    if (sqlite3_column_int64(s->sql[SQL_MAIL_COUNT], 0) >= STORE_OUTBOX_MAX)
        e = ERR_LIMIT;
    store_reset(s->sql[SQL_MAIL_COUNT]);
    return e;
}

enum err store_mail_put(struct store *s, enum store_mail_kind kind, const char *email, const uint8_t *invite_hash)
{
    const uint8_t *invite = kind == STORE_MAIL_SIGN_UP ? invite_hash : NULL;
    char address[STORE_EMAIL_MAX + 1];
    enum err e = store_email_normalise(email, strlen(email), address);

    if (e == OK)
        e = store_begin(s, STORE_BUSY_MS);
    if (e != OK)
        return e;
    e = store_do(s, SQL_MAIL_DROP_SAME, "mail_drop_same",
                 VALUES(value_text(address), value_int(kind), value_hash(invite)));
    if (e == OK)
        e = mail_room(s);
    if (e == OK)
        e = store_do(s, SQL_MAIL_PUT, "mail_put",
                     VALUES(value_int(kind), value_text(address), value_hash(invite), value_int(clock_wall_s())));
    return store_end(s, e);
}

static enum err mail_find(struct store *s, int64_t mail_id, struct store_mail *mail)
{
    sqlite3_stmt *st = s->sql[SQL_MAIL_FIND];
    enum err e = store_row(s, SQL_MAIL_FIND, "mail_find", VALUES(value_int(mail_id)));

    memset(mail, 0, sizeof(*mail));
    if (e != OK)
        return e;
    mail->id = sqlite3_column_int64(st, 0);
    mail->created_at_s = sqlite3_column_int64(st, 1);
    mail->kind = sqlite3_column_int(st, 2) == 0 ? STORE_MAIL_SIGN_UP : STORE_MAIL_RESET;
    mail->tries = sqlite3_column_int(st, 3);
    store_column_text(st, 4, mail->email, sizeof(mail->email));
    store_reset(st);
    return OK;
}

enum err store_mail_next(struct store *s, struct store_mail *mail)
{
    int64_t now_s = clock_wall_s(), id;
    enum err e = store_row(s, SQL_MAIL_NEXT, "mail_next",
                           VALUES(value_int(now_s), value_int(now_s + MAIL_PAUSE_MAX_S + STORE_CLOCK_SLACK_S)));

    memset(mail, 0, sizeof(*mail));
    if (e != OK)
        return e;
    id = sqlite3_column_int64(s->sql[SQL_MAIL_NEXT], 0);
    store_reset(s->sql[SQL_MAIL_NEXT]);
    return mail_find(s, id, mail);
}

/* Inside the transaction. */
static enum err mail_link_add(struct store *s, const struct store_mail *mail, const uint8_t link_hash[DIGEST_BYTES])
{
    int64_t now_s = clock_wall_s(), user_id = 0;
    bool disabled = false;
    enum err e = store_row(s, SQL_USER_BY_EMAIL, "user_by_email", VALUES(value_text(mail->email)));

    if (e == OK) {
        user_id = sqlite3_column_int64(s->sql[SQL_USER_BY_EMAIL], 0);
        disabled = sqlite3_column_int(s->sql[SQL_USER_BY_EMAIL], 3) != 0;
        store_reset(s->sql[SQL_USER_BY_EMAIL]);
    } else if (e != ERR_NOT_FOUND) {
        return e;
    }
    if (mail->kind == STORE_MAIL_SIGN_UP)
        return e == OK ? ERR_EXISTS
                       : store_do(s, SQL_LINK_ADD_SIGN_UP, "link_add",
                                  VALUES(value_hash(link_hash), value_int(mail->id), value_int(now_s),
                                         value_int(now_s + STORE_CONFIRM_S)));
    if (e != OK || disabled)
        return ERR_NOT_FOUND;
    return store_do(s, SQL_LINK_ADD_RESET, "link_add",
                    VALUES(value_hash(link_hash), value_int(user_id), value_int(mail->id), value_int(now_s),
                           value_int(now_s + STORE_RESET_S)));
}

enum err store_mail_link(struct store *s, int64_t mail_id, const uint8_t link_hash[DIGEST_BYTES])
{
    struct store_mail mail;
    enum err e = store_begin(s, STORE_BUSY_MS);

    if (e != OK)
        return e;
    e = mail_find(s, mail_id, &mail);
    if (e == OK) /* that of a run that ended before it could tell how it went */
        e = store_do(s, SQL_LINK_DROP_OF_MAIL, "link_drop_of_mail", VALUES(value_int(mail_id)));
    if (e == OK)
        e = mail_link_add(s, &mail, link_hash);
    return store_end(s, e);
}

enum err store_mail_sent(struct store *s, int64_t mail_id)
{
    enum err e = store_change(s, SQL_MAIL_DROP, "mail_sent", VALUES(value_int(mail_id)));

    return e == ERR_NOT_FOUND ? OK : e; /* a newer one took its place */
}

static int64_t mail_pause_s(int tries)
{
    int64_t pause_s = tries > 16 ? MAIL_PAUSE_MAX_S : (int64_t)MAIL_PAUSE_S << tries;

    return pause_s > MAIL_PAUSE_MAX_S ? MAIL_PAUSE_MAX_S : pause_s;
}

enum err store_mail_failed(struct store *s, int64_t mail_id)
{
    int64_t now_s = clock_wall_s();
    struct store_mail mail;
    enum err e = store_begin(s, STORE_BUSY_MS);

    if (e != OK)
        return e;
    e = store_do(s, SQL_LINK_DROP_OF_MAIL, "link_drop_of_mail", VALUES(value_int(mail_id)));
    if (e == OK)
        e = mail_find(s, mail_id, &mail);
    if (e == ERR_NOT_FOUND)
        return store_end(s, OK); /* a newer one took its place */
    if (e == OK && store_expired(mail.created_at_s, mail.created_at_s + STORE_MAIL_KEPT_S, now_s))
        e = store_do(s, SQL_MAIL_DROP, "mail_drop", VALUES(value_int(mail_id)));
    else if (e == OK)
        e = store_do(s, SQL_MAIL_AGAIN, "mail_again",
                     VALUES(value_int(mail_id), value_int(now_s + mail_pause_s(mail.tries))));
    return store_end(s, e);
}
