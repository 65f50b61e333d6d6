/* numbers: pictures of numbers made of MNIST's validation digits, with what they say, from a seed.
 *
 * Writes OUT/KIND/NUMBER.EXT and OUT/KIND/truth.jsonl, one object a picture, in the order of the numbers:
 *   file, text (rows joined by \n, marks, single spaces where a gap is as wide as a digit; between a table's cells
 * too), digits (text without all that), cells (tables alone: rows of cells, empty ones as ""), and glyphs: each
 * character with its row, its box (x, y, w, h of its ink, px of the upright picture) and, if it is MNIST's, mnist:
 * which one. Picture n of a kind is the same however many are made. OUT/set.json says which digits they are made of;
 * one OUT does not hold both the test set's and others. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "common/files.h"
#include "common/options.h"
#include "make/number.h"
#include "make/output.h"

enum { PATH_MAX_BYTES = OPTION_TEXT_MAX + 80, TRUTH_MAX = 1 << 28, SET_MAX = 4096, JSON_DIGITS = 6 };

struct settings {
    char out[OPTION_TEXT_MAX], kind[OPTION_TEXT_MAX], data[OPTION_TEXT_MAX], split[OPTION_TEXT_MAX];
    char half[OPTION_TEXT_MAX];
    int count;
    uint64_t seed;
    bool list, help;
};

static const struct settings defaults = {.data = "data", .split = "validation", .count = 400, .seed = 1};

#define AT(field) offsetof(struct settings, field)
static const struct option options[] = {
    {"out", "DIR", OPTION_TEXT, AT(out), 0, 0, false, "where to write KIND/NUMBER.EXT and KIND/truth.jsonl"},
    {"kind", "NAME", OPTION_TEXT, AT(kind), 0, 0, false, "one kind alone; empty: all"},
    {"count", "N", OPTION_INT, AT(count), 1, 100000, false, "pictures of each kind"},
    {"seed", "N", OPTION_SEED, AT(seed), 0, 0, false, "another seed, other numbers and pictures"},
    {"data", "DIR", OPTION_TEXT, AT(data), 0, 0, false, "where MNIST's IDX files are (weights/fetch-mnist DIR)"},
    {"split", "validation|test", OPTION_TEXT, AT(split), 0, 0, false,
     "which digits; test counts as a reading of the test set"},
    {"half", "a|b", OPTION_TEXT, AT(half), 0, 0, false,
     "half of the validation digits, each of other writers: one to fit on, one to measure on; empty: all"},
    {"list", NULL, OPTION_FLAG, AT(list), 0, 0, false, "print the kinds"},
    {"help", NULL, OPTION_FLAG, AT(help), 0, 0, false, "this text"},
};
enum { OPTIONS = sizeof(options) / sizeof(*options) };

/* set.json, and the refusal to mix. */
static void mark_set(const struct settings *set)
{
    char path[PATH_MAX_BYTES], text[SET_MAX];
    struct why why = {0};
    uint8_t *there = NULL;
    size_t n = 0;

    (void)snprintf(text, sizeof(text), "{\"split\":\"%s\",\"half\":\"%s\"}\n", set->split, set->half);
    (void)snprintf(path, sizeof(path), "%s/set.json", set->out);
    if (dir_make(set->out, &why) != OK)
        die("numbers", why.text);
    const enum err e = file_read(&there, &n, path, SET_MAX, &why);
    if (e != OK && e != ERR_NOT_FOUND)
        die("numbers", why.text);
    if (e == OK && (n != strlen(text) || memcmp(there, text, n) != 0))
        die(path, "the numbers in this directory are of other digits; choose another --out, or remove this one");
    free(there);
    if (e == ERR_NOT_FOUND)
        write_file(path, (const uint8_t *)text, strlen(text));
}

static void tell_cells(struct json *o, const char *text)
{
    struct json *rows = json_set_array(o, "cells"), *row = json_add_array(rows);
    char cell[NUMBER_TEXT_MAX];

    for (;;) {
        const size_t n = strcspn(text, "\t\n");

        memcpy(cell, text, n);
        cell[n] = '\0';
        json_add_str(row, cell);
        if (text[n] == '\0')
            return;
        if (text[n] == '\n')
            row = json_add_array(rows);
        text += n + 1;
    }
}

/* text: the sheet's without tabs, a space where there was one or more between two cells that are not empty. digits: of
 * it. */
static void tell_text(struct json *o, const char *from)
{
    char text[2 * NUMBER_TEXT_MAX], digits[NUMBER_TEXT_MAX];
    size_t n = 0, n_digits = 0;

    for (bool gap = false; *from; from++) {
        if (*from == '\t') {
            gap = n > 0 && text[n - 1] != '\n';
            continue;
        }
        if (gap && *from != '\n')
            text[n++] = ' ';
        gap = false;
        text[n++] = *from;
        if (*from >= '0' && *from <= '9')
            digits[n_digits++] = *from;
    }
    json_set_strn(o, "text", text, n);
    json_set_strn(o, "digits", digits, n_digits);
}

static struct json *truth(const struct number *n, const char *file)
{
    struct json *o = json_new_object(), *glyphs;

