/* One buffer for the whole file: it is hashed and written in one go. */
#include "block_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"

enum { DIGITS = 17, DEPTH = 8 };

static size_t block_bytes(const struct float_block *b, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += b[i].n * sizeof(float);
    return bytes;
}

enum err block_file_write(const char *path, const char magic[BLOCK_FILE_MAGIC + 1], const struct json *head,
                          const struct float_block *blocks, size_t n_blocks, struct why *why)
{
    uint8_t digest[DIGEST_BYTES], *whole = NULL;
    struct buf *text = buf_new(BLOCK_FILE_HEADER_MAX);
    enum err e = head && text ? json_write(head, DIGITS, text) : ERR_NOMEM;
    if (e != OK) {
        err_why(why, e, "%s: its header: %s", path, err_str(e));
        goto out;
    }
    const size_t text_bytes = buf_len(text);
    const uint64_t length = text_bytes;
    size_t bytes = BLOCK_FILE_MAGIC + sizeof(length) + text_bytes + block_bytes(blocks, n_blocks);
    whole = malloc(bytes);
    if (!whole) {
        e = err_why(why, ERR_NOMEM, "%s: out of memory", path);
        goto out;
    }
    uint8_t *to = whole;
    memcpy(to, magic, BLOCK_FILE_MAGIC);
    memcpy(to += BLOCK_FILE_MAGIC, &length, sizeof(length));
    memcpy(to += sizeof(length), buf_data(text), text_bytes);
    to += text_bytes;
    for (size_t i = 0; i < n_blocks; to += blocks[i++].n * sizeof(float))
        memcpy(to, blocks[i].at, blocks[i].n * sizeof(float));
    digest_sha256(whole, bytes, digest);
    e = file_write(path, (struct file_part[]){{whole, bytes}, {digest, sizeof(digest)}}, 2, why);
out:
    free(whole);
    buf_free(text);
    return e;
}

enum err block_file_read(struct block_file *f, const char *path, const char magic[BLOCK_FILE_MAGIC + 1], size_t max,
                         struct why *why)
{
    size_t n = 0;
    uint64_t length;
    uint8_t digest[DIGEST_BYTES];
    const size_t before = BLOCK_FILE_MAGIC + sizeof(length), around = before + DIGEST_BYTES;
    *f = (struct block_file){0};
    enum err e = file_read(&f->bytes, &n, path, max, why);
    if (e != OK)
        return e;
    if (n < around || memcmp(f->bytes, magic, BLOCK_FILE_MAGIC) != 0)
        return err_why(why, ERR_FORMAT, "%s is of another kind or version (it does not start with %s)", path, magic);
    digest_sha256(f->bytes, n - DIGEST_BYTES, digest);
    if (!digest_equal(digest, f->bytes + n - DIGEST_BYTES, DIGEST_BYTES))
        return err_why(why, ERR_FORMAT, "%s is damaged: its checksum is wrong", path);
    memcpy(&length, f->bytes + BLOCK_FILE_MAGIC, sizeof(length));
    if (length > n - around)
        return err_why(why, ERR_FORMAT, "%s is damaged: its header is too long", path);
    f->floats = f->bytes + before + (size_t)length;
    f->float_bytes = n - around - (size_t)length;
    e = json_parse(&f->head, (const char *)f->bytes + before, (size_t)length, DEPTH, NULL);
    return e == OK ? OK : err_why(why, e, "%s: its header: %s", path, err_str(e));
}

void block_file_free(struct block_file *f)
{
    free(f->bytes);
    json_free(f->head);
    *f = (struct block_file){0};
}

bool block_file_fill(const struct block_file *f, const struct float_block *blocks, size_t n_blocks)
{
    if (block_bytes(blocks, n_blocks) != f->float_bytes)
        return false;
    const uint8_t *from = f->floats;
    for (size_t i = 0; i < n_blocks; from += blocks[i++].n * sizeof(float))
        memcpy(blocks[i].at, from, blocks[i].n * sizeof(float));
    return true;
}
