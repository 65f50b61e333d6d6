/* One request while it is being answered: what the dispatcher knows about it, and what handlers need. */
#ifndef DIGITD_WEB_CALL_H
#define DIGITD_WEB_CALL_H

#include "web/http/problems.h"
#include "app.h"

struct route;

struct call {
    struct app *app;
    struct request *req;
    const struct route *route;          /* NULL until found */
    const struct conf_origin *origin;   /* our origin named by the Host header; NULL in the health pool */
    int64_t id;                         /* the {id} in the path; 0: none */
    struct store_user user;             /* owner of the session or token, or who has just logged in; id 0: nobody */
    uint8_t session_hash[DIGEST_BYTES]; /* if the route needs a session and no token was sent */
    int64_t token_id;                   /* the API token that was sent; 0: none */
    int token_scopes;                   /* its STORE_SCOPE_... or-ed */
    bool passed_on;                     /* the reply is for the gate or for nginx: another one answers the client */

    enum phase phase;
    int64_t began_us, phase_began_us, phase_us[PHASE_COUNT];
};

/* Enters a phase, for the scoreboard and the log line of a slow request (R3). */
void call_phase(struct call *c, enum phase phase);

/* Replies with a problem and one sentence (never NULL) for the visitor. */
void call_problem(struct call *c, enum problem_id id, const char *detail);

/* For a failed call of the store. Logging and replying are separate, so that a handler can reply with a more precise
 * sentence. The reply is a 503: busy if another writer held the database too long, otherwise unavailable. */
void call_store_log(const struct call *c, const char *what, enum err e);
void call_store_problem(struct call *c, enum err e, const char *detail);
/* Does both, with the usual sentence: nothing was changed. */
void call_store_failed(struct call *c, const char *what, enum err e);

#endif
