/* Memory that can run out: this program's own malloc, calloc and realloc stand in front of the C library's, or of the
 * sanitizer's, for the libraries as well. */
#ifndef DIGITD_TESTS_FIXTURE_MEMORY_H
#define DIGITD_TESTS_FIXTURE_MEMORY_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

static struct {
    bool on;       /* calls are counted */
    int fail_in;   /* the call fails when this reaches 0; -1: none does */
    bool for_good; /* all later ones fail as well */
    bool failed;
} memory = {.fail_in = -1};

static inline bool memory_fails(void)
{
    if (!memory.on || memory.fail_in < 0)
        return false;
    if (memory.fail_in > 0) {
        memory.fail_in--;
        return false;
    }
    if (!memory.for_good)
        memory.fail_in = -1;
    memory.failed = true;
    errno = ENOMEM;
    return true;
}

#if SANITIZED
#define MEMORY_REAL(name) __interceptor_##name
#else
#define MEMORY_REAL(name) __libc_##name
#endif
void *MEMORY_REAL(malloc)(size_t n);
void *MEMORY_REAL(calloc)(size_t n, size_t each);
void *MEMORY_REAL(realloc)(void *old, size_t n);

void *memory_malloc(size_t n) __asm__("malloc");
void *memory_malloc(size_t n)
{
    return memory_fails() ? NULL : MEMORY_REAL(malloc)(n);
}

void *memory_calloc(size_t n, size_t each) __asm__("calloc");
void *memory_calloc(size_t n, size_t each)
{
    return memory_fails() ? NULL : MEMORY_REAL(calloc)(n, each);
}

void *memory_realloc(void *old, size_t n) __asm__("realloc");
void *memory_realloc(void *old, size_t n)
{
    return memory_fails() ? NULL : MEMORY_REAL(realloc)(old, n);
}

#endif
