/* digitctl user add|list|show|disable|enable|reset|delete. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/history/store_history.h"
#include "store/store_mail.h"
#include "ctl_ask.h"
#include "ctl_parts.h"

/* A hash that no password matches (password/password.h): the account waits for its link. */
#define NO_PASSWORD "*"

/* Makes a link that sets a password. */
static enum ctl_status link_make(struct ctl *c, int64_t user_id, char link[LINK_BYTES_MAX])
{
    char secret[SECRET_CHARS + 1];
    uint8_t hash[DIGEST_BYTES];
    enum err e = ctl_secret_make(secret, hash);

    if (e == OK)
        e = store_link_reset_add(c->store, hash, user_id);
    if (e == OK)
        ctl_link_text(&c->conf, "reset", secret, link);
    explicit_bzero(secret, sizeof(secret));
    return e == OK ? CTL_DONE : ctl_fail_err(e, "the link", NULL);
}

/* user, and with it the link where there is one. */
static enum ctl_status user_print(const struct store_user *user, const char *link)
{
    struct json *v = json_new_object();

    ctl_set_user(json_set_object(v, "user"), user);
    if (link != NULL) {
        json_set_str(v, "link", link);
        json_set_time(v, "link_expires_at", clock_wall_s() + STORE_RESET_S);
    }
    return ctl_print(v);
}

/* The hash of a password that was asked for and will do. */
static enum ctl_status password_make(struct ctl *c, const char *email, char hash[PASSWORD_HASH_MAX])
{
    struct answer a;
    struct why why = {""};
    enum err e = ask_password(c->opt.password_stdin, &a, &why);

    if (e != OK)
        return ctl_fail(CTL_FAILED, "%s%s", why.text,
                        e == ERR_IO && !c->opt.password_stdin ? "; use --password-stdin or --link" : "");
    e = password_check_new(a.text, a.n, c->conf.password_min_length, email, &why);
    if (e == OK)
        e = password_hash(a.text, a.n, c->conf.password_cost, hash);
    explicit_bzero(&a, sizeof(a));
    return e == OK ? CTL_DONE : ctl_fail_err(e, "the password", &why);
}

static enum ctl_status user_added(struct ctl *c)
{
    char link[LINK_BYTES_MAX] = "";
    enum ctl_status status = c->opt.link ? link_make(c, c->user.id, link) : CTL_DONE;

    if (status != CTL_DONE)
        return status;
    if (c->opt.json) {
        status = user_print(&c->user, c->opt.link ? link : NULL);
    } else if (c->opt.link) {
        ctl_say("%s", link);
        ctl_note("account %lld created for %s; the link sets its password, works once and expires in an hour",
                 (long long)c->user.id, c->user.email);
    } else {
        ctl_say("account %lld created for %s", (long long)c->user.id, c->user.email);
    }
    explicit_bzero(link, sizeof(link));
    return status;
}

enum ctl_status ctl_user_add(struct ctl *c)
{
    char email[STORE_EMAIL_MAX + 1], hash[PASSWORD_HASH_MAX] = NO_PASSWORD;
    enum ctl_status status = CTL_DONE;
    enum err e = store_email_normalise(c->arg[0], strlen(c->arg[0]), email);

    if (c->opt.link && c->opt.password_stdin)
        return ctl_fail(CTL_USAGE, "--link and --password-stdin cannot be used together");
    if (e != OK)
        return ctl_fail(CTL_USAGE, "\"%.60s\" is not an email address such as you@example.org", c->arg[0]);
    e = store_user_by_email(c->store, email, &c->user); /* before anybody types a password */
    if (e == ERR_NOT_FOUND && !c->opt.link)
        status = password_make(c, email, hash);
    if (status != CTL_DONE)
        return status;
    if (e == ERR_NOT_FOUND)
        e = store_user_add(c->store, email, hash, &c->user);
    else if (e == OK)
        e = ERR_EXISTS;
    explicit_bzero(hash, sizeof(hash));
    if (e == ERR_EXISTS)
        return ctl_fail(CTL_FAILED, "%s already has an account", email);
    return e == OK ? user_added(c) : ctl_fail_err(e, "the account", NULL);
}

static bool user_row(const struct store_user *user, void *ctx)
{
    struct listing *l = ctx;
    char made[TIME_CHARS_MAX];
    struct json *v;

    if (!l->json) {
        ctl_say("%-7lld %s  %-8s  %s", (long long)user->id, ctl_time(user->created_at_s, made),
                user->disabled ? "disabled" : "active", user->email);
        return ferror(stdout) == 0;
    }
    v = json_new_object();
    ctl_set_user(v, user);
    return listing_print(l, v);
}

