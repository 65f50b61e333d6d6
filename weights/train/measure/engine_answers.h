/* Runs the service's own engine on many pictures, on all processors. */
#ifndef DIGITD_WEIGHTS_ENGINE_ANSWERS_H
#define DIGITD_WEIGHTS_ENGINE_ANSWERS_H

#include "data/idx.h"
#include "net/cnn.h"
#include "normalise/normalise.h"

/* The caller frees them with engine_answers_free. */
struct engine_answers {
    size_t n;
    struct answer *of; /* [n] */
    float *logits;     /* [n][10] */
    uint8_t *labels;   /* [n] */
    bool *refused;     /* [n]: not a digit */
    bool *doubted;     /* [n]: refused, or with a score below doubt_below */
    uint32_t *index;   /* [n]: which picture of the dataset */
    size_t again;      /* pictures with a second look */
    size_t changed;    /* pictures that the normaliser changed */
};

/* The pictures index[n] of d (index NULL: the first n). Each goes through the normaliser, as an upload does (MNIST's
 * pass it unchanged), and cnn_answer. threads 0: one a processor. */
enum err engine_answers_run(struct engine_answers *out, const struct cnn *c, const struct dataset *d,
                            const uint32_t *index, size_t n, int threads, struct why *why);
void engine_answers_free(struct engine_answers *a);

/* Draws picture number i, of sides up to ENGINE_ANSWERS_SIDE_MAX, into px. */
enum { ENGINE_ANSWERS_SIDE_MAX = 112 };
typedef struct raster (*engine_answers_draw)(void *ctx, size_t i,
                                             uint8_t px[ENGINE_ANSWERS_SIDE_MAX * ENGINE_ANSWERS_SIDE_MAX]);

/* answer[n] to pictures that draw makes (any thread may ask for any of them). */
enum err engine_answers_run_drawn(const struct cnn *c, engine_answers_draw draw, void *ctx, size_t n, int threads,
                                  struct answer *answer, struct why *why);

#endif
