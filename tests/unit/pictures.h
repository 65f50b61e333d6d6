/* For the picture tests: files of tests/golden/pictures (tests run at the top of the tree), and bytes put together by
 * hand. Small static functions: each test program uses most of them. */
#ifndef DIGITD_TEST_PICTURES_H
#define DIGITD_TEST_PICTURES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PICTURES "tests/golden/pictures/"

/* The whole file, in a block of exactly *n bytes so that ASan sees a read past the end; free it. */
static inline uint8_t *file_read(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes;
    long size;

    if (f == NULL)
        fail_msg("%s is missing: tests run at the top of the tree", path);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    size = ftell(f);
    assert_true(size > 0);
    rewind(f);
    bytes = malloc((size_t)size);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)size, f), (size_t)size);
    fclose(f);
    *n = (size_t)size;
    return bytes;
}

/* bytes[n] in a block of exactly n bytes; free it. */
static inline uint8_t *bytes_copy(const uint8_t *bytes, size_t n)
{
    uint8_t *copy = malloc(n > 0 ? n : 1);

    assert_non_null(copy);
    memcpy(copy, bytes, n);
    return copy;
}

struct made {
    uint8_t b[4096];
    size_t n;
};

static inline void put(struct made *m, const void *bytes, size_t n)
{
    assert_true(n <= sizeof(m->b) - m->n);
    memcpy(m->b + m->n, bytes, n);
    m->n += n;
}

static inline void put_le(struct made *m, uint32_t v, int bytes)
{
    for (int i = 0; i < bytes; i++, v >>= 8) {
        uint8_t byte = (uint8_t)(v & 0xff);

        put(m, &byte, 1);
    }
}

static inline void put_be(struct made *m, uint32_t v, int bytes)
{
    while (bytes-- > 0)
        put_le(m, v >> (8 * bytes), 1);
}

/* A PNG chunk whose checksum is 0: the header reader does not look at it. */
static inline void put_png_chunk(struct made *m, const char *type, const void *data, uint32_t n)
{
    put_be(m, n, 4);
    put(m, type, 4);
    put(m, data, n);
    put_be(m, 0, 4);
}

static inline void put_png_ihdr(struct made *m, uint32_t w, uint32_t h)
{
    put(m, "\0\0\0\x0dIHDR", 8);
    put_be(m, w, 4);
    put_be(m, h, 4);
    put(m, "\x08\0\0\0\0", 5);
    put_be(m, 0, 4);
}

/* A JPEG segment with its length. */
static inline void put_jpeg_segment(struct made *m, uint8_t code, const void *data, size_t n)
{
    put_be(m, 0xff00u | code, 2);
    put_be(m, (uint32_t)n + 2, 2);
    put(m, data, n);
}

/* A TIFF block with one entry: Orientation. */
static inline void put_tiff(struct made *m, bool big, uint32_t orientation)
{
    void (*put_int)(struct made *, uint32_t, int) = big ? put_be : put_le;

    put(m, big ? "MM" : "II", 2);
    put_int(m, 42, 2);
    put_int(m, 8, 4);
    put_int(m, 1, 2);
    put_int(m, 0x0112, 2);
    put_int(m, 3, 2);
    put_int(m, 1, 4);
    put_int(m, orientation, 2);
    put(m, "\0\0\0\0\0", 6);
}

#endif
