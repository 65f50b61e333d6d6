/* digitctl check: a health check. Looks at everything that administrators get wrong sooner or later, changes nothing,
 * and prints one line for each finding. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/store_mail.h"
#include "ctl_check_files.h"
#include "ctl_letter.h"
#include "ctl_sendmail.h"

enum { MAIL_LATE_S = 3600 };

static bool check_settings(struct check *k)
{
    struct why why = {""};

    if (ctl_settings_read(k->c, &why) != OK) {
        check_tell(k, LEVEL_BAD, "settings", "%s", why.text);
        return false;
    }
    check_tell(k, LEVEL_OK, "settings", "%s",
               k->c->conf_path != NULL ? k->c->conf_path : "no settings file: using defaults and the environment");
    return true;
}

/* Passwords and cookies sent over a network unencrypted (R62). */
static void check_site(struct check *k)
{
    static const char *const local[] = {"localhost", "127.0.0.1", "[::1]"};
    const struct conf *conf = &k->c->conf;
    bool plain = false;

    for (int i = 0; i < conf->n_origins; i++) {
        const struct conf_origin *o = &conf->origins[i];
        bool near = o->https;

        for (size_t j = 0; j < sizeof(local) / sizeof(local[0]); j++) {
            size_t n = strlen(local[j]);

            near = near || (strncmp(o->host, local[j], n) == 0 && (o->host[n] == '\0' || o->host[n] == ':'));
        }
        if (!near)
            check_tell(k, LEVEL_WARN, "site_url", "%s: passwords and cookies are sent unencrypted", o->origin);
        plain = plain || !near;
    }
    if (!plain)
        check_tell(k, LEVEL_OK, "site_url", "%s", conf->site_url);
}

static void tell_damage(void *ctx, const char *finding)
{
    check_tell(ctx, LEVEL_BAD, "integrity", "%s", finding);
}

struct counts {
    char text[400];
    size_t n;
};

static bool add_count(const char *table, int64_t n, void *ctx)
{
    struct counts *counts = ctx;
    int len = snprintf(counts->text + counts->n, sizeof(counts->text) - counts->n, "%s%s %lld",
                       counts->n > 0 ? ", " : "", table, (long long)n);

    counts->n += len > 0 ? (size_t)len : 0;
    return counts->n < sizeof(counts->text);
}

/* Opening checks the schema, WAL, synchronous=FULL and the rest of R70. */
static void check_database(struct check *k)
{
    struct why why = {""};
    struct counts counts = {"", 0};
    int bad = k->count[LEVEL_BAD];
    enum err e = store_open(&k->c->store, k->c->conf.database, &why);

    if (e != OK) {
        check_tell(k, LEVEL_BAD, "database", "%s", why.text);
        return;
    }
    check_tell(k, LEVEL_OK, "database", "%s: schema, WAL, synchronous=FULL, STRICT tables, foreign keys",
               k->c->conf.database);
    e = store_check_writable(k->c->store);
    if (e != OK)
        check_tell(k, LEVEL_BAD, "database", "not writable: %s", err_str(e));
    e = store_check_integrity(k->c->store, tell_damage, k);
    if (e != OK)
        check_tell(k, LEVEL_BAD, "integrity", "cannot be checked: %s", err_str(e));
    else if (k->count[LEVEL_BAD] == bad)
        check_tell(k, LEVEL_OK, "integrity", "all pages, indexes and references are sound");
    if (store_count_each(k->c->store, add_count, &counts) == OK)
        check_tell(k, LEVEL_OK, "rows", "%s", counts.text);
}

static void check_outbox(struct check *k)
{
    struct store_mail mail;
    char since[TIME_CHARS_MAX];
    enum err e = k->c->store == NULL ? ERR_NOT_FOUND : store_mail_next(k->c->store, &mail);

    if (e == OK && clock_wall_s() - mail.created_at_s > MAIL_LATE_S)
        check_tell(k, LEVEL_WARN, "outbox", "email has been waiting since %s: is `digitctl mail run` running?",
                   ctl_time(mail.created_at_s, since));
    else if (e == OK || e == ERR_NOT_FOUND)
        check_tell(k, LEVEL_OK, "outbox", "no email is overdue");
    else
        check_tell(k, LEVEL_BAD, "outbox", "%s", err_str(e));
}

static void check_mail(struct check *k)
{
    const struct conf *conf = &k->c->conf;
    struct sendmail program;
    struct why why = {""};
    enum err e = sendmail_parse(&program, conf->mail_command, &why);

    if (e == ERR_NOT_FOUND) {
        check_tell(k, LEVEL_OK, "mail", "off; `digitctl user reset` prints reset links");
        return;
    }
    if (e == OK)
        e = letter_check_from(conf, &why);
    if (e == OK && access(program.argv[0], X_OK) != 0)
        e = err_why(&why, ERR_IO, "mail_command: cannot run %s", program.argv[0]);
    check_tell(k, e == OK ? LEVEL_OK : LEVEL_BAD, "mail", "%s", e == OK ? program.argv[0] : why.text);
    check_outbox(k);
}

enum ctl_status ctl_check(struct ctl *c)
{
    static void (*const parts[])(struct check *) = {check_site, check_run_dir, check_files, check_database,
                                                    check_disk, check_weights, check_mail};
    struct check k = {.c = c};

    if (check_settings(&k))
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
            parts[i](&k);
    if (!c->opt.json)
        ctl_say("%d ok, %d warn, %d bad", k.count[LEVEL_OK], k.count[LEVEL_WARN], k.count[LEVEL_BAD]);
    return k.count[LEVEL_BAD] > 0 ? CTL_FAILED : CTL_DONE;
}
