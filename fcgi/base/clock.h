/* The one clock. Everything that expires asks here, so that a test can step 24 hours in no time.
 *
 * clock_step exists only in builds with -DCLOCK_STEPPABLE (the unit tests'); a program that runs cannot be stepped. */
#ifndef DIGITD_BASE_CLOCK_H
#define DIGITD_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds since 1970-01-01 UTC. */
int64_t clock_wall_s(void);

/* A time of that clock as RFC 3339 has it, in UTC: "2026-11-30T12:00:00Z". Returns out; "" where no calendar has it. */
enum { CLOCK_TEXT_MAX = 32 };
const char *clock_text(int64_t wall_s, char out[CLOCK_TEXT_MAX]);

/* Microseconds since some fixed point, never going back (CLOCK_MONOTONIC). */
int64_t clock_mono_us(void);

#ifdef CLOCK_STEPPABLE
/* Moves both clocks by so many seconds. A negative step sets the wall clock back; the other one never goes back. */
void clock_step(int64_t seconds);
/* While held, the wall clock stands still but for steps: a rest of one second lasts as long as a slow machine needs. */
void clock_hold(bool hold);
#endif

#endif
