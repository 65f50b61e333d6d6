/* The command line: words, options and help, all from two tables. Reads nothing else and touches nothing. */
#include "ctl.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_FLAG, KIND_TEXT, KIND_NUMBER };

static const struct option_row {
    const char *name, *value; /* value: what stands for it in the help; NULL for a flag */
    int letter;               /* 0: none */
    enum kind kind;
    size_t offset; /* in struct ctl_options */
    int min, max;  /* KIND_NUMBER */
    bool common;   /* every command takes it */
    const char *help;
} rows[] = {
    {"config", "FILE", 'c', KIND_TEXT, offsetof(struct ctl_options, config), 0, 0, true,
     "settings file [" CTL_CONF_PATH "]; DIGITD_NAME in the environment overrides it"},
    {"json", NULL, 0, KIND_FLAG, offsetof(struct ctl_options, json), 0, 0, true,
     "for programs: print one JSON object per line"},
    {"help", NULL, 'h', KIND_FLAG, offsetof(struct ctl_options, help), 0, 0, true, "print this help"},
    {"version", NULL, 'V', KIND_FLAG, offsetof(struct ctl_options, version), 0, 0, true, "print the version"},
    {"all", NULL, 0, KIND_FLAG, offsetof(struct ctl_options, all), 0, 0, false, "end all sessions of the account"},
    {"link", NULL, 0, KIND_FLAG, offsetof(struct ctl_options, link), 0, 0, false,
     "set no password; print a link to set one, which works once and expires in an hour"},
    {"once", NULL, 0, KIND_FLAG, offsetof(struct ctl_options, once), 0, 0, false, "send what is due, then exit"},
    {"password-stdin", NULL, 0, KIND_FLAG, offsetof(struct ctl_options, password_stdin), 0, 0, false,
     "read the password from the first line of standard input"},
    {"undo", NULL, 0, KIND_FLAG, offsetof(struct ctl_options, undo), 0, 0, false,
     "use the network from before the last --weights or --undo again"},
    {"yes", NULL, 0, KIND_FLAG, offsetof(struct ctl_options, yes), 0, 0, false, "do not ask for confirmation"},
    {"name", "TEXT", 0, KIND_TEXT, offsetof(struct ctl_options, name), 0, 0, false, "the token's name, up to 60 bytes"},
    {"note", "TEXT", 0, KIND_TEXT, offsetof(struct ctl_options, note), 0, 0, false,
     "who it is for, up to 60 bytes; shown only in the list"},
    {"scope", "LIST", 0, KIND_TEXT, offsetof(struct ctl_options, scope), 0, 0, false,
     "what the token may do: classify, history or classify,history [classify]"},
    {"weights", "FILE", 0, KIND_TEXT, offsetof(struct ctl_options, weights), 0, 0, false,
     "use this network from now on: FILE is copied to where the setting weights points"},
    {"days", "N", 0, KIND_NUMBER, offsetof(struct ctl_options, days), 0, 3650, false,
     "days until it expires; 0: never [90 for a token, 14 for an invitation]"},
    {"uses", "N", 0, KIND_NUMBER, offsetof(struct ctl_options, uses), 1, 100000, false,
     "how many accounts it can create [1]"},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]), LONG_ONLY = 256, WORDS_MAX = 64 };

/* Whether name is one of the words of list. */
static bool listed(const char *list, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = list; (p = strstr(p, name)) != NULL; p++)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return false;
}

static enum err option_put(struct ctl_options *opt, const struct option_row *row, const char *value, struct why *why)
{
    void *member = (char *)opt + row->offset;
    char *end;
    long n;

    switch (row->kind) {
    case KIND_FLAG:
        *(bool *)member = true;
        return OK;
    case KIND_TEXT:
        *(const char **)member = value;
        return OK;
    case KIND_NUMBER:
        break;
    }
    errno = 0;
    n = strtol(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 || n < row->min || n > row->max)
        return err_why(why, ERR_RANGE, "--%s: \"%.40s\" is not a whole number from %d to %d", row->name, value,
                       row->min, row->max);
    *(int *)member = (int)n;
    return OK;
}

static const struct option_row *row_of(int c)
{
    for (int i = 0; i < ROWS; i++)
        if (c == LONG_ONLY + i || c == rows[i].letter)
            return &rows[i];
    return NULL;
}

/* Reads options anywhere on the command line; the remaining words begin at argv[optind]. seen: a bit for each row. */
static enum err options_scan(int argc, char **argv, struct ctl_options *opt, unsigned *seen, struct why *why)
{
    struct option longs[ROWS + 1];
    enum err e = OK;
    int c;

