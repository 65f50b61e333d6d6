/* Answers as a page, for browsers without scripts, made from the JSON that others get. */
#include "pictures.h"

#include <string.h>

#include "web/http/page.h"

/* As percent, but never 100, like the page (text.js): a float rounds to 1 long before it is 1. */
static double percent(double p)
{
    return 100 * (p > 0.999 ? 0.999 : p);
}

static void add_probabilities(struct buf *out, const struct json *result)
{
    const struct json *probabilities = json_get(result, "probabilities");
    double p = 0;

    (void)buf_add_str(out, "<table>\n<caption>Probability of each digit</caption>\n"
                           "<tr><th scope=\"col\">Digit</th><th scope=\"col\">Probability</th></tr>\n");
    for (size_t i = 0; i < json_len(probabilities); i++) {
        (void)json_num(json_at(probabilities, i), &p);
        (void)buf_add_fmt(out, "<tr><th scope=\"row\">%zu</th><td>%.1f&nbsp;%%</td></tr>\n", i, percent(p));
    }
    (void)buf_add_str(out, "</table>\n");
}

/* What the answer is unsure about, and the digit that it may also be. */
static void add_doubt(struct buf *out, const struct json *result, const char *because, int digit)
{
    const struct json *probabilities = json_get(result, "probabilities");
    float probability[MODEL_CLASSES] = {0};
    int second;
    double p = 0;

    for (size_t i = 0; i < MODEL_CLASSES; i++)
        if (json_num(json_at(probabilities, i), &p))
            probability[i] = (float)p;
    second = verdict_runner_up(probability, digit);
    (void)buf_add_str(out, "<p>Unsure:");
    if (strcmp(because, unsure_name(UNSURE_UNFAMILIAR)) != 0)
        (void)buf_add_fmt(out, " it may also be %s %d (%.1f&nbsp;%%).", second == 8 ? "an" : "a", second,
                          percent((double)probability[second]));
    if (strcmp(because, unsure_name(UNSURE_CONFIDENCE)) != 0)
        (void)buf_add_str(out, " It is unlike the digits that the network was trained on.");
    (void)buf_add_str(out, "</p>\n");
}

/* One digit, from the object that has it, and what the answer is unsure about. */
static void add_digit(struct buf *out, const struct json *from, const char *because)
{
    double confidence = 0;
    int64_t digit = 0;

    (void)json_get_int(from, "digit", &digit);
    (void)json_get_num(from, "confidence", &confidence);
    (void)buf_add_fmt(out, "<p class=\"digit\">%d</p>\n<p>%.1f&nbsp;%% confident</p>\n", (int)digit,
                      percent(confidence));
    if (because != NULL)
        add_doubt(out, from, because, (int)digit);
}

/* A text of ours: digits, marks, spaces, and line ends. */
static void add_text(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++)
        if (*text == '\n')
            (void)buf_add_str(out, "<br>");
        else
            (void)buf_add(out, text, 1);
}

/* The answer of /classify. */
static void add_classified(struct buf *out, const struct json *result)
{
    const char *because = json_get_str(result, "unsure_because", NULL), *text = json_get_str(result, "text", NULL);
    const bool digit = json_get_int(result, "digit", &(int64_t){0});

    if (text != NULL) {
        if (digit)
            add_digit(out, result, because);
        (void)buf_add_str(out, digit ? "<p>It may also be several digits: " : "<p class=\"digit\">");
        add_text(out, text);
        (void)buf_add_str(out, digit ? "</p>\n" : "</p>\n<p>These are several digits.</p>\n");
    } else if (digit) {
        add_digit(out, result, because);
    } else {
        page_add(out, "p",
                 "This does not look like a digit. Try a picture with one digit, dark on light or light on dark.");
    }
    if (digit)
        add_probabilities(out, result);
}

/* A part of a row: the unsure digits are marked. place: the next of the row's signs; it moves on. */
static void add_signs(struct buf *out, const struct json *signs, size_t *place, const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        const struct json *sign = NULL;
        bool unsure = false;

        if (*text >= '0' && *text <= '9') {
            do
                sign = json_at(signs, (*place)++);
            while (sign != NULL && !json_get_int(sign, "digit", &(int64_t){0}));
            (void)json_get_bool(sign, "unsure", &unsure);
        }
        (void)buf_add_fmt(out, unsure ? "<mark>%c</mark>" : "%c", *text);
    }
}

