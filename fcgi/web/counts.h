/* The contents of GET /metrics: counts since the service started, in the text format of Prometheus. The master adds
 * them up from the workers' own counts. */
#ifndef DIGITD_WEB_COUNTS_H
#define DIGITD_WEB_COUNTS_H

#include <stdint.h>

#include "base/buf.h"

enum counts_group {
    GROUP_CLASSIFY,
    GROUP_READ,
    GROUP_HISTORY,
    GROUP_SIGN_IN,
    GROUP_ACCOUNT,
    GROUP_SITE,
    GROUP_HEALTH,
    GROUP_OTHER,
    GROUP_COUNT
};
enum { COUNTS_CLASSES = 5 }; /* of status codes: 1xx to 5xx */

/* What waits at the gate, and why the gate refused somebody: too many uploads of one account; who would have waited too
 * long; who did; a body that came too slowly; no room for it, or too large; a pool that cannot be reached. */
enum gate_queue { GATE_PASSWORDS, GATE_PICTURES, GATE_QUEUE_COUNT };
enum gate_refusal {
    GATE_UPLOADS,
    GATE_FULL,
    GATE_LATE,
    GATE_SLOW,
    GATE_NO_ROOM,
    GATE_TOO_LARGE,
    GATE_NO_POOL,
    GATE_REFUSAL_COUNT
};
struct gate_counts {
    uint64_t refused[GATE_REFUSAL_COUNT];
    uint64_t waiting[GATE_QUEUE_COUNT], held_bytes; /* now */
};

/* Only 64-bit numbers: it is copied word by word between processes. */
struct counts {
    uint64_t answered[GROUP_COUNT][COUNTS_CLASSES];
    struct gate_counts gate;
    uint64_t decoders_lost;
    uint64_t ended, crashed, overdue; /* workers: exited normally, crashed, killed at their deadline */
    uint64_t workers, busy;           /* now */
    uint64_t started_s;               /* wall clock */
};

/* The group of a route's path; GROUP_OTHER if it is not a route. */
enum counts_group counts_group_of(const char *path);

/* Writes m as text, with two values that are not counted: wal_bytes (negative: not known) and model_sha256 (64
 * hexadecimal digits). Failures are kept in the buffer. */
void counts_write(struct buf *out, const struct counts *m, int64_t wal_bytes, const char *model_sha256);

#endif
