/* The pools have names: in the log, of the sockets, on the command line. */
#include "app.h"

const char *pool_name(enum pool pool)
{
    static const char *const names[POOL_COUNT] = {"main", "hash", "health"};

    return pool >= POOL_MAIN && pool < POOL_COUNT ? names[pool] : "?";
}