/* A row, or the cells of one. */
static void add_row(struct buf *out, const struct json *row, const struct json *cells)
{
    const struct json *signs = json_get(row, "digits");
    size_t place = 0;

    for (size_t i = 0; i < json_len(cells); i++) {
        (void)buf_add_str(out, "<td>");
        add_signs(out, signs, &place, json_str(json_at(cells, i), NULL));
        (void)buf_add_str(out, "</td>");
    }
    if (cells == NULL)
        add_signs(out, signs, &place, json_get_str(row, "text", NULL));
}

static void add_rows(struct buf *out, const struct json *rows, const struct json *cells)
{
    double confidence = 0;

    if (json_len(rows) == 1) {
        (void)buf_add_str(out, "<p class=\"digit\">");
        add_row(out, json_at(rows, 0), NULL);
        (void)json_get_num(json_at(rows, 0), "confidence", &confidence);
        (void)buf_add_fmt(out, "</p>\n<p>%.1f&nbsp;%% confident</p>\n", percent(confidence));
        return;
    }
    (void)buf_add_fmt(out, "<table class=\"numbers\">\n<caption>%zu rows</caption>\n", json_len(rows));
    for (size_t i = 0; i < json_len(rows); i++) {
        (void)buf_add_str(out, cells == NULL ? "<tr><td>" : "<tr>");
        add_row(out, json_at(rows, i), json_at(cells, i));
        (void)buf_add_str(out, cells == NULL ? "</td></tr>\n" : "</tr>\n");
    }
    (void)buf_add_str(out, "</table>\n");
}

static bool has_unsure_digit(const struct json *rows)
{
    bool unsure = false;

    for (size_t i = 0; i < json_len(rows) && !unsure; i++) {
        const struct json *signs = json_get(json_at(rows, i), "digits");

        for (size_t k = 0; k < json_len(signs) && !unsure; k++)
            (void)json_get_bool(json_at(signs, k), "unsure", &unsure);
    }
    return unsure;
}

/* The answer of /read. */
static void add_numbers(struct buf *out, const struct json *result)
{
    const char *because = json_get_str(result, "unsure_because", NULL);
    const struct json *rows = json_get(result, "rows"), *signs = json_get(json_at(rows, 0), "digits");
    const struct json *first = json_at(signs, 0);

    if (json_len(rows) == 0) {
        page_add(out, "p", "There are no digits here. Try a picture with digits, dark on light or light on dark.");
    } else if (json_len(rows) == 1 && json_len(signs) == 1 && json_get_int(first, "digit", &(int64_t){0})) {
        add_digit(out, first, because);
        add_probabilities(out, first);
    } else {
        add_rows(out, rows, json_get(result, "cells"));
        if (because != NULL)
            page_add(out, "p",
                     has_unsure_digit(rows) ? "Unsure: check the marked digits."
                                            : "Unsure: there may be a digit more, or one less.");
    }
}

/* One picture: its name, then the result, or why there is none. */
static void add_result(struct buf *out, const struct json *result)
{
    const char *name = json_get_str(result, "name", NULL);
    const struct json *problem = json_get(result, "problem");

    (void)buf_add_str(out, "<section class=\"card\">\n");
    page_add(out, "h2", name == NULL || name[0] == '\0' ? "Your picture" : name);
    if (problem != NULL) {
        page_add(out, "p", json_get_str(problem, "title", NULL));
        page_add(out, "p", json_get_str(problem, "detail", NULL));
    } else if (json_get(result, "rows") != NULL) {
        add_numbers(out, result);
    } else {
        add_classified(out, result);
    }
    (void)buf_add_str(out, "</section>\n");
}

void pictures_page(struct call *c, struct json *v)
{
    const struct json *results = json_get(v, "results"), *not_saved = json_get(v, "not_saved");
    struct buf *out = page_begin(c->req, json_len(results) == 1 ? "The answer" : "The answers");

    if (out != NULL) {
        for (size_t i = 0; i < json_len(results); i++)
            add_result(out, json_at(results, i));
        if (not_saved != NULL)
            page_add(out, "p", json_get_str(not_saved, "detail", NULL));
        (void)buf_add_str(
            out, "<form class=\"card\" action=\"read?save=1\" method=\"post\" enctype=\"multipart/form-data\">\n"
                 "<p><label for=\"files\">Another picture</label></p>\n"
                 "<p><input id=\"files\" name=\"image\" type=\"file\" multiple "
                 "accept=\"image/png,image/jpeg,image/gif,image/bmp,image/webp,image/tiff,image/avif\"></p>\n"
                 "<p><button class=\"button primary\" type=\"submit\">Read it</button></p>\n</form>\n"
                 "<form action=\"logout\" method=\"post\"><button class=\"button\" type=\"submit\">Log "
                 "out</button></form>\n");
    }
    json_free(v);
    page_end(c->app->reply, c->req, 200, out);
}
