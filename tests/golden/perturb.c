/* perturb: how a weights file reads MNIST's pictures after something happened to them: shifted, turned, thinned,
 * photographed ...
 *
 * Each picture is made from a seed, written as a file's bytes, and goes the service's way: image_decode, normalise,
 * network, verdict. Right is what a visitor would be told rightly: "not a digit" is wrong. libgd keeps state of its
 * own, so the work is shared out to processes, not threads; a picture depends on its number alone, so their count
 * changes nothing.
 *
 * The validation pictures are the default. The test pictures are for the table of MODEL.md, once. */
#include <sys/mman.h>
#include <sys/wait.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/files.h"
#include "common/options.h"
#include "common/parallel.h"
#include "data/idx.h"
#include "image/image.h"
#include "make/perturbations.h"
#include "measure/metrics.h"
#include "net/cnn.h"

enum { KINDS_MAX = 32, JOBS_MAX = 64, DIGITS = 6, JSON_MAX = 1024 * 1024 };

struct settings {
    char weights[OPTION_TEXT_MAX], data[OPTION_TEXT_MAX], split[OPTION_TEXT_MAX], kind[OPTION_TEXT_MAX];
    char out[OPTION_TEXT_MAX];
    int count, jobs;
    uint64_t seed;
    bool json, help;
};

static const struct settings defaults = {
    .weights = "weights/digits.safetensors", .data = "data", .split = "validation", .count = 1000, .seed = 1};

#define AT(field) offsetof(struct settings, field)
static const struct option options[] = {
    {"weights", "FILE", OPTION_TEXT, AT(weights), 0, 0, false, "the network"},
    {"data", "DIR", OPTION_TEXT, AT(data), 0, 0, false, "where MNIST's IDX files are (weights/fetch-mnist DIR)"},
    {"split", "validation|test", OPTION_TEXT, AT(split), 0, 0, false,
     "which pictures; test counts as a reading of the test set"},
    {"kind", "NAME", OPTION_TEXT, AT(kind), 0, 0, false, "one kind alone; empty: all"},
    {"count", "N", OPTION_INT, AT(count), 1, 10000, false, "pictures of each kind, spread evenly over the split"},
    {"seed", "N", OPTION_SEED, AT(seed), 0, 0, false, "of the perturbations"},
    {"jobs", "N", OPTION_INT, AT(jobs), 0, JOBS_MAX, false, "processes; 0: one a processor"},
    {"out", "DIR", OPTION_TEXT, AT(out), 0, 0, false,
     "write the wrong pictures there: KIND/LABEL-as-ANSWER-NUMBER.EXT"},
    {"json", NULL, OPTION_FLAG, AT(json), 0, 0, false, "one JSON object instead of a table"},
    {"help", NULL, OPTION_FLAG, AT(help), 0, 0, false, "this text"},
};
enum { OPTIONS = sizeof(options) / sizeof(*options) };

struct count {
    size_t n, right, refused; /* refused: "not a digit" */
};

/* Everything that the processes share. */
struct bench {
    const struct settings *set;
    struct dataset data;
    uint32_t *index; /* [n] of the split; NULL: all of data */
    size_t n;
    struct cnn *cnn;
    struct count (*counts)[KINDS_MAX]; /* [jobs][kinds], in shared memory */
};

static void must(enum err e, const struct why *why)
{
    if (e != OK)
        die("perturb", why->text[0] ? why->text : err_str(e));
}

static void load(struct bench *b, bool test)
{
    uint32_t *train = NULL;
    size_t n_train;
    struct why why = {0};

    must(dataset_load(&b->data, b->set->data, test ? IDX_TEST : IDX_TRAIN, &why), &why);
    b->n = b->data.n;
    if (!test)
        must(dataset_split(&b->data, &train, &n_train, &b->index, &b->n), &why);
    free(train);
    if ((size_t)b->set->count > b->n)
        die("perturb", "--count is more than the split has");
}

