/* What GET /metrics tells: counts since the service started, which the master puts together from what its workers say
 * of themselves, in the text format of Prometheus. */
#ifndef DIGITD_WEB_COUNTS_H
#define DIGITD_WEB_COUNTS_H

#include <stdint.h>

#include "base/buf.h"

enum counts_group {
    GROUP_CLASSIFY,
    GROUP_HISTORY,
    GROUP_SIGN_IN,
    GROUP_ACCOUNT,
    GROUP_SITE,
    GROUP_HEALTH,
    GROUP_OTHER,
    GROUP_COUNT
};
enum { COUNTS_CLASSES = 5 }; /* of status codes: 1xx to 5xx */

/* Numbers of 64 bits alone: it is copied word by word between processes. */
struct counts {
    uint64_t answered[GROUP_COUNT][COUNTS_CLASSES];
    uint64_t decoders_lost;
    uint64_t ended, crashed, overdue; /* workers: in good order, badly, killed at their deadline */
    uint64_t workers, busy;           /* at this moment */
    uint64_t started_s;               /* wall clock */
};

/* The group of a route's path; GROUP_OTHER for what is none. */
enum counts_group counts_group_of(const char *path);

/* Writes m as text, with facts that are not counted: wal_bytes < 0: not known. model_sha256: 64 hexadecimal digits. A
 * buffer that fails says so itself. */
void counts_write(struct buf *out, const struct counts *m, int64_t wal_bytes, const char *model_sha256);

#endif
