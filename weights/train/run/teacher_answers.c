/* From the file where there is one. Otherwise computed, and saved. */
#include "teacher_answers.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "common/block_file.h"

#define MAGIC "DIGTANS1"

enum { ROUND = 64, PATH_BYTES = OPTION_TEXT_MAX + 64, TEACHER_DIGITS = 12, DIGITS = 17 };

enum err teacher_answers_open(struct teacher_answers *b, const struct train_settings *set, struct why *why)
{
    *b = (struct teacher_answers){.distortions = -1};
    if (strcmp(set->teacher, "none") == 0 && strcmp(set->answers, "none") != 0)
        return err_why(why, ERR_RANGE, "--answers needs --teacher: there is nothing to save without one");
    enum err e = teachers_load(&b->teachers, set->teacher, set->trainer.path, why);
    if (e == OK && b->teachers.n > 0 && strcmp(set->answers, "none") != 0)
        e = dir_make(set->answers, why);
    return e;
}

void teacher_answers_close(struct teacher_answers *b)
{
    teachers_free(&b->teachers);
    free(b->logits);
    b->logits = NULL;
}

/* ---- a file of answers ---- */

static float *logits_of(const struct teacher_answers *b, const struct trainer *t, int teacher)
{
    return b->logits + (size_t)teacher * t->train.n * MODEL_CLASSES;
}

static void path_of(const struct teacher_answers *b, const struct train_settings *set, int teacher, int64_t distortions,
                    char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/d%04lld-%.*s.answers", set->answers, (long long)distortions, TEACHER_DIGITS,
             b->teachers.list[teacher].sha256);
}

/* Everything that the outputs depend on. */
static struct json *header_of(const struct teacher_answers *b, const struct trainer *t,
                              const struct train_settings *set, int teacher, int64_t distortions)
{
    const struct teacher *from = &b->teachers.list[teacher];
    char text[DIGEST_HEX + 1];
    struct json *h = json_new_object();
    json_set_str(h, "teacher_sha256", from->sha256);
    teacher_kernels(from, text, sizeof(text));
    json_set_str(h, "kernels", text);
    json_set_str(h, "train_images_sha256", t->train.data->images_sha256);
    json_set_int(h, "pictures", (int64_t)t->train.n);
    if (t->train.data->n_more > 0)
        json_set_str(h, "more_sha256", t->train.data->more_sha256);
    digest_sha256_hex(t->train.index, t->train.n * sizeof(*t->train.index), text);
    json_set_str(h, "pictures_sha256", text);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)trainer_distort_seed(&t->set));
    json_set_str(h, "distort_seed", text);
    json_set_int(h, "distortions", distortions);
    options_write(train_options, train_options_n, set, OPTION_DISTORTION, json_set_object(h, "distortion"));
    snprintf(text, sizeof(text), "%.9g", (double)t->set.hands);
    json_set_str(h, "hands", text);
    snprintf(text, sizeof(text), "%.9g", (double)t->set.remnants);
    json_set_str(h, "remnants", text);
    if (distortions >= TRAINER_CALM) {
        snprintf(text, sizeof(text), "%.9g", (double)t->set.calm_strength);
        json_set_str(h, "calm_strength", text);
    }
    return h;
}

/* Finds the first member of an object that differs in another one. */
struct difference {
    const struct json *other;
    char text[160];
};

static void value_text(const struct json *v, char *text, size_t n)
{
    int64_t number;
    const char *string = json_str(v, NULL);
    if (string)
        snprintf(text, n, "%.24s", string);
    else if (json_int(v, &number))
        snprintf(text, n, "%lld", (long long)number);
    else
        snprintf(text, n, "%s", "nothing");
}

static bool is_alike(const char *key, struct json *value, void *ctx)
{
    struct difference *d = ctx;
    if (json_is_object(value)) {
        struct difference inner = {.other = json_get(d->other, key)};
        json_each(value, is_alike, &inner);
        memcpy(d->text, inner.text, sizeof(d->text));
        return !d->text[0];
    }
    char want[32], have[32];
    value_text(value, want, sizeof(want));
    value_text(json_get(d->other, key), have, sizeof(have));
    const char *a = json_str(value, NULL), *b = json_str(json_get(d->other, key), NULL);
    if (a && b ? strcmp(a, b) == 0 : !a && !b && strcmp(want, have) == 0)
        return true;
    snprintf(d->text, sizeof(d->text), "%.40s is %s there and %s here", key, have, want);
    return false;
}

/* *found is false where there is no such file. */
static enum err read_answers(struct teacher_answers *b, const struct trainer *t, const struct train_settings *set,
                             int teacher, int64_t distortions, bool *found, struct why *why)
{
    char path[PATH_BYTES];
    struct block_file f = {0};
    struct json *want = header_of(b, t, set, teacher, distortions);
    const struct float_block block = {logits_of(b, t, teacher), t->train.n * MODEL_CLASSES};
    path_of(b, set, teacher, distortions, path);
    enum err e = block_file_read(&f, path, MAGIC, sizeof(float) * block.n + BLOCK_FILE_HEADER_MAX, why);
    *found = e != ERR_NOT_FOUND;
    if (e != OK) {
        e = *found ? e : OK;
        goto out;
    }
    struct difference d = {.other = f.head};
    if (want)
        json_each(want, is_alike, &d);
    else
        e = err_why(why, ERR_NOMEM, "out of memory");
    if (d.text[0])
        e = err_why(why, ERR_FORMAT, "%s was made for other settings (%s): use another --answers directory", path,
                    d.text);
    else if (e == OK && !block_file_fill(&f, &block, 1))
        e = err_why(why, ERR_FORMAT, "%s does not match its own header: delete it", path);
out:
    block_file_free(&f);
    json_free(want);
    return e;
}

