/* Command-line options from a const table: parsing, ranges, help with units and defaults, and their values as text (for
 * a checkpoint and a log). One table a subcommand is the one place where its settings are. */
#ifndef DIGITD_WEIGHTS_OPTIONS_H
#define DIGITD_WEIGHTS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "base/json.h"

enum option_kind {
    OPTION_FLAG,   /* bool */
    OPTION_INT,    /* int */
    OPTION_SEED,   /* uint64_t */
    OPTION_FLOAT,  /* float */
    OPTION_FLOATS, /* float[OPTION_FLOATS_MAX], and an int behind them for how many: "0.1,0.2" or "none" */
    OPTION_TEXT    /* char[OPTION_TEXT_MAX] */
};
enum { OPTION_FLOATS_MAX = 8, OPTION_TEXT_MAX = 512 };

struct option_floats {
    float v[OPTION_FLOATS_MAX];
    int n;
};

/* What becomes of a value when a run is gone on with. `false` in a table is OPTION_SESSION. */
enum option_use {
    OPTION_SESSION,    /* of this call alone */
    OPTION_KEPT,       /* kept with the run, where a later call does not give another: places, and what is no recipe */
    OPTION_KEPT_LATER, /* the same; a run that was begun before there was such an option has what this call says */
    OPTION_RECIPE,     /* part of what makes a run what it is: never changes */
    OPTION_LATER,      /* the same; a run that was begun before there was such an option has false, or 0 */
    OPTION_DISTORTION  /* the same, and part of what a distorted picture looks like */
};

struct option {
    const char *name; /* without "--" */
    const char *unit; /* what the value is: "DIR", "px", "epochs" ...; NULL for a flag */
    enum option_kind kind;
    size_t offset;   /* of its value in the settings */
    double min, max; /* numbers */
    enum option_use use;
    const char *help;
};

/* Reads argv[1] .. into settings, which holds the defaults. "--name value" and "--name=value"; "--" ends the options;
 * *rest is the index of the first argument that is not one. given[n_table] (may be NULL) tells which were there. */
enum err options_parse(const struct option *table, size_t n_table, void *settings, int argc, char **argv, int *rest,
                       bool *given, struct why *why);

/* The table as help: name, unit, meaning, default. */
void options_help(const struct option *table, size_t n_table, const void *defaults, FILE *out);

/* The options of a use from `least` on into an object of strings, and all but a session's back. given[n_table] (may be
 * NULL) says which the command line has: of a kept one, that value stays; a recipe's must be the same. Reading refuses
 * a malformed one, and a missing one but for OPTION_LATER and OPTION_KEPT_LATER. */
void options_write(const struct option *table, size_t n_table, const void *settings, enum option_use least,
                   struct json *to);
enum err options_read(const struct option *table, size_t n_table, void *settings, const bool *given,
                      const struct json *from, struct why *why);

#endif
