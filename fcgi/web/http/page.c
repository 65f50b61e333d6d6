/* Writes HTML. Text goes through add_text and nothing else. */
#include "page.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

enum { PAGE_BYTES_MAX = 1024 * 1024, TEXT_BYTES_MAX = 512, UP_MAX = 8, WHERE_MAX = 32 };

#define TYPE "text/html; charset=utf-8"

/* Text as the content of an element or of a quoted attribute. */
static void add_text(struct buf *out, const char *text)
{
    char clean[TEXT_BYTES_MAX];

    (void)text_clean(text, strlen(text), clean, sizeof(clean));
    for (const char *p = clean; *p != '\0'; p++) {
        switch (*p) {
        case '&':
            (void)buf_add_str(out, "&amp;");
            break;
        case '<':
            (void)buf_add_str(out, "&lt;");
            break;
        case '>':
            (void)buf_add_str(out, "&gt;");
            break;
        case '"':
            (void)buf_add_str(out, "&quot;");
            break;
        case '\'':
            (void)buf_add_str(out, "&#39;");
            break;
        default:
            (void)buf_add(out, p, 1);
        }
    }
}

/* tag: "h1", "p" ... */
static void add_element(struct buf *out, const char *tag, const char *text)
{
    (void)buf_add_fmt(out, "<%s>", tag);
    add_text(out, text == NULL ? "" : text);
    (void)buf_add_fmt(out, "</%s>\n", tag);
}

/* "../" for each folder that the address of the request seems to lie in. */
static void up_to_root(const struct call *c, char up[3 * UP_MAX + 1])
{
    size_t n = 0;

    for (const char *p = c->req->path[0] == '/' ? c->req->path + 1 : ""; *p != '\0' && n < UP_MAX; p++)
        if (*p == '/')
            memcpy(up + 3 * n++, "../", 3);
    up[3 * n] = '\0';
}

/* A page up to its title, which is its heading too. */
static struct buf *page_begin(const struct call *c, const char *title)
{
    struct buf *out = buf_new(PAGE_BYTES_MAX);
    char up[3 * UP_MAX + 1];

    if (out == NULL)
        return NULL;
    up_to_root(c, up);
    (void)buf_add_str(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                           "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    add_text(out, title);
    (void)buf_add_fmt(out,
                      " \xe2\x80\x93 digitd</title>\n<link rel=\"icon\" href=\"%sfavicon.svg\">\n"
                      "<link rel=\"stylesheet\" href=\"%scss/digitd.css\">\n"
                      "<link rel=\"stylesheet\" href=\"%scss/plain.css\">\n</head>\n<body>\n"
                      "<header class=\"bar\"><a class=\"brand\" href=\"%s./\">digitd</a></header>\n"
                      "<main class=\"plain\">\n",
                      up, up, up, up);
    add_element(out, "h1", title);
    return out;
}

static void page_end(const struct call *c, struct buf *out)
{
    char up[3 * UP_MAX + 1];

    up_to_root(c, up);
    (void)buf_add_fmt(out, "<p><a href=\"%s./\">Back to the start</a></p>\n</main>\n</body>\n</html>\n", up);
}

void page_go(struct call *c, const char *where)
{
    char up[3 * UP_MAX + 1], location[sizeof(up) + WHERE_MAX];

    up_to_root(c, up);
    (void)snprintf(location, sizeof(location), "%s%s", up, where);
    reply_empty(c->app->reply, 303);
    reply_header(c->app->reply, "Location", location);
}

void page_tell(struct call *c, int status, const char *title, const char *sentence)
{
    struct buf *out = page_begin(c, title);

    if (out != NULL) {
        add_element(out, "p", sentence);
        page_end(c, out);
    }
    reply_status(c->app->reply, status);
    reply_take(c->app->reply, TYPE, out);
}

void page_problem(struct call *c, const struct problem *problem, const char *detail)
{
    struct buf *out = page_begin(c, problem->title);

    if (out != NULL) {
        add_element(out, "p", detail);
        page_end(c, out);
    }
    reply_problem_as(c->app->reply, problem, TYPE, out);
}

/* As percent, never of certainty, as the page has it (text.js): a float rounds to 1 long before it is. */
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

/* One picture: its name, then what was read or why nothing was. */
static void add_result(struct buf *out, const struct json *result)
{
    const char *name = json_get_str(result, "name", NULL), *status = json_get_str(result, "status", NULL);
    const struct json *problem = json_get(result, "problem");
    double confidence = 0;
    int64_t digit = 0;

    (void)buf_add_str(out, "<section class=\"card\">\n");
    add_element(out, "h2", name == NULL || name[0] == '\0' ? "Your picture" : name);
    if (problem != NULL) {
        add_element(out, "p", json_get_str(problem, "title", NULL));
        add_element(out, "p", json_get_str(problem, "detail", NULL));
    } else if (!json_get_int(result, "digit", &digit)) {
        add_element(out, "p",
                    "This does not look like a digit. Try a picture with one digit, dark on light or light on dark.");
    } else {
        (void)json_get_num(result, "confidence", &confidence);
        (void)buf_add_fmt(out, "<p class=\"digit\">%d</p>\n<p>%s%.1f&nbsp;%% confident</p>\n", (int)digit,
                          status == NULL || strcmp(status, "unsure") == 0 ? "Unsure: " : "", percent(confidence));
        add_probabilities(out, result);
    }
    (void)buf_add_str(out, "</section>\n");
}

void page_results(struct call *c, struct json *v)
{
    const struct json *results = json_get(v, "results"), *not_saved = json_get(v, "not_saved");
    struct buf *out = page_begin(c, json_len(results) == 1 ? "The answer" : "The answers");

    if (out != NULL) {
        for (size_t i = 0; i < json_len(results); i++)
            add_result(out, json_at(results, i));
        if (not_saved != NULL)
            add_element(out, "p", json_get_str(not_saved, "detail", NULL));
        (void)buf_add_str(
            out, "<form class=\"card\" action=\"classify?save=1\" method=\"post\" enctype=\"multipart/form-data\">\n"
                 "<p><label for=\"files\">Another picture</label></p>\n"
                 "<p><input id=\"files\" name=\"image\" type=\"file\" multiple accept=\"image/*\"></p>\n"
                 "<p><button class=\"button primary\" type=\"submit\">Read it</button></p>\n</form>\n"
                 "<form action=\"logout\" method=\"post\"><button class=\"button\" type=\"submit\">Log "
                 "out</button></form>\n");
        page_end(c, out);
    }
    json_free(v);
    reply_status(c->app->reply, 200);
    reply_take(c->app->reply, TYPE, out);
}
