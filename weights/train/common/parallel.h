/* A few threads that share numbered pieces of work. Which thread takes which piece is left to chance. Pieces must not
 * depend on one another; then results do not depend on the number of threads. */
#ifndef DIGITD_WEIGHTS_PARALLEL_H
#define DIGITD_WEIGHTS_PARALLEL_H

#include <stddef.h>

struct parallel;

/* threads counts the caller, which works too: 1 starts no thread. NULL when a thread could not be started. */
struct parallel *parallel_new(int threads);
void parallel_free(struct parallel *p);
int parallel_threads(const struct parallel *p);

/* fn(ctx, piece, thread) for each piece in 0 to pieces - 1, thread in 0 to threads - 1; returns when all are done. */
void parallel_run(struct parallel *p, size_t pieces, void (*fn)(void *ctx, size_t piece, int thread), void *ctx);

/* How many processors this process may use. */
int parallel_processors(void);

#endif
