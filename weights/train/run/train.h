/* A training run: a directory with all that is needed to repeat or resume it, and a weights file at the end.
 *
 * RUN/checkpoint  settings, parameters, moments, averages, history, the best so far; after every epoch and on a stop
 * RUN/log.jsonl   one JSON object a line: the start (command, settings, data), then loss, accuracy, rate for each epoch
 *
 * Training reads the training files of MNIST and nothing else; every choice is made on the validation split. */
#ifndef DIGITD_WEIGHTS_TRAIN_H
#define DIGITD_WEIGHTS_TRAIN_H

#include <signal.h>
#include <stdio.h>

#include "common/options.h"
#include "trainer.h"

enum { TRAIN_OPTIONS_MAX = 64, TRAIN_COMMAND_MAX = 4096 };

struct train_settings {
    struct trainer_settings trainer;
    char layers[OPTION_TEXT_MAX], data[OPTION_TEXT_MAX], more[OPTION_TEXT_MAX], out[OPTION_TEXT_MAX],
        run[OPTION_TEXT_MAX];
    char teacher[OPTION_TEXT_MAX], answers[OPTION_TEXT_MAX]; /* files "A,B"; directory; or "none" */
    char like[OPTION_TEXT_MAX];                              /* a weights file whose calibration is copied, or "none" */
    char kernels[OPTION_TEXT_MAX];                           /* "auto" or an instruction set by name */
    int train_first;     /* of the training part of the split, this many; 0: all (for tests and trials) */
    bool all;            /* train on the validation pictures too */
    bool writers;        /* dataset_split_writers, not the fixed split */
    bool last;           /* export the last epoch, not the best one */
    int reject_examples; /* digits that the rejection head learns from; 0: no head */
    bool no_bn;
    bool resume, finish; /* resume RUN; write the best epoch of RUN so far */
    int stop_after;      /* steps in this session, as if Ctrl-C came then; 0: no such end */
    bool help;
    bool given[TRAIN_OPTIONS_MAX]; /* which of train_options the command line has */
};

extern const struct option train_options[];
extern const size_t train_options_n;
extern const struct train_settings train_defaults;

/* Why the training ended. */
enum train_end { TRAIN_DONE, TRAIN_STOPPED };

/* Runs, resumes or finishes, on MNIST from set->data. command is the command line as one text, for the metadata. *stop
 * is read after every step: when it is not 0, a checkpoint is written and *end is TRAIN_STOPPED. The fitting of the
 * rejection head is not in the checkpoint and starts again. progress (may be NULL) gets lines. The weights file is
 * written at the end only, whole or not at all. */
enum err train_run(const struct train_settings *set, const char *command, const volatile sig_atomic_t *stop,
                   FILE *progress, enum train_end *end, struct why *why);

/* The same on any training pictures, which are split like MNIST's; data NULL: MNIST. */
enum err train_run_on(const struct train_settings *set, const struct dataset *data, const char *command,
                      const volatile sig_atomic_t *stop, FILE *progress, enum train_end *end, struct why *why);

/* Whether a weights file can be written at path: it is written hours later. */
enum err train_out_check(const char *path, struct why *why);

#endif
