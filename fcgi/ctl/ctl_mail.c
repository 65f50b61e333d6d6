/* digitctl mail run: hands the rows of the outbox to the mail program. It is the one that looks up the account and
 * makes the link's secret, so neither the time of a reply nor the database reveals them.
 *
 * Normally a mail is sent once. If this process is killed after it has handed a mail over and before it has recorded
 * that, the next run makes another letter with another link, which voids the first. It survives changes of the
 * database: a file that does not exist yet, or was replaced, is opened again. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "files/lock.h"
#include "base/log.h"
#include "store/store_mail.h"
#include "ctl_letter.h"
#include "ctl_parts.h"
#include "ctl_sendmail.h"

enum { POLL_S = 2, DEADLINE_MS = 30000, NOTE_TRIES = 5 };

struct mailer {
    struct ctl *c;
    struct sendmail program;
    struct buf *message;
    sigset_t signals; /* that end it; blocked */
    int lock_fd;
    enum err opened; /* how the database was opened last; ERR_COUNT: not yet */
    int64_t sent, failed, dropped;
};

static const char *kind_name(enum store_mail_kind kind)
{
    return kind == STORE_MAIL_SIGN_UP ? "sign_up" : "reset";
}

/* A line about a mail, which never has its address. */
static void mail_log(enum log_level level, const char *event, const struct store_mail *mail, const char *detail)
{
    struct log_line l;

    log_begin(&l, level, event);
    log_int(&l, "mail", mail->id);
    log_str(&l, "kind", kind_name(mail->kind));
    log_int(&l, "tries", mail->tries);
    if (detail != NULL)
        log_str(&l, "detail", detail);
    log_end(&l);
}

/* Records that a mail is done. Giving up early would send it a second time. */
static enum err mail_note(struct mailer *m, enum err (*note)(struct store *, int64_t), int64_t id)
{
    enum err e = ERR_BUSY;

    for (int i = 0; i < NOTE_TRIES && e == ERR_BUSY; i++)
        e = note(m->c->store, id);
    return e;
}

/* Writes the letter and hands it over. */
static enum err letter_send(struct mailer *m, enum letter letter, const char *to, const char *secret, struct why *why)
{
    enum err e;

    buf_reset(m->message);
    e = letter_write(m->message, letter, &m->c->conf, to, secret, clock_wall_s(), why);
    if (e == OK)
        e = sendmail_run(&m->program, buf_data(m->message), buf_len(m->message), DEADLINE_MS, why);
    else if (why->text[0] == '\0')
        (void)err_why(why, e, "the email: %s", err_str(e));
    buf_reset(m->message);
    return e;
}

/* One mail. Not OK: the store failed. */
static enum err mail_do(struct mailer *m, const struct store_mail *mail)
{
    enum letter letter = mail->kind == STORE_MAIL_SIGN_UP ? LETTER_CONFIRM : LETTER_RESET;
    char secret[SECRET_CHARS + 1];
    uint8_t hash[DIGEST_BYTES];
    struct why why = {""};
    enum err e = ctl_secret_make(secret, hash);

    if (e == OK)
        e = store_mail_link(m->c->store, mail->id, hash);
    if (e == ERR_NOT_FOUND) { /* nobody has the address; whoever asked is told nothing */
        m->dropped++;
        mail_log(LOG_DEBUG, "mail_dropped", mail, NULL);
        return mail_note(m, store_mail_sent, mail->id);
    }
    if (e == ERR_EXISTS) {
        letter = LETTER_TAKEN;
        e = OK;
    }
    if (e != OK)
        goto out;
    e = letter_send(m, letter, mail->email, secret, &why);
    if (e == OK) {
        m->sent++;
        mail_log(LOG_INFO, "mail_sent", mail, NULL);
        e = mail_note(m, store_mail_sent, mail->id);
    } else {
        m->failed++;
        mail_log(LOG_WARN, "mail_failed", mail, why.text);
        e = mail_note(m, store_mail_failed, mail->id);
    }
out:
    explicit_bzero(secret, sizeof(secret));
    return e;
}

/* Whether it is to end, after waiting so long. */
static bool told_to_end(const struct mailer *m, int wait_s)
{
    const struct timespec wait = {.tv_sec = wait_s};

    return sigtimedwait(&m->signals, NULL, &wait) > 0;
}

/* Sends all mail that is due; *end: it was told to stop before that. Not OK: the store failed. */
static enum err round_do(struct mailer *m, bool *end)
{
    struct store_mail mail;
    enum err e = OK;

