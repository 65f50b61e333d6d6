/* Who sent the request: checks the session cookie or the API token. */
#ifndef DIGITD_WEB_ACCESS_H
#define DIGITD_WEB_ACCESS_H

#include <stdbool.h>

#include "call.h"

/* Checks the request against its route's columns access, scope and store, and fills c->user. False: it has replied. */
bool access_check(struct call *c);

/* For handlers that need more than their route does: the token, if there is one, must have this scope too. False: it
 * has replied, with this sentence. */
bool access_scope(struct call *c, int scope, const char *sentence);

#endif
