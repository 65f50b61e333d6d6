#include "json_memory.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct block {
    struct block *prev, *next; /* under the guard: all that was allocated since */
} __attribute__((aligned(16)));

static _Thread_local struct {
    bool on, failed;
    struct block ring; /* its ends */
    jmp_buf back;
} guard;

void *json_memory_get(size_t n)
{
    struct block *b = n < SIZE_MAX - sizeof(*b) ? malloc(sizeof(*b) + n) : NULL;

    if (b == NULL) {
        guard.failed = true;
        if (guard.on)
            longjmp(guard.back, 1);
        return NULL;
    }
    if (guard.on) {
        *b = (struct block){.prev = &guard.ring, .next = guard.ring.next};
        b->next->prev = guard.ring.next = b;
    }
    return b + 1;
}

void json_memory_free(void *p)
{
    struct block *b = p == NULL ? NULL : (struct block *)p - 1;

    if (b == NULL)
        return;
    if (guard.on) {
        b->prev->next = b->next;
        b->next->prev = b->prev;
    }
    explicit_bzero(b, malloc_usable_size(b));
    free(b);
}

bool json_memory_failed(void)
{
    const bool failed = guard.failed;

    guard.failed = false;
    return failed;
}

jmp_buf *json_memory_guard(void)
{
    guard.ring.prev = guard.ring.next = &guard.ring;
    guard.failed = false;
    guard.on = true;
    return &guard.back;
}

void json_memory_leave(void)
{
    while (guard.failed && guard.ring.next != &guard.ring)
        json_memory_free(guard.ring.next + 1);
    guard.on = false;
}
