/* Random numbers that are the same on every machine: xoshiro256** (Blackman and Vigna, 2018) seeded by splitmix64.
 *
 * A stream is named by a seed, a use and an index. So picture 17 of epoch 3 is distorted the same way by any thread in
 * any order, and a resumed run continues with the same numbers. Not for secrets. */
#ifndef DIGITD_WEIGHTS_RNG_H
#define DIGITD_WEIGHTS_RNG_H

#include <stddef.h>
#include <stdint.h>

/* What a stream is used for; streams of different uses are unrelated. */
enum rng_use {
    RNG_SPLIT = 1,
    RNG_INIT,
    RNG_SHUFFLE,
    RNG_AUGMENT,
    RNG_DROPOUT,
    RNG_TEST,
    RNG_NONDIGIT,
    RNG_DRAW,
    RNG_EXAMPLE,
    RNG_HAND
};

struct rng {
    uint64_t s[4];
};

void rng_seed(struct rng *r, uint64_t seed, enum rng_use use, uint64_t index);

uint64_t rng_u64(struct rng *r);

/* 0 <= value < 1, with 24 bits. */
float rng_float(struct rng *r);
/* -1 <= value < 1. */
float rng_signed(struct rng *r);
/* Normal, mean 0, deviation 1 (Box and Muller). */
float rng_normal(struct rng *r);
/* 0 <= value < n, without bias; n > 0. */
uint32_t rng_below(struct rng *r, uint32_t n);
/* The same as an int: of n things, one. */
int rng_index(struct rng *r, int n);
/* A whole number, counted up or down from first to last, both included. */
int rng_pick(struct rng *r, int first, int last);

/* Shuffles v[n] (Fisher and Yates). */
void rng_shuffle(struct rng *r, uint32_t *v, size_t n);

#endif
