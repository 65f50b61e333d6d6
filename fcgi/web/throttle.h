/* Limits password attempts (RELIABILITY R51, R52, R112). The database counts failures for known and unknown addresses
 * alike: five are free; each further one means a wait of 1, 2, 4 ... 900 s.
 *
 * They are counted for the address, and for the address as it is tried from one network. A network that has failed with
 * it has the longer of the two waits. One that has not, or once only, is not made to wait for what others did: so
 * strangers keep nobody out who comes from elsewhere with a new browser. This is for THROTTLE_NEWCOMERS failures at
 * most while the address rests; beyond, everybody waits.
 *
 * A browser that has logged in to the account before has its own count, so a stranger who guesses passwords cannot lock
 * the owner out. */
#ifndef DIGITD_WEB_THROTTLE_H
#define DIGITD_WEB_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "call.h"

enum {
    THROTTLE_NEWCOMER_TRIES = 2, /* of a network, while the address rests */
    THROTTLE_NEWCOMERS = 600,    /* failures of all such networks; forgotten a day after the last */
    THROTTLE_KEYS = 3
};

struct throttle {
    uint8_t keys[THROTTLE_KEYS][DIGEST_BYTES]; /* of the counters that a failure of this attempt raises */
    int n;
};

/* Whether the browser has logged in to this normalised address before. */
bool throttle_knows_device(struct call *c, const char *email);

/* Call it before a password is hashed. who: the normalised address, or what was entered instead. False: it has replied,
 * 429 with Retry-After or 503. */
bool throttle_enter(struct call *c, const char *who, struct throttle *t);
/* Counts a wrong password. False: it could not be counted, and it has replied 503; no guess goes uncounted. */
bool throttle_failed(struct call *c, const struct throttle *t);
/* The password was right: resets the counter. */
void throttle_passed(struct call *c, const struct throttle *t);
/* The owner of an address has used a link sent to it: resets the address's counter, which strangers may have raised. */
void throttle_forgive(struct call *c, const char *email);

/* Counts a mail to an address, whether or not it has an account. False: it has replied, 429 or 503. */
bool throttle_mail(struct call *c, const char *email);

#endif
