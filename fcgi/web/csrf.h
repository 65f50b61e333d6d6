/* Who may make a browser send an unsafe request here: our own pages alone (RELIABILITY R63, R64). Pure. */
#ifndef DIGITD_WEB_CSRF_H
#define DIGITD_WEB_CSRF_H

#include "base/conf.h"
#include "web/http/request.h"

/* NULL when r may go on. Otherwise the sentence that says why not; it names no value of the request. Holds for log-in
 * and sign-up too: a visitor must not be logged in by a stranger's page. takes_token: the route is open to API tokens.
 */
const char *csrf_refusal(const struct conf *conf, const struct request *r, bool takes_token);

#endif
