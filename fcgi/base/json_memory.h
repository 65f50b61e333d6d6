/* Jansson's memory. It is wiped when it is freed, since a request's JSON may hold a password, and a lack of it is
 * noted: jansson tells that as whatever it was reading ("invalid token"), and what is being put together lacks a member
 * without a word.
 *
 * Pitfall (jansson 2.14): its lexer goes on where it could not keep a character, and then writes past the end of a text
 * that lacks its quote. So whoever reads sets a guard; the first allocation that fails jumps back to it, over jansson,
 * and what was allocated since is freed. tests/unit/test_parse_memory.c has each allocation fail. */
#ifndef DIGITD_BASE_JSON_MEMORY_H
#define DIGITD_BASE_JSON_MEMORY_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

void *json_memory_get(size_t n);
void json_memory_free(void *p);

/* Whether an allocation has failed since this was last asked. */
bool json_memory_failed(void);

/* Where a failure jumps to: setjmp(*json_memory_guard()). Until json_memory_leave, only what is allocated since may be
 * freed. */
jmp_buf *json_memory_guard(void);
/* Ends that; after a failure, frees what was allocated. */
void json_memory_leave(void);

#endif
