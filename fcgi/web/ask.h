/* What the gate (fcgi/gate) and the workers of the main pool tell each other in FastCGI's own words.
 *
 * The gate asks whose a request is before it takes what is dear: the request with the parameter DIGITD_ASK and, for
 * pictures, without its body. The worker checks it as it would any other (R16, R63, access) and answers a good one with
 * the header X-Digitd-Account; a refusal goes to the client as it is. nginx sends what clients send as HTTP_..., so no
 * client can set such a parameter.
 *
 * A picture of many pixels is handed over: the answer names a location of nginx (conf/nginx/server.conf), which sends
 * the request on to the gate with its body; the gate itself takes the same answer for the same. */
#ifndef DIGITD_WEB_ASK_H
#define DIGITD_WEB_ASK_H

#include "call.h"

#define ASK_PARAM            "DIGITD_ASK"    /* "1" */
#define ASK_LENGTH_PARAM     "DIGITD_LENGTH" /* of the body, where the client did not say */
#define ASK_ACCOUNT_HEADER   "X-Digitd-Account"
#define ASK_HAND_OVER_HEADER "X-Accel-Redirect"
#define ASK_LARGE            "@digitd_large"

/* Replies to the gate: the account of the session or token; for a log-in, 1 if this browser has logged in to the
 * address before (R52); 0: nobody in particular. */
void ask_answer(struct call *c);

/* Replies that the large pool is to answer. */
void ask_hand_over(struct call *c);

#endif
