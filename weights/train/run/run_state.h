/* The state of a training run, shared by run_open.c (what must hold before it begins), train.c (the loop), checkpoint.c
 * (to and from disk) and run_export.c (the weights file); nobody else includes this. */
#ifndef DIGITD_WEIGHTS_RUN_STATE_H
#define DIGITD_WEIGHTS_RUN_STATE_H

#include "teacher_answers.h"
#include "train.h"

struct epoch {
    int number;  /* from 1 */
    double loss; /* mean over its steps, with augmentation, dropout, smoothing */
    double validation_loss;
    size_t validation_right;
    double rate;    /* learning rate of its last step */
    double seconds; /* spent in it, over all sessions, validation included */
};

struct run {
    struct train_settings set;
    char command[TRAIN_COMMAND_MAX];
    char kernels[64];           /* instruction sets of its sessions, "avx2" or "avx512,avx2" */
    int lock;                   /* on the run directory, while it trains; -1: none */
    struct dataset loaded;      /* where set.data was read */
    const struct dataset *data; /* that, or the caller's */
    uint32_t *train_index, *validation_index;
    struct pictures train, validation;
    struct model *model, *like; /* like: whose calibration is copied, or NULL */
    struct trainer *trainer;
    struct teacher_answers teacher_answers; /* of teachers' answers */
    struct graph_stats stats, best_stats;   /* of the weights that were validated last; of the best */
    float *best;                            /* parameters of the best epoch */
    int best_epoch;                         /* 0: none yet */
    struct epoch *history;                  /* [set.trainer.epochs] */
    int n_history;
    double loss_sum, seconds; /* of the epoch under way */
    float *logits;            /* [validation.n][10] */
};

/* run_open.c. Checks, locks (unless set.finish: that only reads), and prepares r, which has set, and data (NULL: read
 * set.data). The caller closes r, also after a failure. ERR_BUSY where another process trains in the run directory. */
enum err run_open(struct run *r, const char *command, struct why *why);
void run_close(struct run *r);

/* checkpoint.c */
enum err checkpoint_save(const struct run *r, struct why *why);
/* Settings, command line and instruction sets alone: what run_open needs before there is a trainer. *exists is false,
 * and nothing else happens, where there is no checkpoint. */
enum err checkpoint_settings(struct run *r, bool *exists, bool *finished, struct why *why);
enum err checkpoint_load(struct run *r, struct why *why);

/* Removes the checkpoint of a finished run when a new one starts, lest --resume takes it for the new run's. */
enum err checkpoint_remove(const struct run *r, struct why *why);
/* RUN/log.jsonl from the history. */
enum err run_log_write(const struct run *r, struct why *why);
void run_settings_json(const struct train_settings *set, enum option_use least, struct json *obj);

/* run_export.c: the weights file from the best epoch so far. */
enum err run_export(struct run *r, const volatile sig_atomic_t *stop, FILE *progress, struct why *why);

#endif
