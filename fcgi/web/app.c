/* The names of the pools: in the log, in the sockets' names. */
#include "app.h"

const char *pool_name(enum pool pool)
{
    static const char *const names[POOL_COUNT] = {"main", "hash", "large", "gate", "health", "keeper"};

    return pool >= POOL_MAIN && pool < POOL_COUNT ? names[pool] : "?";
}
