/* The state of a training run, shared by train.c (the loop), checkpoint.c (to and from disk) and finish.c (the weights
 * file); nobody else includes this. */
#ifndef DIGITD_WEIGHTS_RUN_H
#define DIGITD_WEIGHTS_RUN_H

#include "bank.h"
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
    char command[4 * OPTION_TEXT_MAX];
    const struct dataset *data; /* borrowed */
    uint32_t *train_index, *validation_index;
    struct pictures train, validation;
    struct model *model;
    struct trainer *trainer;
    struct bank bank;                     /* of teachers' answers */
    struct graph_stats stats, best_stats; /* of the weights that were validated last; of the best */
    float *best;                          /* parameters of the best epoch */
    int best_epoch;                       /* 0: none yet */
    struct epoch *history;                /* [set.trainer.epochs] */
    int n_history;
    double loss_sum, seconds; /* of the epoch under way */
    float *logits;            /* [validation.n][10] */
};

/* checkpoint.c */
enum err checkpoint_save(const struct run *r, struct why *why);
/* Only the settings of a recipe: what run_open needs before there is a trainer. *exists is false, and nothing else
 * happens, where there is no checkpoint. */
enum err checkpoint_settings(struct train_settings *set, char *command, size_t command_bytes, bool *exists,
                             bool *finished, struct why *why);
enum err checkpoint_load(struct run *r, struct why *why);
/* RUN/log.jsonl from the history. */
enum err run_log_write(const struct run *r, struct why *why);
void run_settings_json(const struct train_settings *set, struct json *obj);

/* finish.c: the weights file from the best epoch so far. */
enum err run_finish(struct run *r, FILE *progress, struct why *why);

#endif