    memset(longs, 0, sizeof(longs));
    for (int i = 0; i < ROWS; i++)
        longs[i] = (struct option){rows[i].name, rows[i].kind == KIND_FLAG ? no_argument : required_argument, NULL,
                                   LONG_ONLY + i};
    optind = 0; /* GNU: begin anew, also a second time in one process */
    opterr = 0;
    while (e == OK && (c = getopt_long(argc, argv, ":c:hV", longs, NULL)) != -1) {
        const struct option_row *row = row_of(c);

        if (c == ':')
            return err_why(why, ERR_FORMAT, "%.60s needs a value", argv[optind - 1]);
        if (row == NULL)
            return err_why(why, ERR_FORMAT, "%.60s: no such option, or it takes no value", argv[optind - 1]);
        *seen |= 1U << (row - rows);
        e = option_put(opt, row, optarg, why);
    }
    return e;
}

/* The command whose words are at the start of words[n]; *used: their number. */
static const struct ctl_command *command_find(char **words, int n, int *used)
{
    char two[WORDS_MAX];

    for (*used = n < 2 ? n : 2; *used > 0; (*used)--) {
        if (snprintf(two, sizeof(two), "%s%s%s", words[0], *used == 2 ? " " : "", *used == 2 ? words[1] : "") >=
            (int)sizeof(two))
            continue;
        for (const struct ctl_command *command = ctl_commands; command->words != NULL; command++)
            if (strcmp(command->words, two) == 0)
                return command;
    }
    return NULL;
}

/* Whether the command takes what was given. */
static enum err command_fits(const struct ctl_command *command, unsigned seen, int n_args, struct why *why)
{
    for (int i = 0; i < ROWS; i++)
        if ((seen & 1U << i) != 0 && !rows[i].common && !listed(command->takes, rows[i].name))
            return err_why(why, ERR_FORMAT, "%s does not take --%s", command->words, rows[i].name);
    if (n_args < command->min_args)
        return err_why(why, ERR_FORMAT, "%s needs %s", command->words, command->args);
    if (n_args > command->max_args)
        return err_why(why, ERR_FORMAT, "%s takes %s", command->words,
                       command->max_args == 0 ? "no arguments" : command->args);
    return OK;
}

enum ctl_status ctl_options_read(int argc, char **argv, const struct ctl_command **command, struct ctl *c,
                                 struct why *why)
{
    unsigned seen = 0;
    int used = 0, n;

    _Static_assert(ROWS <= 32, "seen has a bit for each");
    *command = NULL;
    c->opt = (struct ctl_options){.days = -1, .uses = -1};
    if (options_scan(argc, argv, &c->opt, &seen, why) != OK)
        return CTL_USAGE;
    n = argc - optind;
    *command = command_find(argv + optind, n, &used);
    if (c->opt.help || c->opt.version)
        return CTL_DONE;
    if (*command == NULL) {
        (void)err_why(why, ERR_NOT_FOUND, n == 0 ? "no command given" : "there is no command \"%.40s%s%.40s\"",
                      n == 0 ? "" : argv[optind], n > 1 ? " " : "", n > 1 ? argv[optind + 1] : "");
        return CTL_USAGE;
    }
    if (command_fits(*command, seen, n - used, why) != OK)
        return CTL_USAGE;
    for (int i = 0; i < n - used; i++)
        c->arg[i] = argv[optind + used + i];
    return CTL_DONE;
}

static void help_options(const struct ctl_command *command)
{
    for (int i = 0; i < ROWS; i++) {
        const struct option_row *row = &rows[i];
        char text[40];

        if (command == NULL ? !row->common : !row->common && !listed(command->takes, row->name))
            continue;
        (void)snprintf(text, sizeof(text), "%s%s--%s%s%s", row->letter == 0 ? "" : (char[]){'-', (char)row->letter, 0},
                       row->letter == 0 ? "" : ", ", row->name, row->value == NULL ? "" : " ",
                       row->value == NULL ? "" : row->value);
        (void)printf("  %-19s %s\n", text, row->help);
    }
}

void ctl_help_all(void)
{
    (void)printf("usage: digitctl [-c FILE] COMMAND [OPTION...]\n\nCommands:\n");
    for (const struct ctl_command *command = ctl_commands; command->words != NULL; command++) {
        char text[64];

        (void)snprintf(text, sizeof(text), "%s %s", command->words, command->args);
        (void)printf("  %-34s %s\n", text, command->help);
    }
    (void)printf("\nOptions:\n");
    help_options(NULL);
    (void)printf(
        "\n`digitctl COMMAND --help` lists a command's options. All commands but restore work while digitd runs.\n"
        "Exit status: 0 success; 1 failure, or check found a problem; 2 wrong usage; 3 not found; 4 busy.\n");
}

void ctl_help(const struct ctl_command *command)
{
    (void)printf("usage: digitctl %s%s%s [OPTION...]\n\n%s\n%s\nOptions:\n", command->words,
                 command->args[0] == '\0' ? "" : " ", command->args, command->help, command->more);
    help_options(command);
}
