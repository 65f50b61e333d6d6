/* A disk that can be watched and can fail. This program's own open, write, fsync and so on stand in front of the C
 * library's, for SQLite as well: of the files below one directory they keep a record of what was asked of the disk, in
 * order, and make the n-th call of a kind fail. */
#ifndef DIGITD_TESTS_FIXTURE_DISK_H
#define DIGITD_TESTS_FIXTURE_DISK_H

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DISK_FDS = 256, DISK_FILES = 512, DISK_NAME = 48, DISK_DIRECTORY = 0 /* the file number of the directory */ };

/* Kinds of calls, to make fail. */
enum disk_call { DISK_OPENS, DISK_READS, DISK_WRITES, DISK_SYNCS, DISK_CUTS, DISK_NAMES, DISK_CALLS };

/* What can lie between the program and the disk when the power fails. */
enum disk_op { DISK_WRITE, DISK_CUT, DISK_SYNC, DISK_SYNC_NAMES, DISK_NEW, DISK_RENAME, DISK_LINK, DISK_UNLINK };

/* What the test knows at a moment: how many states the database has had, and the last that somebody was told of. */
struct disk_mark {
    int states, told;
    int copied; /* the state that a finished backup has; 0: none */
    bool ready; /* the first start has been told of */
};

struct disk_event {
    enum disk_op op;
    int file;
    int64_t at, n; /* of DISK_CUT, n is the new length */
    uint8_t *bytes;
    char name[DISK_NAME], to[DISK_NAME];
    struct disk_mark mark; /* just before it */
};

static struct {
    char root[96];
    size_t root_n; /* 0: nothing is watched */
    bool recording;
    struct disk_mark mark;
    struct disk_event *event;
    int events, room;
    int file_of[DISK_FDS]; /* 1 + the number of the open file; 0: not watched */
    char name_of[DISK_FILES][DISK_NAME];
    int files;
    enum disk_call fail_call;
    int fail_in, fail_with; /* the call fails when fail_in reaches 0; -1: none does */
    bool failed;
} disk = {.fail_in = -1};

#define DISK_REAL(type, name, ...)                                                                                     \
    static type (*real)(__VA_ARGS__);                                                                                  \
    if (real == NULL)                                                                                                  \
    *(void **)&real = dlsym(RTLD_NEXT, name)

/* The part of a path below the watched directory; NULL: elsewhere. "" is the directory. */
static inline const char *disk_below(const char *path)
{
    if (disk.root_n == 0 || strncmp(path, disk.root, disk.root_n) != 0)
        return NULL;
    path += disk.root_n;
    return *path == '/' ? path + 1 : *path == '\0' ? path : NULL;
}

/* Whether this call is the one that fails; then errno is set. */
static inline bool disk_fails(enum disk_call call, bool watched)
{
    if (!watched || call != disk.fail_call || disk.fail_in < 0 || disk.fail_in-- > 0)
        return false;
    disk.failed = true;
    errno = disk.fail_with;
    return true;
}

/* From now on the n-th call (from 0) of this kind fails, once. */
static inline void disk_fail(enum disk_call call, int n, int error)
{
    disk.fail_call = call;
    disk.fail_in = n;
    disk.fail_with = error;
    disk.failed = false;
}

static inline int disk_file(int fd)
{
    return fd >= 0 && fd < DISK_FDS ? disk.file_of[fd] : 0;
}

static inline struct disk_event *disk_note(enum disk_op op, int file)
{
    struct disk_event *e;

    if (disk.events == disk.room) {
        disk.room = disk.room == 0 ? 1024 : 2 * disk.room;
        disk.event = realloc(disk.event, (size_t)disk.room * sizeof(*disk.event));
        if (disk.event == NULL)
            abort();
    }
    e = &disk.event[disk.events++];
    *e = (struct disk_event){.op = op, .file = file, .mark = disk.mark};
    return e;
}

static inline void disk_note_names(enum disk_op op, int file, const char *name, const char *to)
{
    struct disk_event *e = disk_note(op, file);

    (void)snprintf(e->name, sizeof(e->name), "%s", name);
    (void)snprintf(e->to, sizeof(e->to), "%s", to);
}

static inline int disk_number(const char *name)
{
    for (int i = disk.files - 1; i > 0; i--)
        if (strcmp(disk.name_of[i], name) == 0)
            return i;
    return -1;
}

