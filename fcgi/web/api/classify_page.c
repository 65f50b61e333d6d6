/* The answers of POST /classify as a page, for browsers without scripts, made from the JSON that others get. */
#include "classify.h"

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

/* One picture: its name, then the result, or why there is none. */
static void add_result(struct buf *out, const struct json *result)
{
    const char *name = json_get_str(result, "name", NULL), *because = json_get_str(result, "unsure_because", NULL);
    const struct json *problem = json_get(result, "problem");
    double confidence = 0;
    int64_t digit = 0;

    (void)buf_add_str(out, "<section class=\"card\">\n");
    page_add(out, "h2", name == NULL || name[0] == '\0' ? "Your picture" : name);
    if (problem != NULL) {
        page_add(out, "p", json_get_str(problem, "title", NULL));
        page_add(out, "p", json_get_str(problem, "detail", NULL));
    } else if (!json_get_int(result, "digit", &digit)) {
        page_add(out, "p",
                 "This does not look like a digit. Try a picture with one digit, dark on light or light on dark.");
    } else {
        (void)json_get_num(result, "confidence", &confidence);
        (void)buf_add_fmt(out, "<p class=\"digit\">%d</p>\n<p>%.1f&nbsp;%% confident</p>\n", (int)digit,
                          percent(confidence));
        if (because != NULL)
            add_doubt(out, result, because, (int)digit);
        add_probabilities(out, result);
    }
    (void)buf_add_str(out, "</section>\n");
}

void classify_page(struct call *c, struct json *v)
{
    const struct json *results = json_get(v, "results"), *not_saved = json_get(v, "not_saved");
    struct buf *out = page_begin(c->req, json_len(results) == 1 ? "The answer" : "The answers");

    if (out != NULL) {
        for (size_t i = 0; i < json_len(results); i++)
            add_result(out, json_at(results, i));
        if (not_saved != NULL)
            page_add(out, "p", json_get_str(not_saved, "detail", NULL));
        (void)buf_add_str(
            out, "<form class=\"card\" action=\"classify?save=1\" method=\"post\" enctype=\"multipart/form-data\">\n"
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
