/* A crash loop must not use up the machine, and a single crash must not be noticed. Workers that die together share a
 * round, so that a pool of sixteen does not reach 30 s within the first second. */
#include "backoff.h"

#define SECOND_US INT64_C(1000000)

int64_t backoff_died(struct backoff *b, int64_t now_us)
{
    b->died_us[b->next] = now_us;
    b->next = (b->next + 1) % (BACKOFF_EXITS + 1);
    if (b->known <= BACKOFF_EXITS)
        b->known++;
    /* The ring is full: the oldest entry, which comes next, is the one BACKOFF_EXITS deaths ago. */
    if (b->known > BACKOFF_EXITS && now_us - b->died_us[b->next] <= BACKOFF_WINDOW_S * SECOND_US)
        b->storm = true;
    if (!b->storm)
        return now_us;
    if (now_us >= b->round_us) {
        b->delay_us = b->delay_us == 0 ? BACKOFF_FIRST_S * SECOND_US : b->delay_us * 2;
        if (b->delay_us > BACKOFF_MAX_S * SECOND_US)
            b->delay_us = BACKOFF_MAX_S * SECOND_US;
        b->round_us = now_us + b->delay_us;
    }
    return b->round_us;
}

bool backoff_settled(struct backoff *b, int64_t now_us)
{
    int newest = (b->next + BACKOFF_EXITS) % (BACKOFF_EXITS + 1);

    if (!b->storm || now_us - b->died_us[newest] <= BACKOFF_WINDOW_S * SECOND_US)
        return false;
    *b = (struct backoff){0};
    return true;
}
