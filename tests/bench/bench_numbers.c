/* What reading a number costs against reading one digit, and what a page costs: processor time, without decoding a
 * file.
 *
 *     bench_numbers [WEIGHTS]
 *
 * Pictures are made of MNIST's validation digits (DATA_DIR, or data): one digit, and a number of ten, on 600 x 100 px;
 * a page of 100 on 1000 x 1000 px. Prints medians in milliseconds, the ratio (at most 6 is wanted) and the page (at
 * most 60 ms). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer/numbers.h"
#include "common/files.h"
#include "data/idx.h"

enum { SETS = 20, RUNS = 15, SCALE = 2, STEP = 58, TIMES = SETS * RUNS };

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof(*v), by_value);
    return v[n / 2];
}

/* Dark ink on white, SCALE times as large. */
static void put(uint8_t *px, int w, int left, int top, const uint8_t *digit)
{
    for (int y = 0; y < SCALE * DIGIT_SIDE_PX; y++)
        for (int x = 0; x < SCALE * DIGIT_SIDE_PX; x++)
            px[(top + y) * w + left + x] = (uint8_t)(250 - digit[y / SCALE * DIGIT_SIDE_PX + x / SCALE] * 240 / 255);
}

static enum err find(void *ctx, const struct picture *p)
{
    return layout_find(p, ctx);
}

/* As /classify does, or as /read. */
static double read_ms(const struct raster *in, struct numbers *n, struct numbers_eye *eye, bool all, int *digits)
{
    const struct normalise_options options = {.page = all ? find : NULL, .page_ctx = &n->lattice};
    struct reading one = {.name = ""};
    const double start = now_ms();

    if (normalise_with(in, &options, one.decoded.input, &one.decoded.steps) != OK)
        return -1;
    cnn_answer(eye->cnn, one.decoded.input, &one.answer, eye->scratch);
    if (all && numbers_read(n, &one, eye) != OK)
        return -1;
    *digits += all ? n->reading.digits : 1;
    return now_ms() - start;
}

static double bench(const struct dataset *d, const uint32_t *index, int w, int h, int count, bool all,
                    struct numbers_eye *eye)
{
    static double took[TIMES];
    const int across = w / STEP;
    struct numbers *n = calloc(1, sizeof(*n));
    uint8_t *px = malloc((size_t)w * (size_t)h);
    const struct raster in = {w, h, px};
    int digits = 0;
    double ms = -1;

    if (n && px) {
        for (int set = 0; set < SETS; set++) {
            memset(px, 250, (size_t)w * (size_t)h);
            for (int i = 0; i < count; i++)
                put(px, w, 10 + i % across * STEP, 20 + i / across * 95,
                    d->images + (size_t)index[set * count + i] * DIGIT_PIXELS);
            for (int run = 0; run < RUNS; run++)
                took[set * RUNS + run] = read_ms(&in, n, eye, all, &digits);
        }
        ms = median(took, TIMES);
        printf("%4d x %-4d %3d digits %-8s %8.2f ms  (%.1f found)\n", w, h, count, all ? "read" : "classify", ms,
               (double)digits / TIMES);
    }
    free(px);
    free(n);
    return ms;
}

int main(int argc, char **argv)
{
    const char *dir = getenv("DATA_DIR") ? getenv("DATA_DIR") : "data";
    struct dataset d = {0};
    struct model *m = NULL;
    struct cnn *c = NULL;
    struct numbers_eye eye;
    struct why why = {0};
    uint32_t *train = NULL, *validation = NULL;
    size_t n_train, n_validation;
    enum err e = model_load(&m, argc > 1 ? argv[1] : WEIGHTS_DEFAULT, &why);
    if (!e)
        e = cnn_create(&c, m, CNN_AUTO, &why);
    if (!e)
        e = numbers_eye_open(&eye, m, c, cnn_scratch_new(c), &why);
    if (!e)
        e = dataset_load(&d, dir, IDX_TRAIN, &why);
    if (!e)
        e = dataset_split(&d, &train, &n_train, &validation, &n_validation);
    if (!e) {
        const double one = bench(&d, validation, 600, 100, 1, false, &eye);
        const double ten = bench(&d, validation, 600, 100, 10, true, &eye);

        printf("a number of ten costs %.1f times one digit\n", ten / one);
        bench(&d, validation, 1000, 1000, 1, false, &eye);
        bench(&d, validation, 1000, 1000, 100, true, &eye);
        free(eye.scratch);
    }
    free(train);
    free(validation);
    dataset_free(&d);
    cnn_free(c);
    model_free(m);
    if (e)
        fprintf(stderr, "bench_numbers: %s\n", why.text);
    return e ? 1 : 0;
}
