/* xoshiro256**, splitmix64 for seeding, and what is drawn from them. Integers alone decide the split and the order of
 * the pictures, so these are the same on every machine; rng_normal goes through libm. */
#include "rng.h"

#include <math.h>
#include <stdlib.h>

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = (*x += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

void rng_seed(struct rng *r, uint64_t seed, enum rng_use use, uint64_t index)
{
    /* Each word goes through splitmix before the next is mixed in: neighbouring seeds and indexes are unrelated. */
    uint64_t x = seed;
    x = splitmix(&x) ^ (uint64_t)use;
    x = splitmix(&x) ^ index;
    for (int i = 0; i < 4; i++)
        r->s[i] = splitmix(&x);
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t *s = r->s;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

float rng_float(struct rng *r)
{
    return (float)(rng_u64(r) >> 40) * 0x1p-24F;
}

float rng_signed(struct rng *r)
{
    return 2 * rng_float(r) - 1;
}

float rng_normal(struct rng *r)
{
    float u = 1 - rng_float(r); /* over 0, so that the logarithm is finite */
    float v = rng_float(r);
    return sqrtf(-2 * logf(u)) * cosf(6.28318530718F * v);
}

uint32_t rng_below(struct rng *r, uint32_t n)
{
    /* Lemire's multiply-and-reject. */
    uint64_t m = (rng_u64(r) >> 32) * n;
    if ((uint32_t)m < n) {
        uint32_t floor = (uint32_t)-n % n;
        while ((uint32_t)m < floor)
            m = (rng_u64(r) >> 32) * n;
    }
    return (uint32_t)(m >> 32);
}

int rng_index(struct rng *r, int n)
{
    return (int)rng_below(r, (uint32_t)n);
}

int rng_pick(struct rng *r, int first, int last)
{
    return first + (last < first ? -1 : 1) * rng_index(r, abs(last - first) + 1);
}

void rng_shuffle(struct rng *r, uint32_t *v, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = rng_below(r, (uint32_t)i);
        uint32_t t = v[i - 1];
        v[i - 1] = v[j];
        v[j] = t;
    }
}
