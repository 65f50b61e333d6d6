/* Plain pages for browsers without scripts, and for people who open an address of the API: HTML instead of JSON if
 * Accept prefers it (request_wants_html). In English; nothing inline (R78); everything but constants is escaped. Each
 * function leaves a finished reply; headers may follow page_go and page_problem. */
#ifndef DIGITD_WEB_PAGE_H
#define DIGITD_WEB_PAGE_H

#include "reply.h"

/* The parts of html/index.html that say so without scripts. */
#define PAGE_SIGNED_IN  "./#signed-in"
#define PAGE_SIGNED_OUT "./#signed-out"

/* 303: sends the browser to where ("./#..." on the front page, up to 31 bytes), so that a reload sends nothing twice.
 */
void page_go(struct reply *p, const struct request *r, const char *where);

/* A title and a sentence. */
void page_tell(struct reply *p, const struct request *r, int status, const char *title, const char *sentence);

/* A problem, with the same words as in JSON. */
void page_problem(struct reply *p, const struct request *r, const struct problem *problem, const char *detail);

/* A longer page. page_begin writes the title, which is also the heading; NULL if out of memory. With NULL, page_add
 * does nothing and page_end replies 503; otherwise page_end replies with the page. Callers may append only constant
 * HTML and numbers themselves; text goes through page_add. tag: "h2", "p" ... */
struct buf *page_begin(const struct request *r, const char *title);
void page_add(struct buf *out, const char *tag, const char *text);
void page_end(struct reply *p, const struct request *r, int status, struct buf *out);

#endif
