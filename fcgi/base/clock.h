/* The only clock. Everything that expires asks here, so a test can skip 24 hours in no time.
 *
 * clock_step exists only in builds with -DCLOCK_STEPPABLE (the unit tests); a running service cannot be stepped. */
#ifndef DIGITD_BASE_CLOCK_H
#define DIGITD_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds since 1970-01-01 UTC. */
int64_t clock_wall_s(void);

/* Formats wall_s as RFC 3339, in UTC: "2026-11-30T12:00:00Z". Returns out; "" if it is no calendar date. */
enum { CLOCK_TEXT_MAX = 32 };
const char *clock_text(int64_t wall_s, char out[CLOCK_TEXT_MAX]);

/* Microseconds since some fixed point; never goes back (CLOCK_MONOTONIC). */
int64_t clock_mono_us(void);

#ifdef CLOCK_STEPPABLE
/* Moves both clocks by this many seconds. A negative step sets back the wall clock only. */
void clock_step(int64_t seconds);
/* While held, only clock_step moves the wall clock, so a pause of one second lasts as long as a slow machine needs. */
void clock_hold(bool hold);
#endif

#endif