    while (e == OK && !(*end = told_to_end(m, 0))) {
        e = store_mail_next(m->c->store, &mail);
        if (e == OK)
            e = mail_do(m, &mail);
    }
    return e == ERR_NOT_FOUND ? OK : e;
}

/* Opens the database if it is not open. Each change of state is reported once. */
static enum err database_open(struct mailer *m)
{
    struct why why = {""};
    enum err e;

    if (m->c->store != NULL)
        return OK;
    e = store_open(&m->c->store, m->c->conf.database, &why);
    if (e != m->opened && e == OK)
        log_text(LOG_INFO, "mail_ready", m->program.argv[0]);
    else if (e != m->opened)
        log_text(LOG_WARN, "database_closed", why.text);
    m->opened = e;
    return e;
}

static enum ctl_status run_for_ever(struct mailer *m)
{
    bool end = false;

    while (!end) {
        enum err e = database_open(m);

        if (e == OK)
            e = round_do(m, &end);
        if (e != OK && e != ERR_BUSY) { /* another file lies there by now, perhaps */
            store_close(m->c->store);
            m->c->store = NULL;
        }
        end = end || told_to_end(m, POLL_S);
    }
    log_text(LOG_INFO, "mail_ended", "stopped by a signal");
    return CTL_DONE;
}

static enum ctl_status run_once(struct mailer *m)
{
    bool end = false;
    struct why why = {""};
    enum err e = store_open(&m->c->store, m->c->conf.database, &why);

    if (e == OK)
        e = round_do(m, &end);
    if (e != OK)
        return ctl_fail_err(e, "the outbox", &why);
    if (end)
        return ctl_fail(CTL_FAILED, "stopped before everything was sent");
    return m->failed > 0 ? CTL_FAILED : CTL_DONE;
}

static void report(const struct mailer *m)
{
    struct json *v;

    if (!m->c->opt.json) {
        ctl_say("sent %lld, failed %lld, dropped %lld", (long long)m->sent, (long long)m->failed,
                (long long)m->dropped);
        return;
    }
    v = json_new_object();
    json_set_int(v, "sent", m->sent);
    json_set_int(v, "failed", m->failed);
    json_set_int(v, "dropped", m->dropped);
    (void)ctl_print(v);
}

/* Two would send everything twice. */
static enum err instance_lock(struct mailer *m, struct why *why)
{
    const char *database = m->c->conf.database;
    char path[CONF_TEXT_MAX + 16], dir[CONF_TEXT_MAX + 2];
    enum err e;

    ctl_directory_of(database, dir);
    (void)snprintf(path, sizeof(path), "%s.mail-lock", database);
    e = lock_take(path, access(database, F_OK) == 0 ? database : dir, &m->lock_fd, why);
    return e == ERR_BUSY ? err_why(why, e, "%s: another `digitctl mail run` is running", path) : e;
}

static void signals_block(struct mailer *m)
{
    sigset_t blocked;

    (void)sigemptyset(&m->signals);
    (void)sigaddset(&m->signals, SIGTERM);
    (void)sigaddset(&m->signals, SIGINT);
    (void)sigaddset(&m->signals, SIGHUP);
    blocked = m->signals;
    (void)sigaddset(&blocked, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &blocked, NULL);
    (void)signal(SIGCHLD, SIG_DFL); /* one that a parent ignored would never be told */
}

enum ctl_status ctl_mail_run(struct ctl *c)
{
    struct mailer m = {.c = c, .lock_fd = -1, .opened = ERR_COUNT};
    enum ctl_status status;
    struct why why = {""};
    enum err e = sendmail_parse(&m.program, c->conf.mail_command, &why);

    if (e == OK)
        e = letter_check_from(&c->conf, &why);
    if (e != OK)
        return ctl_fail(CTL_FAILED, "%s", why.text);
    e = instance_lock(&m, &why);
    if (e != OK)
        return ctl_fail_err(e, "the lock", &why);
    m.message = buf_new(LETTER_BYTES_MAX);
    if (m.message == NULL) {
        status = ctl_fail_err(ERR_NOMEM, "the email", NULL);
    } else {
        signals_block(&m);
        log_init(STDERR_FILENO, (enum log_level)log_level_parse(c->conf.log_level));
        status = c->opt.once ? run_once(&m) : run_for_ever(&m);
        report(&m);
    }
    buf_free(m.message);
    (void)close(m.lock_fd);
    return status;
}