enum ctl_status ctl_user_list(struct ctl *c)
{
    struct listing l = {.json = c->opt.json, .status = CTL_DONE};

    return listing_end(&l, store_user_each(c->store, c->arg[0], 0, user_row, &l), "the accounts");
}

static bool count_session(const struct store_session *row, void *ctx)
{
    (void)row;
    ++*(int64_t *)ctx;
    return true;
}

static bool count_token(const struct store_token *row, void *ctx)
{
    (void)row;
    ++*(int64_t *)ctx;
    return true;
}

enum ctl_status ctl_user_show(struct ctl *c)
{
    const struct store_session_rule rule = store_session_rule_of(&c->conf);
    int64_t sessions = 0, tokens = 0;
    struct store_user user;
    bool has_password;
    char made[TIME_CHARS_MAX];
    enum err e = store_session_each(c->store, c->user.id, &rule, NULL, count_session, &sessions);

    if (e == OK)
        e = store_token_each(c->store, c->user.id, count_token, &tokens);
    if (e == OK)
        e = store_user_by_id(c->store, c->user.id, &user);
    if (e != OK)
        return ctl_fail_err(e, "the account", NULL);
    has_password = strcmp(user.password_hash, NO_PASSWORD) != 0;
    explicit_bzero(&user, sizeof(user));
    if (c->opt.json) {
        struct json *v = json_new_object();

        ctl_set_user(v, &c->user);
        json_set_bool(v, "has_password", has_password);
        json_set_int(v, "sessions", sessions);
        json_set_int(v, "tokens", tokens);
        return ctl_print(v);
    }
    ctl_say("id        %lld\naddress   %s\ncreated   %s\nstate     %s\npassword  %s\nsessions  %lld\ntokens    %lld",
            (long long)c->user.id, c->user.email, ctl_time(c->user.created_at_s, made),
            c->user.disabled ? "disabled" : "active", has_password ? "set" : "not set yet", (long long)sessions,
            (long long)tokens);
    return CTL_DONE;
}

static enum ctl_status disabled_set(struct ctl *c, bool disabled)
{
    enum err e = store_user_set_disabled(c->store, c->user.id, disabled);

    if (e != OK)
        return ctl_fail_err(e, "the account", NULL);
    c->user.disabled = disabled;
    if (c->opt.json)
        return user_print(&c->user, NULL);
    ctl_say("account %lld (%s) is %s", (long long)c->user.id, c->user.email,
            disabled ? "disabled and its sessions are ended" : "enabled");
    return CTL_DONE;
}

enum ctl_status ctl_user_disable(struct ctl *c)
{
    return disabled_set(c, true);
}

enum ctl_status ctl_user_enable(struct ctl *c)
{
    return disabled_set(c, false);
}

enum ctl_status ctl_user_reset(struct ctl *c)
{
    char link[LINK_BYTES_MAX] = "";
    enum ctl_status status;

    if (c->user.disabled)
        return ctl_fail(CTL_FAILED, "the account is disabled; run `digitctl user enable %s` first", c->user.email);
    status = link_make(c, c->user.id, link);
    if (status == CTL_DONE && c->opt.json) {
        status = user_print(&c->user, link);
    } else if (status == CTL_DONE) {
        ctl_say("%s", link);
        ctl_note("the link sets a new password for %s and ends all sessions; it works once and expires in an hour",
                 c->user.email);
    }
    explicit_bzero(link, sizeof(link));
    return status;
}

/* Asks for the address once more: there is no way back. */
static enum ctl_status delete_confirm(struct ctl *c)
{
    char prompt[STORE_EMAIL_MAX + 80], email[STORE_EMAIL_MAX + 1];
    struct answer a;
    struct why why = {""};

    (void)snprintf(prompt, sizeof(prompt), "Delete %s and all its data? Type the address: ", c->user.email);
    if (ask_line(prompt, &a, &why) != OK)
        return ctl_fail(CTL_FAILED, "%s: nothing was deleted; --yes deletes without asking", why.text);
    if (store_email_normalise(a.text, a.n, email) != OK || strcmp(email, c->user.email) != 0)
        return ctl_fail(CTL_FAILED, "the address does not match: nothing was deleted");
    return CTL_DONE;
}

enum ctl_status ctl_user_delete(struct ctl *c)
{
    enum ctl_status status = c->opt.yes ? CTL_DONE : delete_confirm(c);
    enum err e;

    if (status != CTL_DONE)
        return status;
    e = store_user_delete(c->store, c->user.id);
    if (e != OK)
        return ctl_fail_err(e, "the account", NULL);
    if (c->opt.json)
        return user_print(&c->user, NULL);
    ctl_say("account %lld (%s) and all its data were deleted", (long long)c->user.id, c->user.email);
    return CTL_DONE;
}
