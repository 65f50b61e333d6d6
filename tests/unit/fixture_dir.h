/* The end of a test program's own directory below /tmp. */
#ifndef DIGITD_TESTS_FIXTURE_DIR_H
#define DIGITD_TESTS_FIXTURE_DIR_H

#include <stdio.h>
#include <stdlib.h>

/* Removes dir, which mkdtemp made, with all that is in it; 0, or what a teardown gives back where it cannot. */
static inline int dir_remove(const char *dir)
{
    char command[128];
    const int n = snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return n < (int)sizeof command ? system(command) : -1;
}

#endif
