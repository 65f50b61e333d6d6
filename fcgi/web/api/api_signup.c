/* POST /signup, POST /account/confirm.
 *
 * With mail on, the reply and the work are the same whether or not the address is taken: one row in the outbox. No
 * password is kept, because the sender may not own the address: whoever opens the link chooses the password. With mail
 * off nobody can be told in private, so a taken address is 409. */
#include <string.h>

#include "store/store_mail.h"
#include "web/http/page.h"
#include "web/session.h"
#include "web/throttle.h"
#include "account.h"
#include "routes.h"

static bool is_open(struct call *c)
{
    if (strcmp(c->app->conf->sign_up, "closed") != 0)
        return true;
    call_problem(c, PROBLEM_SIGN_UP_CLOSED, "Ask the site's administrator for an account.");
    return false;
}

/* SHA-256 of the invitation's code, if sign-up needs one: *invite is hash, or NULL. A pasted code may have spaces
 * around it. False: it has replied. */
static bool invitation_read(struct call *c, const struct field *f, uint8_t hash[DIGEST_BYTES], const uint8_t **invite)
{
    static const char space[] = " \t\r\n";
    const char *code = f->given ? f->text : "";
    size_t n;
    enum err e;

    *invite = NULL;
    if (strcmp(c->app->conf->sign_up, "invitation") != 0)
        return true;
    code += strspn(code, space);
    n = strlen(code);
    while (n > 0 && strchr(space, code[n - 1]) != NULL)
        n--;
    session_token_hash(code, n, hash);
    *invite = hash;
    call_phase(c, PHASE_DATABASE);
    e = n == 0 ? ERR_NOT_FOUND : store_invite_check(c->app->store, hash);
    if (e == ERR_NOT_FOUND)
        call_problem(c, PROBLEM_BAD_INVITATION,
                     n == 0 ? "Enter your invitation code." : "This code is unknown, used up or expired.");
    else if (e != OK)
        call_store_failed(c, "invite_check", e);
    return e == OK;
}

/* Looks the address up, so that a taken one costs no hash; the UNIQUE column decides in the end (R54). */
static bool address_is_free(struct call *c, const char *email)
{
    struct store_user user;
    enum err e;

    call_phase(c, PHASE_DATABASE);
    e = store_user_by_email(c->app->store, email, &user);
    explicit_bzero(&user, sizeof(user));
    if (e == OK)
        call_problem(c, PROBLEM_ADDRESS_TAKEN, "Log in with it, or sign up with a different address.");
    else if (e != ERR_NOT_FOUND)
        call_store_failed(c, "user_by_email", e);
    return e == ERR_NOT_FOUND;
}

/* The account has been made, or why not. */
static void account_made(struct call *c, enum err e, const char *what)
{
    switch (e) {
    case OK:
        account_event(c, "signed_up", c->user.id);
        account_session_begin(c, 201);
        break;
    case ERR_EXISTS:
        call_problem(c, PROBLEM_ADDRESS_TAKEN, "Log in with it, or sign up with a different address.");
        break;
    case ERR_DENIED:
        call_problem(c, PROBLEM_BAD_INVITATION, "The invitation has been used up or has expired in the meantime.");
        break;
    default:
        call_store_failed(c, what, e);
    }
}

static void make_now(struct call *c, const char *email, const struct field *password, const uint8_t *invite)
{
    char hash[PASSWORD_HASH_MAX];
    enum err e;

    if (!address_is_free(c, email) || !account_hash(c, password, hash))
        return;
    e = invite == NULL ? store_user_add(c->app->store, email, hash, &c->user)
                       : store_user_add_invited(c->app->store, email, hash, invite, &c->user);
    explicit_bzero(hash, sizeof(hash));
    account_made(c, e, "user_add");
}

static void make_by_mail(struct call *c, const char *email, const uint8_t *invite)
{
    struct json *v;
    enum err e;

    if (!throttle_mail(c, email))
        return;
    e = store_mail_put(c->app->store, STORE_MAIL_SIGN_UP, email, invite);
    if (e != OK) {
        call_store_failed(c, "mail_put", e);
        return;
    }
    account_event(c, "sign_up_asked", 0);
    if (request_wants_html(c->req)) {
        page_tell(c->app->reply, c->req, 202, "A mail is on its way.",
                  "Open the link in it to choose a password. It works for a day and needs a browser with JavaScript.");
        return;
    }
    v = json_new_object();
    json_set_str(v, "email", email);
    reply_status(c->app->reply, 202);
    reply_json(c->app->reply, v);
}

void api_signup(struct call *c)
{
    struct json *v = NULL;
    const bool mail = account_mail_on(c->app->conf); /* a password that comes all the same is not looked at */
    struct field f[] = {
        {.name = "email"}, {.name = "password", .optional = mail}, {.name = "invitation", .optional = true}};
    char email[STORE_EMAIL_MAX + 1];
    uint8_t hash[DIGEST_BYTES];
    const uint8_t *invite;

    if (!is_open(c) || !fields_read(c, &v, f, 3) || !account_address(c, &f[0], email) ||
        (!mail && !account_new_password(c, &f[1], email)) || !invitation_read(c, &f[2], hash, &invite))
        goto out;
    if (mail)
        make_by_mail(c, email, invite);
    else
        make_now(c, email, &f[1], invite);
out:
    json_free(v);
}

static void link_failed(struct call *c, enum err e)
{
    if (e == ERR_NOT_FOUND)
        call_problem(c, PROBLEM_LINK_DEAD, "It has been used already, or is more than a day old. Sign up again.");
    else
        call_store_failed(c, "link_sign_up", e);
}

/* A click on the page that the mailed link opens. Opening the link alone does nothing, because mail scanners follow
 * links. A bad link costs no hash. */
void api_confirm(struct call *c)
{
    struct json *v = NULL;
    struct field f[] = {{.name = "token"}, {.name = "password"}};
    char email[STORE_EMAIL_MAX + 1], hash[PASSWORD_HASH_MAX];
    uint8_t link[DIGEST_BYTES];
    enum err e;

    if (!fields_read(c, &v, f, 2))
        goto out;
    session_token_hash(f[0].text, f[0].n, link);
    call_phase(c, PHASE_DATABASE);
    e = store_link_sign_up(c->app->store, link, email);
    if (e != OK) {
        link_failed(c, e);
        goto out;
    }
    if (!account_new_password(c, &f[1], email) || !account_hash(c, &f[1], hash))
        goto out;
    e = store_link_confirm(c->app->store, link, hash, &c->user);
    explicit_bzero(hash, sizeof(hash));
    if (e == ERR_NOT_FOUND)
        link_failed(c, e);
    else
        account_made(c, e, "link_confirm");
out:
    json_free(v);
}
