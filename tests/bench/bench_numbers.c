/* What reading a number costs against reading one digit, and what a page costs: processor time of one core, from the
 * decoded picture to the reading. What decoding the file takes is the same for both, and left out.
 *
 *     bench_numbers [--names] [WEIGHTS]
 *
 * Prints a line for each figure: name, value, unit, and the bar where there is one. --names prints the names alone.
 * Pictures are made of MNIST's validation digits (DATA_DIR, or data): one digit, and a number of ten, on 600 x 100 px;
 * a page of 100 on 1000 x 1000 px. Values are medians; a ratio is that of two measured in turn, so that what else the
 * machine does weighs on both. What reads fewer than nine in ten of the digits is no reading: exit status 1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer/numbers.h"
#include "common/files.h"
#include "data/idx.h"

enum { SETS = 20, RUNS = 7, SCALE = 2, STEP = 58, TIMES = SETS * RUNS };

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

static enum err find(void *ctx, const struct picture *levelled, const struct picture *ink)
{
    return layout_find_beside(levelled, ink, ctx);
}

/* As /read does; or the normaliser and the network alone, which is what one digit takes. */
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

enum figure { CLASSIFY_ONE, READ_TEN, READ_TEN_RATIO, READ_TEN_FOUND, CLASSIFY_PAGE_SIZE, READ_PAGE, READ_PAGE_FOUND };

static const struct {
    const char *name, *unit;
    double most; /* the bar; 0: none */
} figures[] = {
    [CLASSIFY_ONE] = {"numbers_classify_one_digit", "ms", 0},
    [READ_TEN] = {"numbers_read_ten_digits", "ms", 0},
    [READ_TEN_RATIO] = {"numbers_read_ten_digits_ratio", "times", 6},
    [READ_TEN_FOUND] = {"numbers_read_ten_digits_found", "%", 0},
    [CLASSIFY_PAGE_SIZE] = {"numbers_classify_one_digit_page", "ms", 0},
    [READ_PAGE] = {"numbers_read_page_of_100", "ms", 60},
    [READ_PAGE_FOUND] = {"numbers_read_page_of_100_found", "%", 0},
};
enum { FIGURES = sizeof(figures) / sizeof(*figures) };

/* Two pictures of one size, with one digit and with count. */
struct pair {
    int w, h, count;
    uint8_t *one, *all;
};

static void draw(const struct pair *p, const struct dataset *d, const uint32_t *index)
{
    const int across = p->w / STEP;

    memset(p->one, 250, (size_t)p->w * (size_t)p->h);
    memset(p->all, 250, (size_t)p->w * (size_t)p->h);
    put(p->one, p->w, 10, 20, d->images + (size_t)index[0] * DIGIT_PIXELS);
    for (int i = 0; i < p->count; i++)
        put(p->all, p->w, 10 + i % across * STEP, 20 + i / across * 95, d->images + (size_t)index[i] * DIGIT_PIXELS);
}

/* Medians of one digit classified, all read, and the ratio of these; and how many of the digits were found, in
 * percent. */
static bool bench(int w, int h, int count, const struct dataset *d, const uint32_t *index, struct numbers_eye *eye,
                  double out[4])
{
    static double one_ms[TIMES], all_ms[TIMES], ratio[TIMES];
    const size_t pixels = (size_t)w * (size_t)h;
    struct numbers *n = calloc(1, sizeof(*n));
    const struct pair p = {w, h, count, malloc(pixels), malloc(pixels)};
    const struct raster one = {w, h, p.one}, all = {w, h, p.all};
    bool good = n && p.one && p.all;
    int found = 0, any = 0;

    for (int i = 0; good && i < TIMES; i++) {
        if (i % RUNS == 0)
            draw(&p, d, index + (size_t)(i / RUNS * count));
        one_ms[i] = read_ms(&one, n, eye, false, &any);
        all_ms[i] = read_ms(&all, n, eye, true, &found);
        good = one_ms[i] > 0 && all_ms[i] > 0;
        ratio[i] = all_ms[i] / one_ms[i];
    }
    out[0] = median(one_ms, TIMES);
    out[1] = median(all_ms, TIMES);
    out[2] = median(ratio, TIMES);
    out[3] = 100.0 * found / TIMES / count;
    free(p.one);
    free(p.all);
    free(n);
    return good && out[3] >= 90 && out[3] <= 110;
}

static void print(const double value[FIGURES])
{
    for (int i = 0; i < FIGURES; i++) {
        printf("%-32s %8.2f %s", figures[i].name, value[i], figures[i].unit);
        if (figures[i].most > 0)
            printf("  (at most %g%s)", figures[i].most, value[i] > figures[i].most ? ": MISSED" : "");
        putchar('\n');
    }
}

static enum err run(const char *weights, struct why *why)
{
    const char *dir = getenv("DATA_DIR") ? getenv("DATA_DIR") : "data";
    struct dataset d = {0};
    struct model *m = NULL;
    struct cnn *c = NULL;
    struct numbers_eye eye = {.scratch = NULL};
    uint32_t *train = NULL, *validation = NULL;
    size_t n_train, n_validation;
    double ten[4], page[4];
    enum err e = model_load(&m, weights, why);

    if (e == OK)
        e = cnn_create(&c, m, CNN_AUTO, why);
    if (e == OK)
        e = numbers_eye_open(&eye, m, c, cnn_scratch_new(c), why);
    if (e == OK && !eye.scratch)
        e = ERR_NOMEM;
    if (e == OK)
        e = dataset_load(&d, dir, IDX_TRAIN, why);
    if (e == OK)
        e = dataset_split(&d, &train, &n_train, &validation, &n_validation);
    if (e == OK &&
        (!bench(600, 100, 10, &d, validation, &eye, ten) || !bench(1000, 1000, 100, &d, validation, &eye, page)))
        e = err_why(why, ERR_FORMAT, "fewer than nine in ten of the digits are found");
    if (e == OK)
        print((double[FIGURES]){ten[0], ten[1], ten[2], ten[3], page[0], page[1], page[3]});
    free(eye.scratch);
    free(train);
    free(validation);
    dataset_free(&d);
    cnn_free(c);
    model_free(m);
    return e;
}

int main(int argc, char **argv)
{
    struct why why = {0};
    const bool names = argc > 1 && strcmp(argv[1], "--names") == 0;

    if (names) {
        for (int i = 0; i < FIGURES; i++)
            puts(figures[i].name);
        return 0;
    }
    const enum err e = run(argc > 1 ? argv[1] : WEIGHTS_DEFAULT, &why);
    if (e != OK)
        fprintf(stderr, "bench_numbers: %s\n", why.text[0] ? why.text : err_str(e));
    return e == OK ? 0 : 1;
}
