/* A store with as many users, sessions, tokens and rows of history as one likes, the same on each run but for the
 * times; and all of it in memory. For benchmarks: what cannot be done ends the program with a line. */
#ifndef DIGITD_BENCH_FILL_STORE_H
#define DIGITD_BENCH_FILL_STORE_H

#include <stdint.h>

#include "web/session.h"

extern const char fill_password_hash[]; /* everybody's */

/* Numbers that look random (SplitMix64). */
uint64_t fill_mix(uint64_t x);

/* What user (from 1) has. kind: 0 and 1 are sessions, 2 a token; from 100 on what log-ins may make. The hash stands
 * until the next call. */
void fill_email(int64_t user, char out[64]);
void fill_secret(int64_t user, int kind, char out[SESSION_TOKEN_CHARS + 1]);
const uint8_t *fill_hash(int64_t user, int kind);

/* Makes the file, without the care that a service needs: two sessions and a token for each user, rows of history of
 * their full size, spread over the users. */
void fill_store(const char *path, int64_t users, int64_t rows);

/* Holds the whole file in the system's cache, as far as there is memory, until this program ends: a machine that serves
 * has warm what it is asked for, and some kernels take back at once what a bench has written. Returns when it is
 * there. */
void fill_warm(const char *path);

#endif
