/* GET, PATCH and DELETE /account, GET /account/export. */
#include <string.h>

#include "base/clock.h"
#include "web/session.h"
#include "account.h"
#include "history.h"
#include "routes.h"

/* The member learn: whether the site may learn from the user's digits. */
static enum err set_learn(struct call *c, struct json *v)
{
    bool learn;
    enum err e = store_user_learn(c->app->store, c->user.id, &learn);

    json_set_bool(v, "learn", learn);
    return e;
}

void api_account(struct call *c)
{
    struct json *v = json_new_object(), *counts;
    struct store_history_counts history = {0};
    int64_t sessions = 0, tokens = 0;
    enum err e;

    call_phase(c, PHASE_DATABASE);
    e = account_add_sessions(c, NULL, &sessions);
    if (e == OK)
        e = account_add_tokens(c, NULL, &tokens);
    if (e == OK)
        e = store_history_count(c->app->store, c->user.id, &history);
    if (e == OK)
        e = set_learn(c, v);
    if (e != OK) {
        json_free(v);
        call_store_failed(c, "account", e);
        return;
    }
    account_set_user(v, &c->user);
    counts = json_set_object(v, "counts");
    json_set_int(counts, "sessions", sessions);
    json_set_int(counts, "tokens", tokens);
    json_set_int(counts, "history", history.kept);
    json_set_bool(v, "mail", account_mail_on(c->app->conf));
    reply_status(c->app->reply, 200);
    reply_json(c->app->reply, v);
}

void api_account_change(struct call *c)
{
    struct json *v = NULL, *reply;
    struct field f[] = {{.name = "learn", .kind = FIELD_BOOL}};
    enum err e;

    if (!fields_read(c, &v, f, 1))
        goto out;
    call_phase(c, PHASE_DATABASE);
    e = store_user_set_learn(c->app->store, c->user.id, f[0].yes);
    reply = json_new_object();
    if (e == OK)
        e = set_learn(c, reply);
    if (e == OK) {
        account_event(c, f[0].yes ? "learn_allowed" : "learn_forbidden", c->user.id);
        reply_status(c->app->reply, 200);
        reply_json(c->app->reply, reply);
        goto out;
    }
    json_free(reply);
    if (e == ERR_NOT_FOUND) /* deleted a moment ago */
        call_problem(c, PROBLEM_LOG_IN_FIRST, "Log in, then try again.");
    else
        call_store_failed(c, "user_set_learn", e);
out:
    json_free(v);
}

/* R55: asks for the password. All that is the user's goes with the row. */
void api_account_delete(struct call *c)
{
    struct json *v = NULL;
    struct field f[] = {{.name = "password"}};
    char cookie[SESSION_COOKIE_MAX];
    enum err e;

    if (!fields_read(c, &v, f, 1) || !account_current_password(c, &f[0]))
        goto out;
    e = store_user_delete(c->app->store, c->user.id);
    if (e != OK && e != ERR_NOT_FOUND) {
        call_store_log(c, "user_delete", e);
        call_store_problem(c, e,
                           "The account is still there, but some of its history may be deleted. Try again later.");
        goto out;
    }
    account_event(c, "account_deleted", c->user.id);
    session_cookie_clear(c->origin, cookie);
    reply_empty(c->app->reply, 204);
    reply_header(c->app->reply, "Set-Cookie", cookie);
out:
    json_free(v);
}

/* Everything that is stored about the user, as a file. It has no hashes of passwords or tokens, which are of no use to
 * their owner. */
void api_account_export(struct call *c)
{
    static const struct store_history_filter all = {-1, -1, -1};
    struct buf *out = buf_new(HISTORY_EXPORT_BYTES_MAX);
    struct json *v = json_new_object();
    enum err e;

    json_set_time(v, "exported_at", clock_wall_s());
    account_set_user(v, &c->user);
    call_phase(c, PHASE_DATABASE);
    e = set_learn(c, v);
    if (e == OK)
        e = account_add_sessions(c, json_set_array(v, "sessions"), NULL);
    if (e == OK)
        e = account_add_tokens(c, json_set_array(v, "tokens"), NULL);
    if (e == OK && out == NULL)
        e = ERR_NOMEM;
    if (e == OK) {
        e = history_write_json(c, &all, v, out);
        v = NULL;
    }
    if (e != OK) {
        buf_free(out);
        json_free(v);
        call_store_failed(c, "account_export", e);
        return;
    }
    account_event(c, "exported", c->user.id);
    reply_status(c->app->reply, 200);
    reply_header(c->app->reply, "Content-Disposition", "attachment; filename=\"digitd-account.json\"");
    reply_take(c->app->reply, "application/json", out);
}
