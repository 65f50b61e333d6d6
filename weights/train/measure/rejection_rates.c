/* Count by kind and by what was drawn. */
#include "rejection_rates.h"

#include <stdlib.h>
#include <string.h>

#include "data/idx_files.h"
#include "engine_answers.h"

enum { FILE_MAX = 64 * 1024 * 1024, LABELS_TOLD = 4 };
#define LABEL_WEAK 0.9 /* labels flagged less often than this are printed */

/* What is answered: Fashion-MNIST's pictures, or seeded ones of a kind. */
struct source {
    const uint8_t *images; /* [n][28][28]; NULL: seeded */
    enum nondigit_kind kind;
    uint64_t seed;
};

static struct raster draw(void *ctx, size_t i, uint8_t *px)
{
    const struct source *s = ctx;
    if (s->images)
        return (struct raster){DIGIT_SIDE_PX, DIGIT_SIDE_PX, s->images + i * DIGIT_PIXELS};
    nondigit_draw(s->kind, s->seed, i, px);
    return (struct raster){NONDIGIT_SIDE, NONDIGIT_SIDE, px};
}

static void count_label(struct rejection_kind *k, const char *name, const struct answer *a)
{
    int i = 0;
    while (i < k->n_labels && strcmp(k->label[i].name, name) != 0)
        i++;
    if (i == REJECTION_RATES_LABELS_MAX)
        return;
    if (i == k->n_labels)
        k->label[k->n_labels++] = (struct rejection_label){.name = name};
    k->label[i].n++;
    k->label[i].refused += a->verdict == VERDICT_NOT_A_DIGIT;
    k->label[i].doubted += a->doubted;
}

static enum err measure(struct rejection_kind *k, const struct cnn *c, struct source *s, size_t n, int threads,
                        struct why *why)
{
    struct answer *of = calloc(n + 1, sizeof(*of));
    enum err e =
        of ? engine_answers_run_drawn(c, draw, s, n, threads, of, why) : err_why(why, ERR_NOMEM, "out of memory");
    for (size_t i = 0; e == OK && i < n; i++) {
        k->n++;
        k->refused += of[i].verdict == VERDICT_NOT_A_DIGIT;
        k->doubted += of[i].doubted;
        k->unsure += of[i].verdict == VERDICT_UNSURE;
        if (!s->images)
            count_label(k, nondigit_label(s->kind, s->seed, i), &of[i]);
    }
    free(of);
    return e;
}

/* A missing or malformed file is noted in r and is not an error; a failure of the network is one. */
static enum err measure_fashion(struct rejection_rates *r, const struct cnn *c, const char *dir, int threads,
                                struct why *why)
{
    struct rejection_kind *k = &r->kind[NONDIGIT_KINDS];
    char path[IDX_PATH_BYTES];
    uint8_t *bytes = NULL;
    struct idx idx;
    size_t n = 0;
    k->name = "fashion";
    enum err e = idx_file_read(&bytes, &n, path, dir, "t10k-images-idx3-ubyte", FILE_MAX, &r->fashion_missing);
    if (e == OK)
        e = idx_parse_images(&idx, bytes, n, path, &r->fashion_missing);
    if (e == OK) {
        struct source s = {.images = idx.data};
        digest_sha256_hex(bytes, n, r->fashion_sha256);
        e = measure(k, c, &s, idx.n, threads, why);
    } else if (e != ERR_NOMEM) {
        e = OK;
    }
    free(bytes);
    return e;
}

enum err rejection_rates_measure(struct rejection_rates *r, const struct cnn *c, const char *fashion_dir, size_t each,
                                 uint64_t seed, int threads, struct why *why)
{
    *r = (struct rejection_rates){.seed = seed};
    enum err e = OK;
    for (int i = 0; e == OK && i < NONDIGIT_KINDS; i++) {
        struct source s = {.kind = (enum nondigit_kind)i, .seed = seed};
        r->kind[i].name = nondigit_name(s.kind);
        e = measure(&r->kind[i], c, &s, each, threads, why);
    }
    return e == OK ? measure_fashion(r, c, fashion_dir, threads, why) : e;
}

static double share(size_t part, size_t n)
{
    return n > 0 ? (double)part / (double)n : 0;
}

static int weakest_first(const void *a, const void *b)
{
    const struct rejection_label *x = a, *y = b;
    const double p = share(x->doubted, x->n), q = share(y->doubted, y->n);
    return p != q ? (p > q) - (p < q) : strcmp(x->name, y->name);
}

static void print_weakest(const struct rejection_kind *k, FILE *out)
{
    struct rejection_label sorted[REJECTION_RATES_LABELS_MAX];
    memcpy(sorted, k->label, sizeof(sorted));
    qsort(sorted, (size_t)k->n_labels, sizeof(*sorted), weakest_first);
    for (int i = 0; i < k->n_labels && i < LABELS_TOLD; i++) {
        const double doubted = share(sorted[i].doubted, sorted[i].n);
        if (doubted < LABEL_WEAK)
            fprintf(out, "%s%s %.0f %%", i == 0 ? "; lowest: " : ", ", sorted[i].name, 100 * doubted);
    }
}

void rejection_rates_print(const struct rejection_rates *r, FILE *out)
{
    fputs("\nnon-digits                 rejected   flagged (rejected, or unsure by rejection score)\n", out);
    for (int i = 0; i < REJECTION_RATES_KINDS; i++) {
        const struct rejection_kind *k = &r->kind[i];
        if (k->n == 0) {
            fprintf(out,
                    "  %-8s not measured: %s\n           (Debian package dataset-fashion-mnist, or --fashion DIR)\n",
                    k->name, r->fashion_missing.text);
            continue;
        }
        fprintf(out, "  %-8s of %6zu        %6.2f %%  %6.2f %%", k->name, k->n, 100 * share(k->refused, k->n),
                100 * share(k->doubted, k->n));
        print_weakest(k, out);
        fputc('\n', out);
    }
}

void rejection_rates_json(const struct rejection_rates *r, struct json *obj)
{
    char seed[32];
    snprintf(seed, sizeof(seed), "%llu", (unsigned long long)r->seed);
    json_set_str(obj, "seed", seed);
    if (r->fashion_sha256[0])
        json_set_str(obj, "fashion_sha256", r->fashion_sha256);
    struct json *kinds = json_set_object(obj, "kinds");
    for (int i = 0; i < REJECTION_RATES_KINDS; i++) {
        const struct rejection_kind *k = &r->kind[i];
        struct json *kind = k->n > 0 ? json_set_object(kinds, k->name) : NULL;
        if (!kind)
            continue;
        json_set_int(kind, "pictures", (int64_t)k->n);
        json_set_int(kind, "refused", (int64_t)k->refused);
        json_set_num(kind, "share", share(k->refused, k->n));
        json_set_int(kind, "doubted", (int64_t)k->doubted);
        json_set_int(kind, "unsure", (int64_t)k->unsure);
        struct json *labels = k->n_labels > 0 ? json_set_object(kind, "labels") : NULL;
        for (int j = 0; j < k->n_labels; j++) {
            struct json *label = json_set_object(labels, k->label[j].name);
            json_set_int(label, "pictures", (int64_t)k->label[j].n);
            json_set_int(label, "refused", (int64_t)k->label[j].refused);
            json_set_int(label, "doubted", (int64_t)k->label[j].doubted);
        }
    }
}
