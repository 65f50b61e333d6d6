/* How fast this machine is just now, for tests that bound a time. A bound is a promise about a free processor of some
 * strength; elsewhere, and beside other programs, it is stretched by what a fixed piece of work takes there at the same
 * moment. Never shortened: where all is well, the promise itself is held against the time. */
#ifndef TESTS_PACE_H
#define TESTS_PACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

/* The work: a chain of multiplications, which no compiler shortens and no sanitizer slows. PACE_WORK_MS is what it took
 * on the slowest processor that all bounds were set on (2.5 GHz); PACE_ROUNDS of it, because load comes in waves. */
enum { PACE_STEPS = 10000000, PACE_ROUNDS = 8 };
#define PACE_WORK_MS 20.0

static inline double pace_clock_ms(clockid_t which)
{
    struct timespec t = {0};

    (void)clock_gettime(which, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Processor time of this process and its threads so far; what others do on the machine does not count. */
static inline double pace_cpu_ms(void)
{
    return pace_clock_ms(CLOCK_PROCESS_CPUTIME_ID);
}

static inline double pace_wall_ms(void)
{
    return pace_clock_ms(CLOCK_MONOTONIC);
}

/* How many times longer than it should the work takes by that clock, in the worst of the rounds; 1 at least. */
static inline double pace_factor(clockid_t which)
{
    double worst = 1;

    for (int round = 0; round < PACE_ROUNDS; round++) {
        const double began = pace_clock_ms(which);
        uint64_t x = 1;
        double times;

        for (int i = 0; i < PACE_STEPS; i++) {
            x = x * 6364136223846793005u + 1;
            __asm__ volatile("" : "+r"(x));
        }
        times = (pace_clock_ms(which) - began) / PACE_WORK_MS;
        worst = times > worst ? times : worst;
    }
    return worst;
}

static inline bool pace_is_within(clockid_t which, double took_ms, double most_ms)
{
    const double factor = took_ms <= most_ms ? 1 : pace_factor(which);

    if (took_ms > most_ms)
        fprintf(stderr, "%.1f ms, and at most %.1f ms on a free machine: work takes %.2f times as long now\n", took_ms,
                most_ms, factor);
    return took_ms <= most_ms * factor;
}

/* True when work of took_ms of processor time keeps a bound of most_ms. */
static inline bool pace_cpu_within(double took_ms, double most_ms)
{
    return pace_is_within(CLOCK_PROCESS_CPUTIME_ID, took_ms, most_ms);
}

/* The same for time that went by on the wall, which other programs lengthen. */
static inline bool pace_wall_within(double took_ms, double most_ms)
{
    return pace_is_within(CLOCK_MONOTONIC, took_ms, most_ms);
}

#endif
