/* MNIST's files are called train-images-idx3-ubyte where they come from, train-images.idx3-ubyte by whoever unpacked
 * them on a system that likes endings, and .gz where nobody unpacked them. */
#include "idx_files.h"

#include <sys/stat.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/files.h"
#include "gunzip.h"

enum { SPELLINGS = 4, NAME_BYTES = 64 };

/* name[i]: 0 as it is, 1 with a dot; 2 and 3 the same, packed. */
static void spell(const char *name, char to[SPELLINGS][NAME_BYTES])
{
    const char *idx = strstr(name, "-idx");
    const int stem = idx ? (int)(idx - name) : (int)strlen(name);
    for (int i = 0; i < SPELLINGS; i++)
        snprintf(to[i], NAME_BYTES, "%.*s%s%s%s", stem, name, i % 2 ? "." : "-", idx ? idx + 1 : "",
                 i >= 2 ? ".gz" : "");
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

enum err idx_file_read(uint8_t **out, size_t *n, char path[IDX_PATH_BYTES], const char *dir, const char *name,
                       size_t max, struct why *why)
{
    char names[SPELLINGS][NAME_BYTES];
    struct stat st;
    *out = NULL;
    *n = 0;
    spell(name, names);
    for (int i = 0; i < SPELLINGS; i++) {
        if (snprintf(path, IDX_PATH_BYTES, "%s/%s", dir, names[i]) >= IDX_PATH_BYTES)
            return err_why(why, ERR_LIMIT, "%.60s...: name too long", dir);
        if (is_file(path))
            return i >= 2 ? gunzip_read(out, n, path, max, why) : file_read(out, n, path, max, why);
    }
    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
        return err_why(why, ERR_NOT_FOUND, "%s is no directory, where %s should be", dir, name);
    return err_why(why, ERR_NOT_FOUND, "%s has no %s, nor %s, nor either with .gz", dir, names[0], names[1]);
}
