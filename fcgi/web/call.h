/* One request while it is being answered: what the dispatcher found out, and what handlers need of it. */
#ifndef DIGITD_WEB_CALL_H
#define DIGITD_WEB_CALL_H

#include "web/http/problems.h"
#include "app.h"

struct route;

struct call {
    struct app *app;
    struct request *req;
    const struct route *route;          /* NULL until found */
    const struct conf_origin *origin;   /* the one of ours that the Host header names; NULL in the health pool */
    int64_t id;                         /* what stood for {id} in the path; 0: nothing */
    struct store_user user;             /* whose session or token it is, or who has just logged in; id 0: nobody */
    uint8_t session_hash[DIGEST_BYTES]; /* where a session was needed and no token came */
    int64_t token_id;                   /* the API token that it came with; 0: none */
    int token_scopes;                   /* its STORE_SCOPE_... or-ed */

    enum phase phase;
    int64_t began_us, phase_began_us, phase_us[PHASE_COUNT];
};

/* Enters a phase: for the scoreboard and for the log line of a slow request (R3). */
void call_phase(struct call *c, enum phase phase);

/* Replies with a problem and one sentence, never NULL, for the person who meets it. */
void call_problem(struct call *c, enum problem_id id, const char *detail);

/* Replies 503 for a failure of the store, which it logs. */
void call_store_failed(struct call *c, const char *what, enum err e);

/* Handlers, one a row of the route table. Each leaves a finished reply. */
void api_signup(struct call *c);
void api_confirm(struct call *c);
void api_login(struct call *c);
void api_logout(struct call *c);
void api_session(struct call *c);
void api_site(struct call *c);
void api_account(struct call *c);
void api_account_delete(struct call *c);
void api_account_export(struct call *c);
void api_password_change(struct call *c);
void api_password_forgot(struct call *c);
void api_password_reset(struct call *c);
void api_sessions(struct call *c);
void api_sessions_end(struct call *c);
void api_session_end(struct call *c);
void api_tokens(struct call *c);
void api_token_make(struct call *c);
void api_token_revoke(struct call *c);
void api_classify(struct call *c);
void api_history(struct call *c);
void api_history_clear(struct call *c);
void api_history_correct(struct call *c);
void api_history_drop(struct call *c);
void api_history_export(struct call *c);
void api_model(struct call *c);
void api_healthz(struct call *c);
void api_readyz(struct call *c);
void api_metrics(struct call *c);

#endif
