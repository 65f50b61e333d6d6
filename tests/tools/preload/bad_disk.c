/* LD_PRELOAD: a bad disk under the database. The file BAD_DISK says how bad it is just now: "slow MICROSECONDS" (for
 * each write to the database itself), "fail ERRNO" (every write to the database and its WAL), or nothing. Without the
 * file, the disk is good. What is open is known by its name. */
#include <sys/types.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

ssize_t pwrite64(int fd, const void *bytes, size_t n, off_t at);

static int ends_with(const char *text, size_t n, const char *end)
{
    const size_t m = strlen(end);

    return n >= m && memcmp(text + n - m, end, m) == 0;
}

/* 0: no file of a database; 1: the database; 2: its WAL. */
static int kind_of(int fd)
{
    char link[40], path[1024];
    ssize_t n;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path));
    if (n <= 0)
        return 0;
    return ends_with(path, (size_t)n, ".db") ? 1 : ends_with(path, (size_t)n, ".db-wal") ? 2 : 0;
}

static void how_bad(char word[8], long *number)
{
    const char *path = getenv("BAD_DISK");
    char text[64] = "";
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);

    word[0] = '\0';
    *number = 0;
    if (fd < 0)
        return;
    if (read(fd, text, sizeof(text) - 1) > 0)
        (void)sscanf(text, "%7s %ld", word, number);
    (void)close(fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);
    const int kind = kind_of(fd);
    char word[8];
    long number;

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
    if (kind != 0) {
        how_bad(word, &number);
        if (strcmp(word, "fail") == 0) {
            errno = (int)number;
            return -1;
        }
        if (kind == 1 && strcmp(word, "slow") == 0) {
            struct timespec left = {number / 1000000, number % 1000000 * 1000};

            while (nanosleep(&left, &left) != 0 && errno == EINTR)
                ;
        }
    }
    return real(fd, bytes, n, at);
}