    json_set_str(o, "file", file);
    tell_text(o, n->text);
    if (strchr(n->text, '\t'))
        tell_cells(o, n->text);
    glyphs = json_set_array(o, "glyphs");
    for (int i = 0; i < n->n; i++) {
        struct json *g, *box;

        if (n->g[i].c == '\0')
            continue;
        g = json_add_object(glyphs);
        json_set_strn(g, "char", &n->g[i].c, 1);
        json_set_int(g, "row", n->g[i].row);
        box = json_set_array(g, "box");
        for (int k = 0; k < 4; k++)
            json_add_num(box, roundf(n->box[i][k] * 10) / 10);
        if (n->g[i].mnist >= 0)
            json_set_int(g, "mnist", n->g[i].mnist);
    }
    return o;
}

static void make_picture(const struct settings *set, const struct pool *pool, const struct number_kind *kind,
                         int number, struct buf *lines)
{
    const uint64_t hash = name_hash(kind->name);
    struct number *n = need(sizeof(*n));
    char file[40], path[PATH_MAX_BYTES];
    struct json *o;
    size_t size;

    n->pool = pool;
    n->job = (struct job){.number = number, .format = ENCODE_PNG, .quality = 90, .orientation = 1};
    rng_seed(&n->job.r, set->seed ^ hash, RNG_DRAW, (uint64_t)number);
    writer_make(&n->job.writer, &n->job.r);
    kind->make(n);
    uint8_t *bytes = encode(&n->job.canvas, n->job.format, n->job.quality, 1, &size);
    (void)snprintf(file, sizeof(file), "%04d.%s", number, encode_extension(n->job.format));
    (void)snprintf(path, sizeof(path), "%s/%s/%s", set->out, kind->name, file);
    write_file(path, bytes, size);
    free(bytes);
    o = truth(n, file);
    if (json_write(o, JSON_DIGITS, lines) != OK || buf_add_str(lines, "\n") != OK)
        die("numbers", "the truth does not fit in memory");
    json_free(o);
    number_free(n);
    free(n);
}

static void make_kind(const struct settings *set, const struct pool *pool, const struct number_kind *kind)
{
    struct buf *lines = buf_new(TRUTH_MAX);
    char path[PATH_MAX_BYTES];
    struct why why = {0};

    (void)snprintf(path, sizeof(path), "%s/%s", set->out, kind->name);
    if (lines == NULL || dir_make(path, &why) != OK)
        die("numbers", lines ? why.text : err_str(ERR_NOMEM));
    for (int i = 0; i < set->count; i++)
        make_picture(set, pool, kind, i, lines);
    (void)snprintf(path, sizeof(path), "%s/%s/truth.jsonl", set->out, kind->name);
    write_file(path, (const uint8_t *)buf_data(lines), buf_len(lines));
    buf_free(lines);
}

static bool wanted(const struct settings *set, const struct number_kind *kind)
{
    return !set->kind[0] || strcmp(set->kind, kind->name) == 0;
}

static void parse(struct settings *set, int argc, char **argv)
{
    struct why why = {0};
    bool known = false;
    int rest;

    if (options_parse(options, OPTIONS, set, argc, argv, &rest, NULL, &why) != OK || rest < argc) {
        (void)fprintf(stderr, "numbers: %s (--help tells more)\n", why.text[0] ? why.text : "takes no files");
        exit(2);
    }
    if (set->help || (!set->list && !set->out[0])) {
        puts("usage: numbers --out DIR [OPTION...]\n\nPictures of numbers made of MNIST's digits, from a seed.\n");
        options_help(options, OPTIONS, &defaults, stdout);
        exit(set->help ? 0 : 2);
    }
    for (const struct number_kind *k = number_kinds; k->name != NULL; k++)
        known = known || wanted(set, k);
    if (!known)
        die("numbers", "--kind: no such kind (--list prints them)");
    if (strcmp(set->split, "test") != 0 && strcmp(set->split, "validation") != 0)
        die("numbers", "--split: validation or test");
    if (set->half[0] && strcmp(set->half, "a") != 0 && strcmp(set->half, "b") != 0)
        die("numbers", "--half: a or b");
    if (set->half[0] && strcmp(set->split, "test") == 0)
        die("numbers", "--half: of the validation digits alone");
}

int main(int argc, char **argv)
{
    struct settings set = defaults;
    struct pool pool;

    parse(&set, argc, argv);
    if (set.list) {
        for (const struct number_kind *k = number_kinds; k->name != NULL; k++)
            puts(k->name);
        return 0;
    }
    if (strcmp(set.split, "test") == 0)
        (void)fputs("numbers: this is a reading of the test set; MODEL.md counts them\n", stderr);
    mark_set(&set);
    pool_load(&pool, set.data, strcmp(set.split, "test") == 0,
              set.half[0] == 'a'   ? HALF_A
              : set.half[0] == 'b' ? HALF_B
                                   : HALF_BOTH);
    for (const struct number_kind *k = number_kinds; k->name != NULL; k++)
        if (wanted(&set, k))
            make_kind(&set, &pool, k);
    pool_free(&pool);
    return 0;
}
