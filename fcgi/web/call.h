/* One request while it is being answered: what the dispatcher found out, and what handlers need of it. */
#ifndef DIGITD_WEB_CALL_H
#define DIGITD_WEB_CALL_H

#include "app.h"
#include "problems.h"

struct route;

struct call {
    struct app *app;
    struct request *req;
    const struct route *route;          /* NULL until found */
    const struct conf_origin *origin;   /* the one of ours that the Host header names; NULL in the health pool */
    struct store_user user;             /* whose session it is, or who has just logged in; id 0: nobody */
    uint8_t session_hash[DIGEST_BYTES]; /* where the route needs a session */

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
void api_login(struct call *c);
void api_logout(struct call *c);
void api_session(struct call *c);
void api_classify(struct call *c);
void api_model(struct call *c);
void api_healthz(struct call *c);
void api_readyz(struct call *c);

#endif
