/* Plain pages, for a browser without scripts, and for whoever lands on an address of the interface: HTML in place of
 * JSON where Accept prefers it (request_wants_html). English; nothing inline (R78); whatever is not a constant is
 * escaped. Each leaves a finished reply; headers may follow page_go and page_problem. */
#ifndef DIGITD_WEB_PAGE_H
#define DIGITD_WEB_PAGE_H

#include "reply.h"

/* What of html/index.html says that it is so, where there are no scripts. */
#define PAGE_SIGNED_IN  "./#signed-in"
#define PAGE_SIGNED_OUT "./#signed-out"

/* 303: the browser asks for where ("./#..." of the front page, up to 31 bytes), so that loading again sends nothing
 * twice. */
void page_go(struct reply *p, const struct request *r, const char *where);

/* A title and a sentence. */
void page_tell(struct reply *p, const struct request *r, int status, const char *title, const char *sentence);

/* A problem, in the words that its JSON would have. */
void page_problem(struct reply *p, const struct request *r, const struct problem *problem, const char *detail);

/* A page of more than that: begun with its title, which is its heading too; NULL when out of memory. page_add takes
 * NULL for it and does nothing, page_end replies with it, and 503 for NULL. What the caller adds by itself is constant
 * HTML and numbers; text goes through page_add. tag: "h2", "p" ... */
struct buf *page_begin(const struct request *r, const char *title);
void page_add(struct buf *out, const char *tag, const char *text);
void page_end(struct reply *p, const struct request *r, int status, struct buf *out);

#endif
