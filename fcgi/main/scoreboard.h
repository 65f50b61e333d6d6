/* What each worker is doing, in memory shared with the master: one page for each slot.
 *
 * A worker writes its own page with plain atomic stores and cannot reach any other (scoreboard_restrict). The master
 * trusts nothing it reads: a compromised worker may write anything, so text is bounded and numbers are checked when
 * they are read. Process ids are not stored here: the master keeps its own. */
#ifndef DIGITD_MAIN_SCOREBOARD_H
#define DIGITD_MAIN_SCOREBOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "web/app.h"

enum { SCORE_ROUTE_MAX = 63, SCORE_ID_MAX = REQUEST_ID_MAX };

struct scoreboard;
struct score; /* one slot */

/* The contents of a slot. */
struct score_view {
    int64_t started_us; /* clock_mono_us at accept; 0: idle; never in the future */
    enum phase phase;   /* PHASE_IDLE if the slot has an invalid one */
    bool up;            /* the worker has reached its loop */
    uint64_t requests;  /* answered by this process */
    char route[SCORE_ROUTE_MAX + 1];
    char id[SCORE_ID_MAX + 1];
};

/* Master, before fork. slots >= 1. scoreboard_new: ERR_NOMEM, ERR_RANGE. */
enum err scoreboard_new(struct scoreboard **out, int slots);
void scoreboard_free(struct scoreboard *b);

/* Slot i, 0 <= i < slots; NULL outside. */
struct score *scoreboard_slot(struct scoreboard *b, int i);
/* The only thing the master tells the workers: false while workers keep dying (R8). */
void scoreboard_set_steady(struct scoreboard *b, bool steady);
bool scoreboard_steady(const struct scoreboard *b);

/* Worker i, after fork: unmaps every slot but its own and makes the master's page read-only. Children inherit neither
 * page. ERR_IO. */
enum err scoreboard_restrict(struct scoreboard *b, int i);

/* The totals of all workers: written by the master, read by any worker. */
void scoreboard_publish(struct scoreboard *b, const struct counts *m);
void scoreboard_counts(const struct scoreboard *b, struct counts *out);

/* Worker: up once, then begin ... phase, route ... end for each request. answered: whether it counts as a request. Text
 * is cut to the slot's size; NULL is "". */
void score_up(struct score *s);
void score_begin(struct score *s, int64_t now_us);
void score_phase(struct score *s, enum phase phase);
void score_route(struct score *s, const char *route, const char *id);
void score_end(struct score *s, bool answered);
/* Worker: counts an answer with this status, or a lost decoder. Master: adds a slot's counts to *to. */
void score_count(struct score *s, enum counts_group group, int status);
void score_decoder_lost(struct score *s);
/* The gate: all of its counts so far. */
void score_gate(struct score *s, const struct gate_counts *counts);
void score_add(const struct score *s, struct counts *to);

/* Master: clears the slot before a new worker takes it; and reads it, with started_us <= now_us. */
void score_reset(struct score *s);
void score_read(const struct score *s, int64_t now_us, struct score_view *out);

/* "idle", "read", ... */
const char *phase_name(enum phase phase);

#endif