static inline int disk_number_new(const char *name)
{
    if (disk.files == 0)
        disk.files = 1; /* 0 is the directory */
    if (disk.files == DISK_FILES)
        abort();
    (void)snprintf(disk.name_of[disk.files], DISK_NAME, "%s", name);
    return disk.files++;
}

/* The index that SQLite shares between processes is memory, not data: it is made anew after a crash. */
static inline bool disk_is_memory(const char *name)
{
    const size_t n = strlen(name);

    return n > 4 && strcmp(name + n - 4, "-shm") == 0;
}

static inline int disk_opened(int fd, const char *path, bool existed)
{
    const char *name = disk_below(path);
    int file;

    if (fd < 0 || fd >= DISK_FDS || name == NULL)
        return fd;
    file = *name == '\0' ? DISK_DIRECTORY : disk_number(name);
    if (file < 0) {
        file = disk_number_new(name);
        if (disk.recording && !existed && !disk_is_memory(name))
            disk_note_names(DISK_NEW, file, name, "");
    }
    disk.file_of[fd] = file + 1;
    return fd;
}

static inline int disk_open(const char *path, int flags, unsigned mode)
{
    DISK_REAL(int, "open64", const char *, int, ...);
    const bool existed = access(path, F_OK) == 0;

    if (disk_fails(DISK_OPENS, disk_below(path) != NULL))
        return -1;
    return disk_opened(real(path, flags, mode), path, existed);
}

/* The C library has these names twice, for files over 2 GB where long has 32 bits. */
int disk_open_64(const char *path, int flags, ...) __asm__("open64");
int disk_open_64(const char *path, int flags, ...)
{
    unsigned mode = 0;
    va_list ap;

    va_start(ap, flags);
    if ((flags & O_CREAT) != 0)
        mode = va_arg(ap, unsigned);
    va_end(ap);
    return disk_open(path, flags, mode);
}

int disk_mkostemp(char *path, int flags) __asm__("mkostemp64");
int disk_mkostemp(char *path, int flags)
{
    DISK_REAL(int, "mkostemp64", char *, int);
    if (disk_fails(DISK_OPENS, disk_below(path) != NULL))
        return -1;
    return disk_opened(real(path, flags), path, false);
}

int disk_close(int fd) __asm__("close");
int disk_close(int fd)
{
    DISK_REAL(int, "close", int);
    if (fd >= 0 && fd < DISK_FDS)
        disk.file_of[fd] = 0;
    return real(fd);
}

ssize_t disk_read(int fd, void *to, size_t n) __asm__("read");
ssize_t disk_read(int fd, void *to, size_t n)
{
    DISK_REAL(ssize_t, "read", int, void *, size_t);
    return disk_fails(DISK_READS, disk_file(fd) != 0) ? -1 : real(fd, to, n);
}

ssize_t disk_pread(int fd, void *to, size_t n, int64_t at) __asm__("pread64");
ssize_t disk_pread(int fd, void *to, size_t n, int64_t at)
{
    DISK_REAL(ssize_t, "pread64", int, void *, size_t, int64_t);
    return disk_fails(DISK_READS, disk_file(fd) != 0) ? -1 : real(fd, to, n, at);
}

static inline void disk_wrote(int fd, const void *from, ssize_t n, int64_t at)
{
    const int file = disk_file(fd) - 1;
    struct disk_event *e;

    if (!disk.recording || file <= DISK_DIRECTORY || n <= 0 || disk_is_memory(disk.name_of[file]))
        return;
    e = disk_note(DISK_WRITE, file);
    e->at = at;
    e->n = n;
    e->bytes = malloc((size_t)n);
    if (e->bytes == NULL)
        abort();
    memcpy(e->bytes, from, (size_t)n);
}

ssize_t disk_write(int fd, const void *from, size_t n) __asm__("write");
ssize_t disk_write(int fd, const void *from, size_t n)
{
    DISK_REAL(ssize_t, "write", int, const void *, size_t);
    int64_t at;
    ssize_t done;

    if (disk_file(fd) == 0)
        return real(fd, from, n);
    if (disk_fails(DISK_WRITES, true))
        return -1;
    at = lseek(fd, 0, SEEK_CUR);
    done = real(fd, from, n);
    disk_wrote(fd, from, done, at);
    return done;
}

ssize_t disk_pwrite(int fd, const void *from, size_t n, int64_t at) __asm__("pwrite64");
ssize_t disk_pwrite(int fd, const void *from, size_t n, int64_t at)
{
    DISK_REAL(ssize_t, "pwrite64", int, const void *, size_t, int64_t);
    ssize_t done;

    if (disk_fails(DISK_WRITES, disk_file(fd) != 0))
        return -1;
    done = real(fd, from, n, at);
    disk_wrote(fd, from, done, at);
    return done;
}

