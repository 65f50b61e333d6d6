/* Who has tried too often (RELIABILITY R51, R52). Failed passwords are counted in the database, for known and unknown
 * addresses alike: five are free, then the count rests 1, 2, 4 ... 900 s after each further one.
 *
 * A browser that has signed in to the account before has a count of its own, so that a stranger who guesses does not
 * lock the owner out. */
#ifndef DIGITD_WEB_THROTTLE_H
#define DIGITD_WEB_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "call.h"

struct throttle {
    uint8_t key[DIGEST_BYTES]; /* of the count that this try goes to */
};

/* Before a password is hashed. who: the normalised address, or what was given in the place of one. false: it has
 * replied, 429 with Retry-After or 503. */
bool throttle_enter(struct call *c, const char *who, struct throttle *t);
/* The password was wrong. false: it could not be counted, and 503 has been replied; nobody may guess uncounted. */
bool throttle_failed(struct call *c, const struct throttle *t);
/* It was right: the count begins anew. */
void throttle_passed(struct call *c, const struct throttle *t);
/* The owner of an address has shown that it is theirs, by a link: what strangers did to its count is forgotten. */
void throttle_forgive(struct call *c, const char *email);

/* Counts a mail to an address, in the same way whether anybody has it. false: it has replied, 429 or 503. */
bool throttle_mail(struct call *c, const char *email);

#endif