static enum err write_answers(struct teacher_answers *b, const struct trainer *t, const struct train_settings *set,
                              int teacher, int64_t distortions, struct why *why)
{
    char path[PATH_BYTES];
    struct json *head = header_of(b, t, set, teacher, distortions);
    const struct float_block block = {logits_of(b, t, teacher), t->train.n * MODEL_CLASSES};
    path_of(b, set, teacher, distortions, path);
    file_sweep(path);
    enum err e = block_file_write(path, MAGIC, head, &block, 1, why);
    json_free(head);
    return e;
}

/* ---- asking ---- */

/* One teacher at a time, so that a thread needs the memory of only one. */
struct asking {
    struct trainer *t;
    const struct teacher *teacher;
    int64_t distortions;
    float *logits;              /* [train.n][10] */
    size_t first;               /* picture of the list */
    struct teacher_room **room; /* [threads] */
};

static void ask_piece(void *ctx, size_t piece, int thread)
{
    const struct asking *a = ctx;
    size_t i0 = a->first + piece * TEACHER_PIECE, left = a->t->train.n - i0;
    size_t n = left < TEACHER_PIECE ? left : TEACHER_PIECE;
    float px[TEACHER_PIECE][DIGIT_PIXELS];
    for (size_t i = 0; i < n; i++)
        trainer_distort(a->t, a->distortions, a->t->train.index[i0 + i], px[i]);
    teacher_ask(a->teacher, a->room[thread], px[0], n, a->logits + i0 * MODEL_CLASSES);
}

/* *done is false where *stop came in between. */
static enum err ask(struct asking *a, const volatile sig_atomic_t *stop, bool *done, struct why *why)
{
    int threads = parallel_threads(a->t->pool), made = 0;
    *done = false;
    a->room = calloc((size_t)threads, sizeof(*a->room));
    while (a->room && made < threads && (a->room[made] = teacher_room_new(a->teacher)))
        made++;
    for (a->first = 0; made == threads && a->first < a->t->train.n && !*stop;
         a->first += (size_t)TEACHER_PIECE * ROUND) {
        size_t left = (a->t->train.n - a->first + TEACHER_PIECE - 1) / TEACHER_PIECE;
        parallel_run(a->t->pool, left < ROUND ? left : ROUND, ask_piece, a);
    }
    *done = a->first >= a->t->train.n;
    for (int i = 0; i < made; i++)
        teacher_room_free(a->room[i]);
    free(a->room);
    /* Answers about a picture that could not be drawn must not be saved. */
    return made == threads && !atomic_load(&a->t->no_memory) ? OK : err_why(why, ERR_NOMEM, "out of memory");
}

/* Computes the outputs that no file had. */
static enum err ask_unknown(struct teacher_answers *b, struct trainer *t, const struct train_settings *set,
                            int64_t distortions, const bool *known, const volatile sig_atomic_t *stop, FILE *progress,
                            struct why *why)
{
    bool done = true, keep = strcmp(set->answers, "none") != 0;
    int64_t begun_us = clock_mono_us();
    enum err e = OK;
    for (int k = 0; e == OK && done && k < b->teachers.n; k++) {
        struct asking a = {
            .t = t, .teacher = &b->teachers.list[k], .distortions = distortions, .logits = logits_of(b, t, k)};
        if (!known[k])
            e = ask(&a, stop, &done, why);
    }
    if (e != OK || !done)
        return e;
    if (progress)
        fprintf(progress, "teachers' outputs for distortions %lld: %.1f s%s%s\n", (long long)distortions,
                (double)(clock_mono_us() - begun_us) / 1e6, keep ? ", saved in " : "", keep ? set->answers : "");
    for (int k = 0; keep && e == OK && k < b->teachers.n; k++)
        if (!known[k])
            e = write_answers(b, t, set, k, distortions, why);
    b->distortions = e == OK ? distortions : -1;
    return e;
}

enum err teacher_answers_for_epoch(struct teacher_answers *b, struct trainer *t, const struct train_settings *set,
                                   const volatile sig_atomic_t *stop, FILE *progress, struct why *why)
{
    bool known[TEACHERS_MAX] = {false};
    int64_t distortions = trainer_distortions(&t->set, t->step / t->steps_per_epoch);
    int unknown = b->teachers.n;
    enum err e = OK;
    if (b->teachers.n == 0 || !(t->set.distill > 0))
        return OK;
    if (b->distortions != distortions) {
        t->answers = NULL;
        b->distortions = -1;
        if (!b->logits)
            b->logits = calloc((size_t)b->teachers.n * t->train.n * MODEL_CLASSES, sizeof(float));
        if (!b->logits)
            return err_why(why, ERR_NOMEM, "out of memory");
        for (int k = 0; strcmp(set->answers, "none") != 0 && e == OK && k < b->teachers.n; k++) {
            e = read_answers(b, t, set, k, distortions, &known[k], why);
            unknown -= known[k];
        }
        if (e == OK && unknown == 0)
            b->distortions = distortions;
        else if (e == OK)
            e = ask_unknown(b, t, set, distortions, known, stop, progress, why);
    }
    t->answers = b->distortions == distortions ? b->logits : NULL;
    t->n_teachers = b->teachers.n;
    return e;
}
