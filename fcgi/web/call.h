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

/* A call of the store failed. Logging and replying are apart: a handler whose sentence says more than the usual one
 * calls both. The reply is a 503, busy where another writer held the database too long, else unavailable. */
void call_store_log(const struct call *c, const char *what, enum err e);
void call_store_problem(struct call *c, enum err e, const char *detail);
/* Both, with the usual sentence: nothing was changed. */
void call_store_failed(struct call *c, const char *what, enum err e);

#endif
