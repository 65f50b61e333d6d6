/* Command-line options from a const table: parsing, ranges, help with units and defaults, and values as text for
 * checkpoint and log. Each command has one table, the only place that lists its settings. */
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

/* What happens to a value when a run is resumed. `false` in a table is OPTION_SESSION. */
enum option_use {
    OPTION_SESSION, /* holds for this call only */
    OPTION_KEPT, /* saved with the run, unless a later call gives another: paths, and what does not change the result */
    OPTION_KEPT_LATER, /* the same; a run older than the option takes what this call says */
    OPTION_RECIPE,     /* part of the training settings: fixed for the whole run */
    OPTION_LATER,      /* the same; a run older than the option has false or 0 */
    OPTION_DISTORTION  /* the same, and decides what a distorted picture looks like */
};

struct option {
    const char *name; /* without "--" */
    const char *unit; /* what the value is, such as "DIR" or "PX"; NULL for a flag */
    enum option_kind kind;
    size_t offset;   /* of the value in the settings */
    double min, max; /* numbers */
    enum option_use use;
    const char *help;
};

/* Reads argv[1] .. into settings, which holds the defaults. "--name value" and "--name=value"; "--" ends the options;
 * *rest is the index of the first argument that is not an option. given[n_table] (may be NULL) is set for each option
 * that was there. */
enum err options_parse(const struct option *table, size_t n_table, void *settings, int argc, char **argv, int *rest,
                       bool *given, struct why *why);

/* The table as help: name, unit, meaning, default. */
void options_help(const struct option *table, size_t n_table, const void *defaults, FILE *out);

/* Writes the options with a use of `least` or more into an object of strings, and reads all but session options back.
 * given[n_table] (may be NULL) says which options the command line has: their values win over saved ones (OPTION_KEPT)
 * or must equal them (OPTION_RECIPE and on). Malformed values are refused, and so are missing ones, except for
 * OPTION_LATER and OPTION_KEPT_LATER. */
void options_write(const struct option *table, size_t n_table, const void *settings, enum option_use least,
                   struct json *to);
enum err options_read(const struct option *table, size_t n_table, void *settings, const bool *given,
                      const struct json *from, struct why *why);

#endif
