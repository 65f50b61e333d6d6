/* What a disk may hold when the power fails: from the record of fixture_disk.h, the files as they are after a loss at
 * any point of it. What was synced is there. Of what was not, there is nothing, some of it, all of it, or some of each
 * write's sectors; of names not synced, the first so many, as a journal has them. A name is only there once its
 * directory was synced, which is less than ext4 and others promise. Comes after fixture_disk.h. */
#ifndef DIGITD_TESTS_FIXTURE_LOSS_H
#define DIGITD_TESTS_FIXTURE_LOSS_H

#include "fixture_store.h"

enum loss { LOSS_NONE, LOSS_HALF, LOSS_ALL, LOSS_TORN, LOSSES }; /* how much of what was not synced is there */
enum { LOSS_SECTOR = 512, LOSS_NAMES = 32, LOSS_FILE_MAX = 4 << 20 };

struct loss_bytes {
    uint8_t *at;
    size_t n;
};

struct loss_name {
    char name[DISK_NAME]; /* "" : free */
    int file;
};

struct loss_disk {
    struct loss_bytes file[DISK_FILES]; /* as they are for sure */
    struct loss_name name[LOSS_NAMES];
    int synced[DISK_FILES]; /* events before this one are in file, or in name for DISK_DIRECTORY */
    int point;
    bool lies; /* a sync does nothing */
    uint64_t seed;
};

static inline bool loss_coin(struct loss_disk *d)
{
    d->seed ^= d->seed << 13;
    d->seed ^= d->seed >> 7;
    d->seed ^= d->seed << 17;
    return (d->seed >> 33 & 1) != 0;
}

static inline void loss_resize(struct loss_bytes *b, size_t n)
{
    if (b->at == NULL)
        b->at = calloc(1, LOSS_FILE_MAX);
    assert_true(b->at != NULL && n <= LOSS_FILE_MAX);
    if (n < b->n)
        memset(b->at + n, 0, b->n - n);
    b->n = n;
}

static inline void loss_write(struct loss_disk *d, struct loss_bytes *b, const struct disk_event *e, bool torn)
{
    if (e->op == DISK_CUT) {
        loss_resize(b, (size_t)e->n);
        return;
    }
    for (int64_t done = 0, n; done < e->n; done += n) {
        n = torn ? LOSS_SECTOR - (e->at + done) % LOSS_SECTOR : e->n;
        n = n < e->n - done ? n : e->n - done;
        if (torn && !loss_coin(d))
            continue;
        if ((size_t)(e->at + done + n) > b->n)
            loss_resize(b, (size_t)(e->at + done + n));
        memcpy(b->at + e->at + done, e->bytes + done, (size_t)n);
    }
}

static inline struct loss_name *loss_find(struct loss_name *names, const char *name)
{
    for (int i = 0; i < LOSS_NAMES; i++)
        if (strcmp(names[i].name, name) == 0)
            return &names[i];
    return NULL;
}

static inline void loss_put(struct loss_name *names, const char *name, int file)
{
    struct loss_name *at = loss_find(names, name);

    if (at == NULL)
        at = loss_find(names, "");
    if (at == NULL)
        abort();
    (void)snprintf(at->name, sizeof(at->name), "%s", name);
    at->file = file;
}

static inline void loss_rename(struct loss_name *names, const struct disk_event *e)
{
    struct loss_name *from = e->op == DISK_NEW ? NULL : loss_find(names, e->name);
    const int file = from == NULL ? e->file : from->file;

    if (from != NULL && (e->op == DISK_UNLINK || e->op == DISK_RENAME))
        from->name[0] = '\0';
    if (e->op == DISK_NEW)
        loss_put(names, e->name, e->file);
    if ((e->op == DISK_RENAME || e->op == DISK_LINK) && file > 0)
        loss_put(names, e->to, file);
}

static inline bool loss_is_name(const struct disk_event *e)
{
    return e->op >= DISK_NEW;
}

static inline bool loss_is_of(const struct disk_event *e, int file)
{
    return (e->op == DISK_WRITE || e->op == DISK_CUT) && e->file == file;
}

/* What events bring for sure, up to a point that only grows. */
static inline void loss_advance(struct loss_disk *d, int point)
{
    for (; d->point < point; d->point++) {
        const struct disk_event *e = &disk.event[d->point];

        if (d->lies || (e->op != DISK_SYNC && e->op != DISK_SYNC_NAMES))
            continue;
        for (int i = d->synced[e->file]; i < d->point; i++) {
            if (e->op == DISK_SYNC_NAMES && loss_is_name(&disk.event[i]))
                loss_rename(d->name, &disk.event[i]);
            if (e->op == DISK_SYNC && loss_is_of(&disk.event[i], e->file))
                loss_write(d, &d->file[e->file], &disk.event[i], false);
        }
        d->synced[e->file] = d->point;
    }
}

static inline void loss_names(struct loss_disk *d, enum loss how, struct loss_name *names)
{
    memcpy(names, d->name, sizeof(d->name));
    for (int i = d->synced[DISK_DIRECTORY]; i < d->point; i++) {
        if (!loss_is_name(&disk.event[i]))
            continue;
        if (how == LOSS_NONE || (how != LOSS_ALL && !loss_coin(d)))
            return;
        loss_rename(names, &disk.event[i]);
    }
}

static inline void loss_store(const char *path, const struct loss_bytes *b)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    if (b->n > 0)
        assert_int_equal(write(fd, b->at, b->n), (ssize_t)b->n);
    assert_int_equal(close(fd), 0);
}

static inline void loss_clear(const char *dir)
{
    DIR *d = opendir(dir);
    char path[512];

    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        (void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        if (e->d_name[0] != '.')
            assert_int_equal(unlink(path), 0);
    }
    (void)closedir(d);
}

/* Fills dir with the files as they are after a loss at d->point. */
static inline void loss_image(struct loss_disk *d, enum loss how, const char *dir)
{
    static struct loss_bytes b;
    struct loss_name names[LOSS_NAMES];
    char path[512];

    loss_clear(dir);
    loss_names(d, how, names);
    for (int k = 0; k < LOSS_NAMES; k++) {
        const int file = names[k].file;

        if (names[k].name[0] == '\0')
            continue;
        loss_resize(&b, 0);
        loss_resize(&b, d->file[file].n);
        if (b.n > 0)
            memcpy(b.at, d->file[file].at, b.n);
        for (int i = d->synced[file]; i < d->point; i++)
            if (loss_is_of(&disk.event[i], file) &&
                (how == LOSS_ALL || how == LOSS_TORN || (how == LOSS_HALF && loss_coin(d))))
                loss_write(d, &b, &disk.event[i], how == LOSS_TORN);
        (void)snprintf(path, sizeof(path), "%s/%.*s", dir, DISK_NAME, names[k].name);
        loss_store(path, &b);
    }
}

static inline void loss_free(struct loss_disk *d)
{
    for (int i = 0; i < DISK_FILES; i++)
        free(d->file[i].at);
}

#endif