static void keep_wrong(const struct settings *set, const struct perturbation *kind, int label, const struct answer *a,
                       size_t number, const struct perturbed *p, const uint8_t *bytes, size_t n)
{
    char path[OPTION_TEXT_MAX + 120], answer[16] = "none";
    struct why why = {0};

    (void)snprintf(path, sizeof(path), "%s/%s", set->out, kind->name);
    must(dir_make(path, &why), &why);
    if (a->verdict != VERDICT_NOT_A_DIGIT)
        (void)snprintf(answer, sizeof(answer), "%d", a->digit);
    (void)snprintf(path, sizeof(path), "%s/%s/%d-as-%s-%zu.%s", set->out, kind->name, label, answer, number,
                   encode_extension(p->format));
    must(file_write(path, &(struct file_part){bytes, n}, 1, &why), &why);
}

/* Picture number of a kind: made, encoded, decoded, normalised, read. */
static void read_one(const struct bench *b, const struct perturbation *kind, size_t number, void *scratch,
                     struct count *c)
{
    const size_t at = number * b->n / (size_t)b->set->count, picture = b->index ? b->index[at] : at;
    struct perturbed p = {.mnist = b->data.images + picture * DIGIT_PIXELS, .format = ENCODE_PNG, .quality = 90};
    struct normalise_steps steps;
    struct image img = {0};
    struct answer a;
    struct why why = {0};
    uint8_t px[DIGIT_PIXELS];
    size_t n;

    /* The stream is named by the kind's place too, or every kind would draw the same numbers. */
    rng_seed(&p.r, b->set->seed, RNG_TEST, (uint64_t)(kind - perturbations) << 32 | number);
    kind->make(&p);
    uint8_t *bytes = encode(&p.canvas, p.format, p.quality, 1, &n);
    must(image_decode(bytes, n, &img, &why), &why);
    must(normalise(&img.raster, px, &steps), &why);
    cnn_answer(b->cnn, px, &a, scratch);
    c->n++;
    c->refused += a.verdict == VERDICT_NOT_A_DIGIT;
    if (a.verdict != VERDICT_NOT_A_DIGIT && a.digit == b->data.labels[picture])
        c->right++;
    else if (b->set->out[0])
        keep_wrong(b->set, kind, b->data.labels[picture], &a, number, &p, bytes, n);
    free(bytes);
    image_free(&img);
    canvas_free(&p.canvas);
}

static bool wanted(const struct settings *set, const struct perturbation *kind)
{
    return !set->kind[0] || strcmp(set->kind, kind->name) == 0;
}

/* Every jobs-th picture of every kind. */
static void do_share(const struct bench *b, size_t job, size_t jobs)
{
    void *scratch = cnn_scratch_new(b->cnn);

    if (scratch == NULL)
        die("perturb", err_str(ERR_NOMEM));
    for (const struct perturbation *kind = perturbations; kind->name != NULL; kind++)
        for (size_t i = job; wanted(b->set, kind) && i < (size_t)b->set->count; i += jobs)
            read_one(b, kind, i, scratch, &b->counts[job][kind - perturbations]);
    free(scratch);
}

