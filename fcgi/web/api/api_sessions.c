/* GET and DELETE /account/sessions, DELETE /account/sessions/{id} (R60: an ended session is 401 on every worker at
 * once). */
#include "web/session.h"
#include "account.h"
#include "routes.h"

void api_sessions(struct call *c)
{
    struct json *v = json_new_object();
    enum err e;

    call_phase(c, PHASE_DATABASE);
    e = account_add_sessions(c, json_set_array(v, "sessions"), NULL);
    if (e != OK) {
        json_free(v);
        call_store_failed(c, "sessions", e);
        return;
    }
    reply_status(c->app->reply, 200);
    reply_json(c->app->reply, v);
}

void api_session_end(struct call *c)
{
    enum err e;

    call_phase(c, PHASE_DATABASE);
    e = store_session_end_id(c->app->store, c->user.id, c->id);
    if (e == ERR_NOT_FOUND) {
        call_problem(c, PROBLEM_NOT_FOUND, "This session has already ended.");
        return;
    }
    if (e != OK) {
        call_store_failed(c, "session_end_id", e);
        return;
    }
    account_event_of(c, "session_ended", "session", c->id);
    reply_empty(c->app->reply, 204);
}

/* Log out everywhere: this browser too. */
void api_sessions_end(struct call *c)
{
    char cookie[SESSION_COOKIE_MAX];
    int64_t n = 0;
    enum err e;

    call_phase(c, PHASE_DATABASE);
    e = store_session_end_all(c->app->store, c->user.id, NULL, &n);
    if (e != OK) {
        call_store_failed(c, "session_end_all", e);
        return;
    }
    account_event_of(c, "logged_out_everywhere", "sessions", n);
    session_cookie_clear(c->origin, cookie);
    reply_empty(c->app->reply, 204);
    reply_header(c->app->reply, "Set-Cookie", cookie);
}
