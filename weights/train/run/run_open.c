/* What must hold before a run starts or continues. A run takes hours, so every fault that can be found early is found
 * here: files that cannot be written, text that JSON cannot hold, a run directory that another process uses, another
 * instruction set than the run was started with. */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/fs.h"
#include "common/files.h"
#include "measure/calibrate.h"
#include "network/layer_list.h"
#include "run_state.h"

enum { TEXT_MAX = 64 * 1024, PATH_BYTES = OPTION_TEXT_MAX + 32 };

void run_close(struct run *r)
{
    teacher_answers_close(&r->teacher_answers);
    trainer_free(r->trainer);
    model_free(r->model);
    model_free(r->like);
    free(r->stats.mean);
    free(r->best_stats.mean);
    free(r->best);
    free(r->history);
    free(r->logits);
    free(r->train_index);
    free(r->validation_index);
    dataset_free(&r->loaded);
    if (r->lock >= 0)
        close(r->lock);
}

/* ---- checks ---- */

/* The log and the metadata are JSON, which must be UTF-8. */
static enum err check_text(const struct run *r, const char *command, struct why *why)
{
    struct json *record = json_new_object();
    struct buf *text = buf_new(TEXT_MAX);
    if (strlen(command) >= TRAIN_COMMAND_MAX) {
        json_free(record);
        buf_free(text);
        return err_why(why, ERR_LIMIT, "the command line is longer than %d bytes", TRAIN_COMMAND_MAX - 1);
    }
    json_set_str(record, "command", command);
    json_set_str(record, "run", r->set.run);
    run_settings_json(&r->set, OPTION_KEPT, record);
    enum err e = text ? json_write(record, 6, text) : ERR_NOMEM;
    buf_free(text);
    json_free(record);
    if (e == OK || e == ERR_NOMEM)
        return e == OK ? OK : err_why(why, e, "out of memory");
    return err_why(why, ERR_FORMAT, "the command line or a path is not UTF-8, so it cannot go into the log");
}

enum err train_out_check(const char *path, struct why *why)
{
    char copy[OPTION_TEXT_MAX];
    snprintf(copy, sizeof(copy), "%s", path);
    struct stat st;
    bool there = stat(path, &st) == 0;
    if (path[strlen(path) - 1] == '/' || (there && S_ISDIR(st.st_mode)))
        return err_why(why, ERR_IO, "cannot write %s: it is a directory", path);
    if (there && !S_ISREG(st.st_mode))
        return err_why(why, ERR_IO, "cannot write %s: it is not a regular file", path);
    const char *place = dirname(copy);
    if (access(place, W_OK | X_OK) != 0)
        return err_why(why, ERR_IO, "cannot write %s: %s: %s", path, place, strerror(errno));
    return OK;
}

