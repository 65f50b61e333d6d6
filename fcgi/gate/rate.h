/* Who is slow, who has tried how often, and how long a thing takes. Pure: the caller passes the time. */
#ifndef DIGITD_GATE_RATE_H
#define DIGITD_GATE_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { RATE_GRACE_S = 10, RATE_BYTES_PER_S = 8 * 1024, RATE_HALF_LIFE_S = 60 };

/* Whether a body that began at began_us should have brought more bytes by now: it has ten seconds, and one more for
 * each 8 KiB that have come. */
bool rate_is_late(int64_t began_us, int64_t now_us, size_t received);

/* The client of an address as text: an IPv4 address, or the first 64 bits of an IPv6 one, which a subscriber has to
 * himself. 0: it is no address. */
uint64_t rate_client(const char *address);

/* How often each client has tried of late: half of what it was a minute ago. The table is bounded; of those that are
 * forgotten, the ones that have tried least are. NULL: out of memory. */
struct rate_tries;
struct rate_tries *rate_tries_new(uint64_t seed);
void rate_tries_free(struct rate_tries *t);
void rate_tries_add(struct rate_tries *t, uint64_t client, int64_t now_us);
double rate_tries_of(const struct rate_tries *t, uint64_t client, int64_t now_us);

/* A moving mean; starts as zeros. */
struct rate_mean {
    double us;
    bool known;
};
void rate_mean_add(struct rate_mean *m, int64_t took_us);

#endif
