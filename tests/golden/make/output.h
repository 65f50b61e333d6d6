/* What every maker of pictures does besides drawing: names to seeds, bytes to files. */
#ifndef DIGITD_GOLDEN_OUTPUT_H
#define DIGITD_GOLDEN_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

/* 64 bits of a name (FNV-1a): a kind's pictures do not change when another is added. */
uint64_t name_hash(const char *name);

/* In place and without fsync, unlike files.h: a thousand small files that nobody will miss. Ends the program if it
 * cannot. */
void write_file(const char *path, const uint8_t *bytes, size_t n);

#endif
