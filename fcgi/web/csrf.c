/* The cross-site rule, in the order of the headers that browsers send.
 *
 * Sec-Fetch-Site is set by every current browser and cannot be set by a page; Origin by all of them with unsafe
 * methods. "same-site" is not ours: another port of localhost is same-site and gets the cookie. "null" is what
 * sandboxed frames and file: pages send. A request with neither header comes from a program, or from a browser so old
 * that only its cookie could make it dangerous.
 *
 * It does not apply to API tokens: no page can make a browser add `Authorization: Bearer` to a request to another
 * origin unless that origin agrees first (CORS), which this one never does. Basic is different: a link can contain it.
 * If there is a cookie besides the token, the rule applies, although the cookie is ignored. */
#include "csrf.h"

#include <stdbool.h>
#include <string.h>

#include "token.h"

static bool origin_is_ours(const struct conf *conf, const char *origin)
{
    for (int i = 0; i < conf->n_origins; i++)
        if (strcmp(conf->origins[i].origin, origin) == 0)
            return true;
    return false;
}

const char *csrf_refusal(const struct conf *conf, const struct request *r, bool takes_token)
{
    if (method_is_safe(r->method))
        return NULL;
    if (takes_token && r->cookie[0] == '\0' && token_is_bearer(r->authorization))
        return NULL;
    if (r->sec_fetch_site[0] != '\0' && strcmp(r->sec_fetch_site, "same-origin") != 0)
        return "The browser says another site sent this request. Open this site's own page and try again there.";
    if (r->origin[0] != '\0' && !origin_is_ours(conf, r->origin))
        return "The Origin header is not one of this site's addresses, which are listed in the setting site_url.";
    if (r->cookie[0] != '\0' && r->origin[0] == '\0' && r->sec_fetch_site[0] == '\0')
        return "A request with a cookie must carry an Origin header that names this site.";
    return NULL;
}
