/* Who waits, and who is next. Pure: holds entries that belong to somebody else, and the caller passes the time.
 *
 * Two orders. Of passwords: who is known first, then who has tried least of late, then who came first; how often
 * somebody has tried is asked when it counts, so each further try puts back what he has waiting too. Of pictures: in
 * turn, one of each account. */
#ifndef DIGITD_GATE_QUEUE_H
#define DIGITD_GATE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rate.h"

struct queue_entry {
    uint64_t who; /* a client, or an account */
    bool known;   /* goes before all others */
    bool waits;   /* in the queue */
    /* The queue's own. */
    uint64_t serial, turn;
    struct queue_entry *before, *after;
};

struct queue {
    const struct rate_tries *tries; /* NULL: in turn */
    size_t n;
    uint64_t serial, turn; /* of the last one that came; of the last one taken */
    struct queue_entry *first, *last;
};

/* Who and known are set. */
void queue_add(struct queue *q, struct queue_entry *e);
/* Does nothing for one that does not wait. */
void queue_drop(struct queue *q, struct queue_entry *e);

/* Who would be last; NULL: nobody waits. It stays in the queue. */
struct queue_entry *queue_final(const struct queue *q, int64_t now_us);

/* Takes the next one out; NULL: nobody waits. */
struct queue_entry *queue_take(struct queue *q, int64_t now_us);

/* How many would be taken before e, which waits. */
size_t queue_ahead(const struct queue *q, const struct queue_entry *e, int64_t now_us);

#endif