int disk_ftruncate(int fd, int64_t n) __asm__("ftruncate64");
int disk_ftruncate(int fd, int64_t n)
{
    DISK_REAL(int, "ftruncate64", int, int64_t);
    const int file = disk_file(fd) - 1;
    int rc;

    if (disk_fails(DISK_CUTS, file >= 0))
        return -1;
    rc = real(fd, n);
    if (rc == 0 && disk.recording && file > DISK_DIRECTORY && !disk_is_memory(disk.name_of[file]))
        disk_note(DISK_CUT, file)->n = n;
    return rc;
}

/* An fdatasync puts down as much as an fsync: what a file's length needs is put down by both. */
static inline int disk_synced(int fd, int rc)
{
    const int file = disk_file(fd) - 1;

    if (rc == 0 && disk.recording && file >= 0)
        (void)disk_note(file == DISK_DIRECTORY ? DISK_SYNC_NAMES : DISK_SYNC, file);
    return rc;
}

int disk_fdatasync(int fd) __asm__("fdatasync");
int disk_fdatasync(int fd)
{
    DISK_REAL(int, "fdatasync", int);
    return disk_fails(DISK_SYNCS, disk_file(fd) != 0) ? -1 : disk_synced(fd, real(fd));
}

int disk_fsync(int fd) __asm__("fsync");
int disk_fsync(int fd)
{
    DISK_REAL(int, "fsync", int);
    return disk_fails(DISK_SYNCS, disk_file(fd) != 0) ? -1 : disk_synced(fd, real(fd));
}

/* A name goes (op), or another comes; to: NULL where none does. */
static inline int disk_named(int rc, enum disk_op op, const char *from, const char *to)
{
    int file;

    if (rc != 0 || from == NULL || disk_is_memory(from))
        return rc;
    file = disk_number(from);
    if (disk.recording)
        disk_note_names(op, file, from, to == NULL ? "" : to);
    if (op == DISK_LINK)
        return rc; /* the file is known by its first name */
    if (to != NULL && disk_number(to) > 0)
        disk.name_of[disk_number(to)][0] = '\0'; /* what had the name has none */
    if (file > 0)
        (void)snprintf(disk.name_of[file], DISK_NAME, "%s", to == NULL ? "" : to);
    return rc;
}

int disk_unlink(const char *path) __asm__("unlink");
int disk_unlink(const char *path)
{
    DISK_REAL(int, "unlink", const char *);
    if (disk_fails(DISK_NAMES, disk_below(path) != NULL))
        return -1;
    return disk_named(real(path), DISK_UNLINK, disk_below(path), NULL);
}

int disk_rename(const char *from, const char *to) __asm__("rename");
int disk_rename(const char *from, const char *to)
{
    DISK_REAL(int, "rename", const char *, const char *);
    if (disk_fails(DISK_NAMES, disk_below(to) != NULL))
        return -1;
    return disk_named(real(from, to), DISK_RENAME, disk_below(from), disk_below(to));
}

int disk_renameat2(int fd, const char *from, int to_fd, const char *to, unsigned flags) __asm__("renameat2");
int disk_renameat2(int fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    DISK_REAL(int, "renameat2", int, const char *, int, const char *, unsigned);
    if (disk_fails(DISK_NAMES, disk_below(to) != NULL))
        return -1;
    return disk_named(real(fd, from, to_fd, to, flags), DISK_RENAME, disk_below(from), disk_below(to));
}

int disk_link(const char *from, const char *to) __asm__("link");
int disk_link(const char *from, const char *to)
{
    DISK_REAL(int, "link", const char *, const char *);
    if (disk_fails(DISK_NAMES, disk_below(to) != NULL))
        return -1;
    return disk_named(real(from, to), DISK_LINK, disk_below(from), disk_below(to));
}

/* Watches what lies below a directory, which is still empty. */
static inline void disk_watch(const char *dir, bool record)
{
    disk.root_n = (size_t)snprintf(disk.root, sizeof(disk.root), "%s", dir);
    disk.recording = record;
}

static inline void disk_leave(void)
{
    for (int i = 0; i < disk.events; i++)
        free(disk.event[i].bytes);
    free(disk.event);
    memset(&disk, 0, sizeof(disk));
    disk.fail_in = -1;
}

#endif
