/* What the tests of the training loops share: the sets of loops that this processor has, and zeroed memory. To be
 * included after cmocka, once in a program. */
#ifndef DIGITD_TESTS_BACK_SETS_H
#define DIGITD_TESTS_BACK_SETS_H

#include <stdlib.h>

#include "network/backward.h"

static const struct back_set *sets[3];
static int n_sets;

static int setup(void **state)
{
    (void)state;
    const struct back_set *all[] = {back_base(), back_avx2(), back_avx512()};
    static const char *const names[] = {"base", "avx2", "avx512"};
    for (int i = 0; i < 3; i++)
        if (all[i])
            sets[n_sets++] = all[i];
        else
            print_message("set: %s was not run, this processor or its system lacks it\n", names[i]);
    assert_non_null(back_base());
    return 0;
}

static void *get(size_t n, size_t size)
{
    void *p = calloc(n + 1, size);
    assert_non_null(p);
    return p;
}

#endif
