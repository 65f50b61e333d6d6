/* POST /account/password, /account/forgot, /account/reset. */
#include <string.h>

#include "store/store_mail.h"
#include "web/session.h"
#include "web/throttle.h"
#include "account.h"
#include "routes.h"

/* R55, R58: needs the current password; ends every session; this browser gets a new one. */
void api_password_change(struct call *c)
{
    struct json *v = NULL;
    struct field f[] = {{.name = "current"}, {.name = "new"}};
    char hash[PASSWORD_HASH_MAX];
    enum err e;

    if (!fields_read(c, &v, f, 2) || !account_new_password(c, &f[1], c->user.email) ||
        !account_current_password(c, &f[0]) || !account_hash(c, &f[1], hash))
        goto out;
    e = store_user_change_password(c->app->store, c->user.id, c->user.password_hash, hash);
    memcpy(c->user.password_hash, hash, sizeof(hash));
    explicit_bzero(hash, sizeof(hash));
    if (e == OK) {
        account_event(c, "password_changed", c->user.id);
        account_session_begin(c, 200);
    } else if (e == ERR_NOT_FOUND) { /* a reset, or a change in another browser, came first and wins */
        call_problem(c, PROBLEM_LOG_IN_FIRST, "The account has just been changed. Log in, then try again.");
    } else {
        call_store_failed(c, "change_password", e);
    }
out:
    json_free(v);
}

/* The same reply after the same work, whether or not the address has an account: `digitctl mail run` finds that out. */
void api_password_forgot(struct call *c)
{
    struct json *v = NULL;
    struct field f[] = {{.name = "email"}};
    char email[STORE_EMAIL_MAX + 1];
    struct json *reply;
    enum err e;

    if (!fields_read(c, &v, f, 1) || !account_address(c, &f[0], email))
        goto out;
    if (!account_mail_on(c->app->conf)) {
        call_problem(c, PROBLEM_MAIL_OFF,
                     "Ask the site's administrator: `digitctl user reset ADDRESS` prints a link for you.");
        goto out;
    }
    if (!throttle_mail(c, email))
        goto out;
    e = store_mail_put(c->app->store, STORE_MAIL_RESET, email, NULL);
    if (e != OK) {
        call_store_failed(c, "mail_put", e);
        goto out;
    }
    account_event(c, "reset_asked", 0);
    reply = json_new_object();
    json_set_str(reply, "email", email);
    reply_status(c->app->reply, 202);
    reply_json(c->app->reply, reply);
out:
    json_free(v);
}

static void link_failed(struct call *c, enum err e)
{
    if (e == ERR_NOT_FOUND)
        call_problem(c, PROBLEM_LINK_DEAD, "It has been used already or has expired. Request a new one.");
    else
        call_store_failed(c, "link_reset", e);
}

/* The owner then logs in with the new password: the link alone does not begin a session. A bad link costs no hash. */
void api_password_reset(struct call *c)
{
    struct json *v = NULL;
    struct field f[] = {{.name = "token"}, {.name = "password"}};
    uint8_t link[DIGEST_BYTES];
    char hash[PASSWORD_HASH_MAX];
    struct store_user user;
    enum err e;

    if (!fields_read(c, &v, f, 2))
        goto out;
    session_token_hash(f[0].text, f[0].n, link);
    call_phase(c, PHASE_DATABASE);
    e = store_link_reset_user(c->app->store, link, &user);
    if (e != OK) {
        link_failed(c, e);
        goto out;
    }
    if (!account_new_password(c, &f[1], user.email) || !account_hash(c, &f[1], hash))
        goto out;
    e = store_link_reset_use(c->app->store, link, hash);
    explicit_bzero(hash, sizeof(hash));
    if (e != OK) {
        link_failed(c, e);
        goto out;
    }
    throttle_forgive(c, user.email);
    account_event(c, "password_reset", user.id);
    reply_empty(c->app->reply, 204);
out:
    json_free(v);
}
