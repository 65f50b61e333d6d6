/* Inflates the IDAT chunks until the result is certain: beyond the limit, or too little left to reach it.
 *
 * A byte of deflate becomes at most 1,032 bytes (RFC 1951: 258 from two bits), so the rest of the file limits the rest
 * of the data. A drawing under 16 KB is therefore never inflated here; a larger PNG is inflated once more than by
 * libpng alone, which adds a tenth to a fifth to the time it takes to read. */
#include "png_data.h"

#include <string.h>

#include <zlib.h>

#include "image/header/header_formats.h"

enum {
    PNG_FIRST_CHUNK_AT = 8,
    PNG_DATA_RATIO = 1032,
    /* What libpng inflates in 50 ms. Encoders that write a few rows too many stay below it. */
    PNG_DATA_SURPLUS_MAX_BYTES = 16 * 1024 * 1024
};

/* Section 9.2 of the PNG specification: rows of width pixels, each after one byte for its filter. */
static uint64_t pass_bytes(uint64_t width, uint64_t height, unsigned bits)
{
    return width == 0 ? 0 : (1 + (width * bits + 7) / 8) * height;
}

/* ihdr: the data of that chunk. 0 if there is no such kind of picture. */
static uint64_t raw_bytes(const uint8_t *ihdr)
{
    static const unsigned channels[7] = {1, 0, 3, 1, 2, 0, 4};
    /* Adam7 (section 8.2): first column and row of each pass, and the steps. */
    static const uint8_t x0[7] = {0, 4, 0, 2, 0, 1, 0}, y0[7] = {0, 0, 4, 0, 2, 0, 1};
    static const uint8_t dx[7] = {8, 8, 4, 4, 2, 2, 1}, dy[7] = {8, 8, 8, 4, 4, 2, 2};
    const uint64_t w = get_be32(ihdr), h = get_be32(ihdr + 4);
    const unsigned bits = ihdr[9] < 7 ? channels[ihdr[9]] * ihdr[8] : 0;
    uint64_t sum = 0;

    if (ihdr[12] == 0)
        return bits == 0 ? 0 : pass_bytes(w, h, bits);
    for (int i = 0; bits != 0 && i < 7; i++)
        sum += pass_bytes((w + dx[i] - 1 - x0[i]) / dx[i], (h + dy[i] - 1 - y0[i]) / dy[i], bits);
    return sum;
}

static uint64_t compressed_bytes(const uint8_t *bytes, size_t n)
{
    uint64_t sum = 0;

    for (size_t at = PNG_FIRST_CHUNK_AT; n - at >= 12; at += 12 + (size_t)get_be32(bytes + at)) {
        if (n - at - 12 < get_be32(bytes + at))
            break;
        if (memcmp(bytes + at + 4, "IDAT", 4) == 0)
            sum += get_be32(bytes + at);
    }
    return sum;
}

/* Reads a chunk's data[len]. False: the result is certain. */
static bool inflate_chunk(z_stream *z, const uint8_t *data, uint32_t len, uint64_t compressed, uint64_t limit)
{
    uint8_t sink[32 * 1024];
    int fault;

    z->next_in = (z_const Bytef *)(uintptr_t)data; /* zlib does not write there */
    z->avail_in = len;
    do {
        z->next_out = sink;
        z->avail_out = sizeof(sink);
        fault = inflate(z, Z_NO_FLUSH);
        if (fault != Z_OK) /* its end, damage; or a chunk that was used up: not an error */
            return fault == Z_BUF_ERROR;
        if (z->total_out > limit || z->total_out + (compressed - z->total_in) * PNG_DATA_RATIO <= limit)
            return false;
    } while (z->avail_in > 0 || z->avail_out == 0);
    return true;
}

bool png_data_overflows(const uint8_t *bytes, size_t n)
{
    const uint64_t compressed = compressed_bytes(bytes, n);
    const uint64_t limit = raw_bytes(bytes + PNG_FIRST_CHUNK_AT + 8) + PNG_DATA_SURPLUS_MAX_BYTES;
    z_stream z = {.zalloc = Z_NULL};
    bool overflows, more = true;

    if (compressed * PNG_DATA_RATIO <= limit)
        return false;
    if (inflateInit(&z) != Z_OK)
        return true;
    for (size_t at = PNG_FIRST_CHUNK_AT; more && n - at >= 12; at += 12 + (size_t)get_be32(bytes + at)) {
        if (n - at - 12 < get_be32(bytes + at))
            break;
        if (memcmp(bytes + at + 4, "IDAT", 4) == 0)
            more = inflate_chunk(&z, bytes + at + 8, get_be32(bytes + at), compressed, limit);
    }
    overflows = z.total_out > limit;
    (void)inflateEnd(&z);
    return overflows;
}
