/* A store for each test of a file: f, made before it and taken away after it. */
#ifndef DIGITD_TESTS_FIXTURE_OWN_H
#define DIGITD_TESTS_FIXTURE_OWN_H

#include "fixture_store.h"

static struct fixture f;

static int setup(void **state)
{
    (void)state;
    fixture_new(&f);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_free(&f);
    return 0;
}

#endif
