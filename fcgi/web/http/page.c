/* Writes HTML. All text goes through add_text. */
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

void page_add(struct buf *out, const char *tag, const char *text)
{
    if (out == NULL)
        return;
    (void)buf_add_fmt(out, "<%s>", tag);
    add_text(out, text == NULL ? "" : text);
    (void)buf_add_fmt(out, "</%s>\n", tag);
}

/* "../" for each directory in the address of the request. */
static void up_to_root(const struct request *r, char up[3 * UP_MAX + 1])
{
    size_t n = 0;

    for (const char *at = r->path[0] == '/' ? r->path + 1 : ""; *at != '\0' && n < UP_MAX; at++)
        if (*at == '/')
            memcpy(up + 3 * n++, "../", 3);
    up[3 * n] = '\0';
}

struct buf *page_begin(const struct request *r, const char *title)
{
    struct buf *out = buf_new(PAGE_BYTES_MAX);
    char up[3 * UP_MAX + 1];

    if (out == NULL)
        return NULL;
    up_to_root(r, up);
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
    page_add(out, "h1", title);
    return out;
}

static void page_close(const struct request *r, struct buf *out)
{
    char up[3 * UP_MAX + 1];

    up_to_root(r, up);
    (void)buf_add_fmt(out, "<p><a href=\"%s./\">Back to the start</a></p>\n</main>\n</body>\n</html>\n", up);
}

void page_go(struct reply *p, const struct request *r, const char *where)
{
    char up[3 * UP_MAX + 1], location[sizeof(up) + WHERE_MAX];

    up_to_root(r, up);
    (void)snprintf(location, sizeof(location), "%s%s", up, where);
    reply_empty(p, 303);
    reply_header(p, "Location", location);
}

void page_end(struct reply *p, const struct request *r, int status, struct buf *out)
{
    if (out != NULL)
        page_close(r, out);
    reply_status(p, status);
    reply_take(p, TYPE, out);
}

void page_tell(struct reply *p, const struct request *r, int status, const char *title, const char *sentence)
{
    struct buf *out = page_begin(r, title);

    page_add(out, "p", sentence);
    page_end(p, r, status, out);
}

void page_problem(struct reply *p, const struct request *r, const struct problem *problem, const char *detail)
{
    struct buf *out = page_begin(r, problem->title);

    if (out != NULL) {
        page_add(out, "p", detail);
        page_close(r, out);
    }
    reply_problem_as(p, problem, TYPE, out);
}
