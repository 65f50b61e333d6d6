/* Who is asking: a session's cookie, or an API token. */
#ifndef DIGITD_WEB_ACCESS_H
#define DIGITD_WEB_ACCESS_H

#include <stdbool.h>

#include "call.h"

/* Holds the request against its route's columns access, scope and store, and fills c->user. false: it has replied. */
bool access_check(struct call *c);

/* What a handler asks that wants more than its route does: the token, if one came, must have this scope too. false: it
 * has replied, with this sentence. */
bool access_scope(struct call *c, int scope, const char *sentence);

#endif
