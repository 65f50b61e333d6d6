/* Plain pages, for a browser without scripts, and for whoever lands on an address of the interface: HTML in place of
 * JSON where Accept prefers it (request_wants_html). English; nothing inline (R78); whatever is not a constant is
 * escaped. Each leaves a finished reply, to which headers may be added but for page_results. */
#ifndef DIGITD_WEB_PAGE_H
#define DIGITD_WEB_PAGE_H

#include "base/json.h"
#include "web/call.h"

/* What of html/index.html says that it is so, where there are no scripts. */
#define PAGE_SIGNED_IN  "./#signed-in"
#define PAGE_SIGNED_OUT "./#signed-out"

/* 303: the browser asks for where ("./#..." of the front page, up to 31 bytes), so that loading again sends nothing
 * twice. */
void page_go(struct call *c, const char *where);

/* A title and a sentence. */
void page_tell(struct call *c, int status, const char *title, const char *sentence);

/* A problem, in the words that its JSON would have. */
void page_problem(struct call *c, const struct problem *problem, const char *detail);

/* What POST /classify answers: v (freed here) as the JSON would be. */
void page_results(struct call *c, struct json *v);

#endif