/* Held until run_close; the system drops it when the process dies. Removes what dead processes left half-written. */
static enum err lock(struct run *r, struct why *why)
{
    static const char *const names[] = {"checkpoint", "log.jsonl"};
    enum err e = r->set.resume ? OK : dir_make(r->set.run, why);
    if (e != OK)
        return e;
    r->lock = open(r->set.run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->lock < 0)
        return err_why(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", r->set.run, strerror(errno));
    if (flock(r->lock, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? err_why(why, ERR_BUSY, "%s: another process is already training there", r->set.run)
                   : err_why(why, ERR_IO, "%s: %s", r->set.run, fs_lock_refused(errno));
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof(path), "%s/%s", r->set.run, names[i]);
        file_sweep(path);
    }
    file_sweep(r->set.out);
    return OK;
}

/* ---- what a checkpoint says ---- */

/* For a resumed run, takes over its settings and history. For a new run, checks that no unfinished one would be
 * lost. */
static enum err find_run(struct run *r, const char *command, struct why *why)
{
    bool exists, finished, go_on = r->set.resume || r->set.finish;
    struct run found = {.set = r->set};
    if (!go_on)
        memset(found.set.given, 0, sizeof(found.set.given));
    enum err e = checkpoint_settings(&found, &exists, &finished, why);
    if (e != OK)
        return e;
    if (go_on && !exists)
        return err_why(why, ERR_NOT_FOUND, "%s: no run found there", r->set.run);
    if (!go_on && exists && !finished)
        return err_why(why, ERR_EXISTS,
                       "%s holds an unfinished run: continue it with --resume, or write its best epoch with --finish",
                       r->set.run);
    if (go_on) {
        r->set = found.set;
        memcpy(r->command, found.command, sizeof(r->command));
        memcpy(r->kernels, found.kernels, sizeof(r->kernels));
    } else {
        snprintf(r->command, sizeof(r->command), "%s", command);
    }
    return OK;
}

/* ---- instruction sets ---- */

/* The instruction set of --kernels, or the one the run was started with. Each rounds differently. */
static enum err choose_kernels(struct run *r, struct why *why)
{
    static const char *const names[] = {
        [CNN_AUTO] = "auto", [CNN_BASE] = "base", [CNN_AVX2] = "avx2", [CNN_AVX512] = "avx512"};
    const int n = sizeof(names) / sizeof(*names);
    int i = 0;
    if (r->set.finish) /* no training: nothing here depends on it */
        return OK;
    while (i < n && strcmp(names[i], r->set.kernels) != 0)
        i++;
    if (i == n)
        return err_why(why, ERR_RANGE, "--kernels: \"%.20s\" is not auto, base, avx2 or avx512", r->set.kernels);
    r->set.trainer.path = (enum cnn_path)i;
    if (cnn_path_available(r->set.trainer.path))
        return OK;
    if (!r->kernels[0])
        return err_why(why, ERR_UNSUPPORTED, "this processor does not support %s", names[i]);
    return err_why(
        why, ERR_UNSUPPORTED,
        "this processor does not support %s, which %s was trained with (%s); --kernels auto continues with other "
        "rounding",
        names[i], r->set.run, r->kernels);
}

/* Adds the instruction set in use to the run's list. */
static void note_kernels(struct run *r)
{
    const char *name = r->trainer->graph->back->name, *last = strrchr(r->kernels, ',');
    size_t used = strlen(r->kernels);
    if (r->set.finish)
        return;
    snprintf(r->set.kernels, sizeof(r->set.kernels), "%s", name);
    if (strcmp(last ? last + 1 : r->kernels, name) != 0)
        snprintf(r->kernels + used, sizeof(r->kernels) - used, "%s%s", used > 0 ? "," : "", name);
}

/* ---- pictures, trainer, buffers ---- */

static enum err split_data(struct run *r, struct why *why)
{
    enum err e = (r->set.writers ? dataset_split_writers : dataset_split)(r->data, &r->train_index, &r->train.n,
                                                                          &r->validation_index, &r->validation.n);
    if (e == OK && r->set.all) {
        free(r->train_index);
        r->train.n = r->data->n;
        r->train_index = calloc(r->train.n + 1, sizeof(*r->train_index));
        for (size_t i = 0; r->train_index && i < r->train.n; i++)
            r->train_index[i] = (uint32_t)i;
    }
    if (e != OK || !r->train_index)
        return err_why(why, ERR_NOMEM, "out of memory");
    if (r->set.train_first > 0 && (size_t)r->set.train_first < r->train.n)
        r->train.n = (size_t)r->set.train_first;
    r->train.data = r->validation.data = r->data;
    r->train.index = r->train_index;
    r->validation.index = r->validation_index;
    return OK;
}

/* A network that has seen every picture cannot be calibrated on any of them. */
static enum err load_like(struct run *r, struct why *why)
{
    bool none = strcmp(r->set.like, "none") == 0;
    if (r->set.all && r->set.writers)
        return err_why(why, ERR_RANGE,
                       "--all and --writers exclude each other: --all leaves no writers to validate on");
    if (none && r->set.all)
        return err_why(
            why, ERR_RANGE,
            "--all leaves no pictures to calibrate on: use --like FILE to copy temperature and thresholds from a "
            "network with the same settings trained without --all");
    return none ? OK : calibration_load(&r->like, r->set.like, why);
}

static enum err allocate(struct run *r, struct why *why)
{
    const struct graph *g = r->trainer->graph;
    r->stats = graph_stats_new(g);
    r->best_stats = graph_stats_new(g);
    r->best = calloc(g->n_params, sizeof(float));
    r->history = calloc((size_t)r->set.trainer.epochs, sizeof(*r->history));
    r->logits = calloc(r->validation.n * MODEL_CLASSES, sizeof(float));
    if (!r->stats.mean || !r->best_stats.mean || !r->best || !r->history || !r->logits)
        return err_why(why, ERR_NOMEM, "out of memory");
    return OK;
}

enum err run_open(struct run *r, const char *command, struct why *why)
{
    bool go_on = r->set.resume || r->set.finish;
    enum err e;
    r->lock = -1;
    if ((e = check_text(r, command, why)) != OK || (!go_on && (e = train_out_check(r->set.out, why)) != OK) ||
        (!r->set.finish && (e = lock(r, why)) != OK) || (e = find_run(r, command, why)) != OK ||
        (e = train_out_check(r->set.out, why)) != OK || (e = choose_kernels(r, why)) != OK)
        return e;
    r->set.trainer.bn = !r->set.no_bn;
    if (!r->data && (e = dataset_load(&r->loaded, r->set.data, IDX_TRAIN, why)) != OK)
        return e;
    if (!r->data && strcmp(r->set.more, "none") != 0 && (e = dataset_append(&r->loaded, r->set.more, why)) != OK)
        return e;
    r->data = r->data ? r->data : &r->loaded;
    if ((e = load_like(r, why)) != OK || (e = teacher_answers_open(&r->teacher_answers, &r->set, why)) != OK ||
        (e = layer_list_parse(&r->model, r->set.layers, why)) != OK || (e = split_data(r, why)) != OK ||
        (e = trainer_new(&r->trainer, &r->set.trainer, r->model, r->train, why)) != OK)
        return e;
    note_kernels(r);
    if ((e = allocate(r, why)) != OK)
        return e;
    return go_on ? checkpoint_load(r, why) : checkpoint_remove(r, why);
}
