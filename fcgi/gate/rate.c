/* The rules of time. */
#include "rate.h"

#include <math.h>
#include <stdlib.h>

#include "base/address.h"

enum { SETS = 1024, WAYS = 8, MEAN_OF = 8 };

struct tried {
    uint64_t client; /* 0: free */
    double count;
    int64_t at_us;
};

struct rate_tries {
    uint64_t seed; /* a stranger cannot choose addresses that meet in one set */
    struct tried sets[SETS][WAYS];
};

bool rate_is_late(int64_t began_us, int64_t now_us, size_t received)
{
    const int64_t most_us = RATE_GRACE_S * INT64_C(1000000) + (int64_t)received * 1000000 / RATE_BYTES_PER_S;

    return now_us - began_us > most_us;
}

static uint64_t number_of(const uint8_t *bytes, size_t n)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++)
        v = v << 8 | bytes[i];
    return v;
}

uint64_t rate_client(const char *address)
{
    const uint64_t v4 = UINT64_C(0xffff) << 32; /* in ::/64, where nobody is */
    uint8_t bytes[ADDRESS_BYTES];
    uint64_t network;

    if (!address_read(address, bytes))
        return 0;
    if (address_is_ipv4(bytes))
        return v4 | number_of(bytes + ADDRESS_IPV4_AT, 4);
    network = number_of(bytes, 8);
    return network == 0 ? 1 : network; /* ::1 */
}

struct rate_tries *rate_tries_new(uint64_t seed)
{
    struct rate_tries *t = calloc(1, sizeof(*t));

    if (t != NULL)
        t->seed = seed;
    return t;
}

void rate_tries_free(struct rate_tries *t)
{
    free(t);
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static size_t set_of(const struct rate_tries *t, uint64_t client)
{
    uint64_t z = client ^ t->seed;

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (size_t)((z ^ z >> 31) % SETS);
}

static double count_at(const struct tried *e, int64_t now_us)
{
    return e->client == 0 ? 0 : e->count * exp2((double)(e->at_us - now_us) / (RATE_HALF_LIFE_S * 1e6));
}

void rate_tries_add(struct rate_tries *t, uint64_t client, int64_t now_us)
{
    struct tried *set = t->sets[set_of(t, client)], *to = set;

    for (int i = 0; i < WAYS; i++) {
        if (set[i].client == client) {
            to = &set[i];
            break;
        }
        if (count_at(&set[i], now_us) < count_at(to, now_us))
            to = &set[i];
    }
    to->count = to->client == client ? count_at(to, now_us) + 1 : 1;
    to->client = client;
    to->at_us = now_us;
}

double rate_tries_of(const struct rate_tries *t, uint64_t client, int64_t now_us)
{
    const struct tried *set = t->sets[set_of(t, client)];

    for (int i = 0; i < WAYS; i++)
        if (set[i].client == client)
            return count_at(&set[i], now_us);
    return 0;
}

void rate_mean_add(struct rate_mean *m, int64_t took_us)
{
    m->us = m->known ? m->us + ((double)took_us - m->us) / MEAN_OF : (double)took_us;
    m->known = true;
}
