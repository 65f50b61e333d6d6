/* The teachers' outputs for an epoch's distorted pictures, computed once and kept: in memory for the epoch, and in a
 * directory for later epochs with the same distortions, later sessions and other runs.
 *
 * DIR/dNNNN-TEACHER.answers (d1000000 and on: the weaker ones), a file for each number of distortions and teacher (the
 * first digits of its SHA-256): a block file (block_file.h) with magic DIGTANS1, a header with all that the answers
 * depend on (teacher, its arithmetic and instruction set, pictures, distortions and their seed), and
 * logits[pictures][10]. What is read equals what would be computed, bit for bit. A file with another header is refused,
 * never overwritten. */
#ifndef DIGITD_WEIGHTS_TEACHER_ANSWERS_H
#define DIGITD_WEIGHTS_TEACHER_ANSWERS_H

#include <signal.h>
#include <stdio.h>

#include "teacher.h"
#include "train.h"

struct teacher_answers {
    struct teachers teachers;
    float *logits;       /* [teachers.n][train.n][10]; NULL without teachers */
    int64_t distortions; /* which they are of; -1: none yet */
};

/* Loads set->teacher. The caller closes b, also after a failure. */
enum err teacher_answers_open(struct teacher_answers *b, const struct train_settings *set, struct why *why);
void teacher_answers_close(struct teacher_answers *b);

/* Sets t->answers to the outputs for the current epoch's distortions: reads or computes them, unless they are there.
 * Stops early, with OK and t->answers NULL, where *stop is set. progress (may be NULL) gets a line for what was
 * asked. */
enum err teacher_answers_for_epoch(struct teacher_answers *b, struct trainer *t, const struct train_settings *set,
                                   const volatile sig_atomic_t *stop, FILE *progress, struct why *why);

#endif
