/* The same path as a request's: normalise, then cnn_forward; shared out in pieces of 64 pictures. */
#include "answers.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "../fcgi/nn/normalise.h"
#include "parallel.h"

enum { PIECE = 64 };

struct work {
    const struct cnn *cnn;
    const struct dataset *data;
    const uint32_t *index;
    size_t n;
    float *logits;
    uint8_t *labels;
    void **scratch; /* [threads] */
    atomic_size_t changed;
    atomic_int failed; /* an enum err */
};

static void answer_piece(void *ctx, size_t piece, int thread)
{
    struct work *w = ctx;
    size_t end = (piece + 1) * PIECE < w->n ? (piece + 1) * PIECE : w->n;
    for (size_t i = piece * PIECE; i < end; i++) {
        size_t picture = w->index ? w->index[i] : i;
        struct raster raster = {MODEL_SIDE, MODEL_SIDE, w->data->images + picture * MODEL_PIXELS};
        struct normalise_steps steps;
        uint8_t px[MODEL_PIXELS];
        enum err e = normalise(&raster, px, &steps);
        if (e != OK) {
            atomic_store(&w->failed, (int)e);
            return;
        }
        if (memcmp(px, raster.px, sizeof(px)) != 0)
            atomic_fetch_add(&w->changed, 1);
        cnn_forward(w->cnn, px, w->logits + i * MODEL_CLASSES, w->scratch[thread]);
        w->labels[i] = w->data->labels[picture];
    }
}

enum err answers_run(const struct cnn *c, const struct dataset *d, const uint32_t *index, size_t n, int threads,
                     float *logits, uint8_t *labels, size_t *changed, struct why *why)
{
    enum err e = ERR_NOMEM;
    if (threads <= 0)
        threads = parallel_processors();
    struct work w = {.cnn = c, .data = d, .index = index, .n = n, .logits = logits, .labels = labels};
    struct parallel *pool = parallel_new(threads);
    w.scratch = calloc((size_t)threads, sizeof(*w.scratch));
    if (!pool || !w.scratch)
        goto out;
    for (int i = 0; i < threads; i++)
        if (!(w.scratch[i] = cnn_scratch_new(c)))
            goto out;
    parallel_run(pool, (n + PIECE - 1) / PIECE, answer_piece, &w);
    e = (enum err)atomic_load(&w.failed);
    if (changed)
        *changed = atomic_load(&w.changed);
out:
    for (int i = 0; w.scratch && i < threads; i++)
        free(w.scratch[i]);
    free(w.scratch);
    parallel_free(pool);
    return e == OK ? OK : err_why(why, e, "answers: %s", err_str(e));
}
