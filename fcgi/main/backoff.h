/* When a dead worker may be restarted (R8): at once, until more than BACKOFF_EXITS have died within BACKOFF_WINDOW_S;
 * then in rounds of 1, 2, 4 ... 30 s, until none has died for a whole window. Pure: the caller passes the time. */
#ifndef DIGITD_MAIN_BACKOFF_H
#define DIGITD_MAIN_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

enum { BACKOFF_EXITS = 10, BACKOFF_WINDOW_S = 60, BACKOFF_FIRST_S = 1, BACKOFF_MAX_S = 30 };

struct backoff {                        /* starts as all zeros */
    int64_t died_us[BACKOFF_EXITS + 1]; /* a ring of the last abnormal exits */
    int next, known;                    /* index of the next one; how many there are */
    int64_t delay_us, round_us;         /* of this round, and when it ends */
    bool storm;
};

/* A worker has just died abnormally. Returns when it may be replaced (now_us: at once). */
int64_t backoff_died(struct backoff *b, int64_t now_us);

/* Call regularly. True if a storm has just ended. */
bool backoff_settled(struct backoff *b, int64_t now_us);

#endif
