/* The same path as a request's: normalise, then cnn_answer; shared out in pieces of 64 pictures. */
#include "engine_answers.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/parallel.h"

enum { PIECE = 64 };

struct work {
    const struct cnn *cnn;
    size_t n;
    engine_answers_draw draw;
    void *draw_ctx;
    void (*take)(struct work *w, size_t i, const struct answer *a, const struct raster *drawn, const uint8_t *px);
    struct engine_answers *answers; /* where take puts things */
    const struct dataset *data;
    struct answer *drawn;
    void **scratch; /* [threads] */
    atomic_size_t changed;
    atomic_int failed; /* an enum err */
};

static void answer_piece(void *ctx, size_t piece, int thread)
{
    struct work *w = ctx;
    const size_t end = (piece + 1) * PIECE < w->n ? (piece + 1) * PIECE : w->n;
    uint8_t room[ENGINE_ANSWERS_SIDE_MAX * ENGINE_ANSWERS_SIDE_MAX], px[DIGIT_PIXELS];
    for (size_t i = piece * PIECE; i < end; i++) {
        const struct raster raster = w->draw(w->draw_ctx, i, room);
        struct normalise_steps steps;
        struct answer a;
        const enum err e = normalise(&raster, px, &steps);
        if (e != OK) {
            atomic_store(&w->failed, (int)e);
            return;
        }
        cnn_answer(w->cnn, px, &a, w->scratch[thread]);
        w->take(w, i, &a, &raster, px);
    }
}

static enum err run(struct work *w, int threads, struct why *why)
{
    enum err e = ERR_NOMEM;
    threads = threads > 0 ? threads : parallel_processors();
    struct parallel *pool = parallel_new(threads);
    w->scratch = calloc((size_t)threads, sizeof(*w->scratch));
    if (!pool || !w->scratch)
        goto out;
    for (int i = 0; i < threads; i++)
        if (!(w->scratch[i] = cnn_scratch_new(w->cnn)))
            goto out;
    parallel_run(pool, (w->n + PIECE - 1) / PIECE, answer_piece, w);
    e = (enum err)atomic_load(&w->failed);
out:
    for (int i = 0; w->scratch && i < threads; i++)
        free(w->scratch[i]);
    free(w->scratch);
    parallel_free(pool);
    return e == OK ? OK : err_why(why, e, "answers: %s", err_str(e));
}

static struct raster from_dataset(void *ctx, size_t i, uint8_t *room)
{
    const struct work *w = ctx;
    (void)room;
    return (struct raster){DIGIT_SIDE_PX, DIGIT_SIDE_PX, w->data->images + (size_t)w->answers->index[i] * DIGIT_PIXELS};
}

static void take_answer(struct work *w, size_t i, const struct answer *a, const struct raster *drawn, const uint8_t *px)
{
    if (memcmp(px, drawn->px, DIGIT_PIXELS) != 0)
        atomic_fetch_add(&w->changed, 1);
    w->answers->of[i] = *a;
    w->answers->refused[i] = a->verdict == VERDICT_NOT_A_DIGIT;
    w->answers->doubted[i] = a->doubted;
    memcpy(w->answers->logits + i * MODEL_CLASSES, a->logits, sizeof(a->logits));
    w->answers->labels[i] = w->data->labels[w->answers->index[i]];
}

enum err engine_answers_run(struct engine_answers *out, const struct cnn *c, const struct dataset *d,
                            const uint32_t *index, size_t n, int threads, struct why *why)
{
    struct work w = {.cnn = c, .n = n, .draw = from_dataset, .take = take_answer, .answers = out, .data = d};
    w.draw_ctx = &w;
    *out = (struct engine_answers){.n = n};
    out->of = calloc(n + 1, sizeof(*out->of));
    out->logits = calloc(n * MODEL_CLASSES + 1, sizeof(*out->logits));
    out->labels = calloc(n + 1, 1);
    out->index = calloc(n + 1, sizeof(*out->index));
    out->refused = calloc(n + 1, sizeof(*out->refused));
    out->doubted = calloc(n + 1, sizeof(*out->doubted));
    if (!out->of || !out->logits || !out->labels || !out->index || !out->refused || !out->doubted) {
        engine_answers_free(out);
        return err_why(why, ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < n; i++)
        out->index[i] = index ? index[i] : (uint32_t)i;
    const enum err e = run(&w, threads, why);
    for (size_t i = 0; i < n; i++)
        out->again += out->of[i].looks > 1;
    out->changed = atomic_load(&w.changed);
    if (e != OK)
        engine_answers_free(out);
    return e;
}

void engine_answers_free(struct engine_answers *a)
{
    free(a->of);
    free(a->logits);
    free(a->labels);
    free(a->index);
    free(a->refused);
    free(a->doubted);
    *a = (struct engine_answers){0};
}

static void take_drawn(struct work *w, size_t i, const struct answer *a, const struct raster *drawn, const uint8_t *px)
{
    (void)drawn;
    (void)px;
    w->drawn[i] = *a;
}

enum err engine_answers_run_drawn(const struct cnn *c, engine_answers_draw draw, void *ctx, size_t n, int threads,
                                  struct answer *answer, struct why *why)
{
    struct work w = {.cnn = c, .n = n, .draw = draw, .draw_ctx = ctx, .take = take_drawn, .drawn = answer};
    return run(&w, threads, why);
}
