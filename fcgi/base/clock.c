/* Reads the system's clocks; in test builds, adds a test's steps. */
#include "clock.h"

#include <time.h>

#ifdef CLOCK_STEPPABLE
static int64_t stepped_s, stepped_mono_s, held_s;

void clock_step(int64_t seconds)
{
    stepped_s += seconds;
    if (seconds > 0)
        stepped_mono_s += seconds;
}

void clock_hold(bool hold)
{
    held_s = 0;
    held_s = hold ? clock_wall_s() - stepped_s : 0;
}
#else
enum { stepped_s = 0, stepped_mono_s = 0, held_s = 0 };
#endif

int64_t clock_wall_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (held_s != 0 ? held_s : (int64_t)t.tv_sec) + stepped_s;
}

const char *clock_text(int64_t wall_s, char out[CLOCK_TEXT_MAX])
{
    time_t t = (time_t)wall_s;
    struct tm utc;

    if (gmtime_r(&t, &utc) == NULL || strftime(out, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        out[0] = '\0';
    return out;
}

int64_t clock_mono_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return ((int64_t)t.tv_sec + stepped_mono_s) * 1000000 + t.tv_nsec / 1000;
}
