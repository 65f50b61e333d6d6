/* A file is a header of one block, then its bytes, filled up to a whole block; two blocks of zeros end the archive. */
#include "tar.h"

#include <stdio.h>
#include <string.h>

enum { MODE = 0644 };

/* Numbers are octal text. */
struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
    char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], zero[12];
};
_Static_assert(sizeof(struct header) == TAR_BLOCK_BYTES, "a header is a block");

enum err tar_add(struct buf *out, const char *name, const void *bytes, size_t n, int64_t modified_s)
{
    static const char zeros[TAR_BLOCK_BYTES];
    struct header h = {.type = '0', .magic = "ustar", .version = {'0', '0'}};
    unsigned sum = 0;
    size_t name_n = strlen(name);

    if (name_n > TAR_NAME_MAX || (uint64_t)n >> 33 != 0 || modified_s < 0 || modified_s >> 33 != 0)
        return ERR_LIMIT;
    memcpy(h.name, name, name_n);
    (void)snprintf(h.mode, sizeof(h.mode), "%07o", MODE);
    (void)snprintf(h.uid, sizeof(h.uid), "%07o", 0);
    (void)snprintf(h.gid, sizeof(h.gid), "%07o", 0);
    (void)snprintf(h.size, sizeof(h.size), "%011zo", n);
    (void)snprintf(h.mtime, sizeof(h.mtime), "%011llo", (unsigned long long)modified_s);
    memset(h.checksum, ' ', sizeof(h.checksum)); /* as which it counts in its own sum */
    for (size_t i = 0; i < sizeof(h); i++)
        sum += ((const unsigned char *)&h)[i];
    (void)snprintf(h.checksum, sizeof(h.checksum) - 1, "%06o", sum & 0777777);
    (void)buf_add(out, &h, sizeof(h));
    (void)buf_add(out, bytes, n);
    return buf_add(out, zeros, (TAR_BLOCK_BYTES - n % TAR_BLOCK_BYTES) % TAR_BLOCK_BYTES);
}

enum err tar_end(struct buf *out)
{
    static const char zeros[2 * TAR_BLOCK_BYTES];

    return buf_add(out, zeros, sizeof(zeros));
}
