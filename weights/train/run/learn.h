/* A site's own hand: a copy of a network is trained a little further on digits that people corrected or confirmed, with
 * MNIST's mixed in, so that it learns these without forgetting those. Then everything that is fitted to a network is
 * fitted anew, and the copy is compared with the network it came from. It is written only where it is not worse.
 *
 * The copy always starts from a network that has learnt from no site, so what was taken back since (a deleted account,
 * a permission) is in none of its weights. A picture of a user is never stored in the file: its golden pictures are
 * MNIST's. */
#ifndef DIGITD_WEIGHTS_LEARN_H
#define DIGITD_WEIGHTS_LEARN_H

#include <signal.h>
#include <stdio.h>

#include "common/options.h"

enum {
    LEARN_LEAST = 200,   /* different pictures that are needed */
    LEARN_HELD_PART = 5, /* every fifth is held back, to compare by */
    /* Of MNIST's validation pictures, one in so many may be lost: 10 of 5,000. The released network was chosen by these
     * very pictures, so one that is as good on others has some fewer right: 3 to 7, measured, whatever it learnt. */
    LEARN_WORSE_PART = 500
};

struct learn_settings {
    char weights[OPTION_TEXT_MAX], data[OPTION_TEXT_MAX], corrections[OPTION_TEXT_MAX], out[OPTION_TEXT_MAX];
    uint64_t seed;
    int epochs;          /* passes over the corrections */
    int mix;             /* MNIST's pictures for each correction */
    float rate;          /* peak learning rate */
    int reject_examples; /* digits that the rejection head learns from; 0: no head */
    int threads;         /* 0: one a processor; does not change the result */
    bool help;
};

/* What a network told of a list of pictures. */
struct learn_figures {
    size_t n;
    size_t right;      /* the right digit, whether sure or unsure of it */
    size_t unsure;     /* told as unsure */
    size_t refused;    /* told as no digit */
    size_t sure_wrong; /* told a wrong digit without doubt */
};

enum learn_end {
    LEARN_DONE,       /* the file is written */
    LEARN_NONE,       /* there are no corrections */
    LEARN_TOO_FEW,    /* corrections */
    LEARN_WORSE_HELD, /* fewer of the corrections held back are read right */
    LEARN_WORSE_MNIST,
    LEARN_STOPPED
};

struct learn_result {
    enum learn_end end;
    size_t given;                           /* corrections in the directory */
    size_t same, spoilt;                    /* left out: equal to another; blank, or with more ink than a digit has */
    size_t n_learn, n_held;                 /* the others */
    struct learn_figures held[2], mnist[2]; /* before and after; MNIST's validation pictures */
};

/* Learns and compares; nothing but LEARN_DONE writes a file. command is the command line, for the metadata. *stop is
 * read after every step. progress (may be NULL) gets lines. */
enum err learn_run(struct learn_result *result, const struct learn_settings *set, const char *command,
                   const volatile sig_atomic_t *stop, FILE *progress, struct why *why);

#endif
