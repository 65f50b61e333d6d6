/* Cross-site requests: only our own pages may make a browser send an unsafe request (RELIABILITY R63, R64). Pure. */
#ifndef DIGITD_WEB_CSRF_H
#define DIGITD_WEB_CSRF_H

#include "base/conf.h"
#include "web/http/request.h"

/* NULL if r is allowed. Otherwise a sentence that says why not, without any value of the request. Applies to login and
 * sign-up too: another site's page must not log a visitor in. takes_token: the route accepts API tokens. */
const char *csrf_refusal(const struct conf *conf, const struct request *r, bool takes_token);

#endif
