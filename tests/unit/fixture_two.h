/* A store with two users for each test of a file. */
#ifndef DIGITD_TESTS_FIXTURE_TWO_H
#define DIGITD_TESTS_FIXTURE_TWO_H

#include "fixture_own.h"

static int64_t ada, bob;

static int with_two(void **state)
{
    (void)setup(state);
    ada = add_user(f.store, "ada@example.org");
    bob = add_user(f.store, "bob@example.org");
    return 0;
}

#endif
