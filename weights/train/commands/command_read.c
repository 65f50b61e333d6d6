/* digit read: the numbers in picture files. */
#include <stdio.h>
#include <string.h>

#include "answer/numbers.h"
#include "base/buf.h"
#include "common/files.h"
#include "common/options.h"
#include "commands.h"
#include "picture_files.h"

enum { TEXT_MAX = 1 << 20 };

struct settings {
    char weights[OPTION_TEXT_MAX], steps[OPTION_TEXT_MAX], invert[OPTION_TEXT_MAX];
    bool json, csv, plain, help;
};

static const struct settings defaults = {.weights = WEIGHTS_DEFAULT, .invert = "auto"};

#define AT(field) offsetof(struct settings, field)
static const struct option options[] = {
    {"weights", "FILE", OPTION_TEXT, AT(weights), 0, 0, false, "weights file to use"},
    {"invert", "WORD", OPTION_TEXT, AT(invert), 0, 0, false, "dark ink on light paper: yes, no, or auto (detect)"},
    {"plain", NULL, OPTION_FLAG, AT(plain), 0, 0, false, "print digits alone, without marks and spaces"},
    {"csv", NULL, OPTION_FLAG, AT(csv), 0, 0, false,
     "print a line for each row: the file, the row's number, and the row, or a table's cells"},
    {"steps", "DIR", OPTION_TEXT, AT(steps), 0, 0, false,
     "save the picture after each processing step there, as NAME-1-grey.png ..."},
    {"json", NULL, OPTION_FLAG, AT(json), 0, 0, false, "print one JSON object instead of text"},
    {"help", NULL, OPTION_FLAG, AT(help), 0, 0, false, "show this help"},
};
enum { OPTIONS = sizeof(options) / sizeof(*options) };

struct reader {
    struct picture_files files;
    const struct settings *set;
};

/* A field of CSV (RFC 4180). */
static void print_field(const char *text)
{
    if (text[strcspn(text, "\",\n")] == '\0') {
        (void)fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

static void tell_csv(const struct reader *r, const struct reading *one)
{
    const struct numbers *n = r->files.numbers;
    char cell[NUMBERS_CELL_MAX];

    for (int row = 0; row < numbers_rows(n); row++) {
        print_field(one->name);
        printf(",%d", row + 1);
        for (int column = 0; column < numbers_columns(n); column++) {
            putchar(',');
            numbers_cell(n, one, row, column, r->set->plain, cell);
            print_field(cell);
        }
        putchar('\n');
    }
}

/* Rows of one picture begin with its name, so that each can be found by it. */
static enum err tell_lines(const struct reader *r, const struct reading *one)
{
    struct buf *text = buf_new(TEXT_MAX);
    enum err e = text ? numbers_text(r->files.numbers, one, r->set->plain, text) : ERR_NOMEM;

    if (e != OK || buf_len(text) == 0) {
        printf("%s: %s\n", one->name, r->files.numbers->status == NUMBERS_BLANK ? "blank" : "no digits");
    } else {
        (void)buf_add(text, "", 1);
        for (char *save = NULL, *line = strtok_r((char *)(uintptr_t)buf_data(text), "\n", &save); line;
             line = strtok_r(NULL, "\n", &save))
            printf("%s: %s%s\n", one->name, line, r->files.numbers->status == NUMBERS_UNSURE ? " (unsure)" : "");
    }
    buf_free(text);
    return e;
}

static enum err tell(void *ctx, struct reading *one, struct json *result, struct why *why)
{
    struct reader *r = ctx;
    enum err e = numbers_read(r->files.numbers, one, &r->files.eye);

    if (e == OK && r->files.numbers->status == NUMBERS_TOO_MANY)
        return err_why(why, ERR_LIMIT, "%s: %s", one->name, NUMBERS_TOO_MANY_SENTENCE);
    if (e == OK && result)
        e = numbers_set(result, r->files.numbers, one, &r->files.eye, &(struct numbers_form){.plain = r->set->plain});
    else if (e == OK && r->set->csv)
        tell_csv(r, one);
    else if (e == OK)
        e = tell_lines(r, one);
    return e == OK ? OK : err_why(why, e, "%s: %s", one->name, err_str(e));
}

static void help(void)
{
    puts("usage: digit read [OPTION...] FILE...\n"
         "\n"
         "Reads the numbers in each picture (PNG, JPEG, GIF, BMP, WebP, TIFF, AVIF): a digit, a number, a page of "
         "rows,\n"
         "a table. Prints a line for each row. Files that cannot be read are reported, the others are still answered,\n"
         "and the exit status is 1. --steps overwrites files of an earlier run.\n");
    options_help(options, OPTIONS, &defaults, stdout);
}

int command_read(int argc, char **argv)
{
    struct settings set = defaults;
    struct reader r = {.files = {.command = "read"}, .set = &set};
    struct why why = {0};
    int rest, status = EXIT_FAILED;
    enum err e = options_parse(options, OPTIONS, &set, argc, argv, &rest, NULL, &why);
    if (e == OK && !set.help && rest == argc)
        e = err_why(&why, ERR_RANGE, "name at least one picture file");
    if (e == OK && set.json && set.csv)
        e = err_why(&why, ERR_RANGE, "--json and --csv are two ways to print; choose one");
    if (e == OK)
        e = picture_files_invert(&r.files, set.invert, &why);
    if (e != OK) {
        fprintf(stderr, "digit read: %s (see digit read --help)\n", why.text);
        return EXIT_USAGE;
    }
    if (set.help) {
        help();
        return EXIT_DONE;
    }
    e = picture_files_open(&r.files, set.weights, set.steps, argc - rest, &why);
    if (e == OK)
        e = picture_files_open_numbers(&r.files, &why);
    if (e != OK)
        fprintf(stderr, "digit read: %s\n", why.text);
    else
        status = picture_files_run(&r.files, argc - rest, argv + rest, set.json, tell, &r);
    if (fflush(stdout) != 0 || ferror(stdout))
        status = EXIT_FAILED;
    picture_files_close(&r.files);
    return status;
}