/* The sum of all counts in counts[0]. */
static void do_all(struct bench *b)
{
    const size_t jobs = (size_t)(b->set->jobs ? b->set->jobs : parallel_processors());
    bool failed = false;
    int status;

    b->counts = mmap(NULL, jobs * sizeof(*b->counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (b->counts == MAP_FAILED)
        die("perturb", err_str(ERR_NOMEM));
    for (size_t job = 0; job < jobs; job++) {
        const pid_t pid = fork();

        if (pid < 0)
            die("perturb", "fork failed");
        if (pid == 0) {
            do_share(b, job, jobs);
            exit(0);
        }
    }
    while (wait(&status) > 0)
        failed = failed || status != 0;
    if (failed)
        die("perturb", "a process of it failed");
    for (size_t job = 1; job < jobs; job++)
        for (int k = 0; k < KINDS_MAX; k++) {
            b->counts[0][k].n += b->counts[job][k].n;
            b->counts[0][k].right += b->counts[job][k].right;
            b->counts[0][k].refused += b->counts[job][k].refused;
        }
}

static void print_table(const struct bench *b)
{
    printf("%-12s %6s %6s %9s  %-15s %7s  %s\n", "kind", "n", "right", "accuracy", "95 % interval", "refused",
           "what it is");
    for (const struct perturbation *kind = perturbations; kind->name != NULL; kind++) {
        const struct count *c = &b->counts[0][kind - perturbations];
        double low, high;

        if (c->n == 0)
            continue;
        metrics_wilson(c->right, c->n, &low, &high);
        printf("%-12s %6zu %6zu %7.2f %%  %5.2f to %6.2f %7zu  %s\n", kind->name, c->n, c->right,
               100 * (double)c->right / (double)c->n, 100 * low, 100 * high, c->refused, kind->what);
    }
}

static void print_json(const struct bench *b, const char *sha256)
{
    struct json *root = json_new_object();
    struct buf *text = buf_new(JSON_MAX);

    json_set_str(root, "weights_sha256", sha256);
    json_set_str(root, "split", b->set->split);
    json_set_int(root, "seed", (int64_t)b->set->seed);
    struct json *kinds = json_set_object(root, "kinds");
    for (const struct perturbation *kind = perturbations; kind->name != NULL; kind++) {
        const struct count *c = &b->counts[0][kind - perturbations];

        if (c->n == 0)
            continue;
        struct json *o = json_set_object(kinds, kind->name);
        json_set_str(o, "what", kind->what);
        json_set_int(o, "n", (int64_t)c->n);
        json_set_int(o, "right", (int64_t)c->right);
        json_set_int(o, "refused", (int64_t)c->refused);
        json_set_num(o, "accuracy", (double)c->right / (double)c->n);
    }
    if (text == NULL || json_write(root, DIGITS, text) != OK)
        die("perturb", err_str(ERR_NOMEM));
    puts(buf_data(text));
    buf_free(text);
    json_free(root);
}

static void parse(struct settings *set, int argc, char **argv)
{
    struct why why = {0};
    bool known = false;
    int rest;

    if (options_parse(options, OPTIONS, set, argc, argv, &rest, NULL, &why) != OK || rest < argc) {
        (void)fprintf(stderr, "perturb: %s (--help tells more)\n", why.text[0] ? why.text : "takes no files");
        exit(2);
    }
    if (set->help) {
        puts("usage: perturb [OPTION...]\n\nReads pictures of MNIST that something was done to, by the service's own "
             "path.\n");
        options_help(options, OPTIONS, &defaults, stdout);
        exit(0);
    }
    for (const struct perturbation *kind = perturbations; kind->name != NULL; kind++)
        known = known || wanted(set, kind);
    if (!known)
        die("perturb", "--kind: no such kind");
    if (strcmp(set->split, "test") != 0 && strcmp(set->split, "validation") != 0)
        die("perturb", "--split: validation or test");
}

int main(int argc, char **argv)
{
    struct settings set = defaults;
    struct bench b = {.set = &set};
    struct model *m = NULL;
    struct why why = {0};

    parse(&set, argc, argv);
    if (strcmp(set.split, "test") == 0)
        (void)fputs("perturb: this is a reading of the test set; MODEL.md counts them\n", stderr);
    load(&b, strcmp(set.split, "test") == 0);
    must(model_load(&m, set.weights, &why), &why);
    must(cnn_create(&b.cnn, m, CNN_AUTO, &why), &why);
    do_all(&b);
    if (set.json)
        print_json(&b, m->sha256);
    else
        print_table(&b);
    cnn_free(b.cnn);
    model_free(m);
    dataset_free(&b.data);
    free(b.index);
    return 0;
}
