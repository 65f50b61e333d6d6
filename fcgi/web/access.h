/* Who is asking: a session's cookie, or an API token. */
#ifndef DIGITD_WEB_ACCESS_H
#define DIGITD_WEB_ACCESS_H

#include <stdbool.h>

#include "call.h"

/* Holds the request against its route's columns access, scope and store, and fills c->user. false: it has replied. */
bool access_check(struct call *c);

#endif
