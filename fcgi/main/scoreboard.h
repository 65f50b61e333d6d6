/* What each worker is doing, in memory shared with the master: one page a slot.
 *
 * The worker writes its own page with plain atomic stores and can reach no other (scoreboard_restrict). The master
 * reads and believes nothing: a worker that was taken over may write anything, so text is bounded and numbers are
 * checked when they are read. Process ids are not in here: the master has its own. */
#ifndef DIGITD_MAIN_SCOREBOARD_H
#define DIGITD_MAIN_SCOREBOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "web/app.h"

enum { SCORE_ROUTE_MAX = 63, SCORE_ID_MAX = REQUEST_ID_MAX };

struct scoreboard;
struct score; /* one slot */

/* A reading of a slot. */
struct score_view {
    int64_t started_us; /* clock_mono_us at accept; 0: idle; never in the future */
    enum phase phase;   /* PHASE_IDLE where the slot holds nonsense */
    bool up;            /* the worker has come as far as its loop */
    uint64_t requests;  /* answered by this process */
    char route[SCORE_ROUTE_MAX + 1];
    char id[SCORE_ID_MAX + 1];
};

/* Master, before fork. slots >= 1. scoreboard_new: ERR_NOMEM, ERR_RANGE. */
enum err scoreboard_new(struct scoreboard **out, int slots);
void scoreboard_free(struct scoreboard *b);

/* Slot i, 0 <= i < slots; NULL outside. */
struct score *scoreboard_slot(struct scoreboard *b, int i);
/* The one fact that the master tells the workers: false while workers keep dying (R8). */
void scoreboard_set_steady(struct scoreboard *b, bool steady);
bool scoreboard_steady(const struct scoreboard *b);

/* Worker i, after fork: unmaps every slot but its own and makes the master's page read-only; neither
 * is inherited by its children. ERR_IO. */
enum err scoreboard_restrict(struct scoreboard *b, int i);

/* What all workers together have done: written by the master, read by any worker. */
void scoreboard_publish(struct scoreboard *b, const struct counts *m);
void scoreboard_counts(const struct scoreboard *b, struct counts *out);

/* Worker: up, then begin ... phase, route ... end for each request; answered: it counts as one. Text is cut to the
 * slot's size; NULL is "". */
void score_up(struct score *s);
void score_begin(struct score *s, int64_t now_us);
void score_phase(struct score *s, enum phase phase);
void score_route(struct score *s, const char *route, const char *id);
void score_end(struct score *s, bool answered);
/* Worker: an answer of that status has left; a decoder was lost. Master: adds what a slot has counted. */
void score_count(struct score *s, enum counts_group group, int status);
void score_decoder_lost(struct score *s);
void score_add(const struct score *s, struct counts *to);

/* Master: forgets all of it, before a new worker takes the slot; and a reading, with started_us <= now_us. */
void score_reset(struct score *s);
void score_read(const struct score *s, int64_t now_us, struct score_view *out);

/* "idle", "read", ... */
const char *phase_name(enum phase phase);

#endif
