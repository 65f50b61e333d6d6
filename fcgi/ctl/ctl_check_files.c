/* The part of `digitctl check` that looks at the file system: permissions, owners, free space. The database file is
 * only looked at from outside: opening and closing it ourselves would drop SQLite's locks. */
#include "ctl_check_files.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "files/fs.h"
#include "files/run_dir.h"

#define MIB INT64_C(1048576)

enum { DISK_BAD_MIB = 64, DISK_WARN_MIB = 512, WAL_WARN_MIB = 64 };

/* Whether the owner of the database, as whom digitd runs, may do this (R_OK | W_OK | X_OK) with path. If run by root,
 * it asks as that user. */
static bool owner_may(const struct check *k, const char *path, int mode)
{
    struct stat st;
    bool may, root = geteuid() == 0 && stat(k->c->conf.database, &st) == 0 && st.st_uid != 0;

    if (root && (setegid(st.st_gid) != 0 || seteuid(st.st_uid) != 0))
        root = false;
    may = faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
    if (root && (seteuid(0) != 0 || setegid(getgid()) != 0))
        return false;
    return may;
}

void check_run_dir(struct check *k)
{
    const char *dir = k->c->conf.run_dir;
    struct stat st;

    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
        check_tell(k, LEVEL_WARN, "run_dir", "%s: no such directory; digitd creates it when it starts", dir);
        return;
    }
    if ((st.st_mode & S_IWOTH) != 0)
        check_tell(k, LEVEL_BAD, "run_dir", "%s: anyone can write to it and create sockets there", dir);
    else
        check_tell(k, LEVEL_OK, "run_dir", "%s", dir);
    switch (run_dir_look(dir)) {
    case ERR_BUSY:
        check_tell(k, LEVEL_OK, "digitd", "running");
        break;
    case OK:
    case ERR_NOT_FOUND:
        check_tell(k, LEVEL_WARN, "digitd", "not running");
        break;
    default:
        check_tell(k, LEVEL_WARN, "digitd", "%s/digitd.lock: %s", dir, fs_lock_refused(errno));
    }
}

/* A file of the database, which only its owner may access. */
static void file_check(struct check *k, const char *path, const struct stat *owner)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return; /* not needed at this moment */
    if (st.st_uid != owner->st_uid)
        check_tell(k, LEVEL_BAD, "files", "%s belongs to user %u, the database to user %u", path, (unsigned)st.st_uid,
                   (unsigned)owner->st_uid);
    else if ((st.st_mode & (S_IRWXO | S_IWGRP)) != 0)
        check_tell(k, LEVEL_WARN, "files",
                   "%s has mode %04o, which lets other users in: chmod 0600, if its file system has modes", path,
                   (unsigned)st.st_mode & 07777);
}

/* SQLite's locks do not hold over a network (Linux magic.h). */
static bool on_network(const char *path)
{
    static const unsigned long kinds[] = {0x6969 /* nfs */, 0x517b /* smb */, 0xff534d42 /* cifs */,
                                          0xfe534d42 /* smb2 */, 0x01021997 /* 9p */};
    struct statfs fs;

    if (statfs(path, &fs) != 0)
        return false;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (((unsigned long)fs.f_type & 0xffffffffUL) == kinds[i])
            return true;
    return false;
}

void check_files(struct check *k)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".lock", ".mail-lock"};
    const char *database = k->c->conf.database;
    char path[CONF_TEXT_MAX + 16], dir[CONF_TEXT_MAX + 2];
    int before = k->count[LEVEL_BAD] + k->count[LEVEL_WARN];
    struct stat owner, st;

    if (stat(database, &owner) != 0)
        return; /* check_database says so */
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", database, ends[i]);
        file_check(k, path, &owner);
    }
    ctl_directory_of(database, dir);
    if (!owner_may(k, dir, W_OK | X_OK))
        check_tell(k, LEVEL_BAD, "files", "%s: the owner of the database cannot write to it", dir);
    if (on_network(database))
        check_tell(k, LEVEL_BAD, "files", "%s is on a network file system, where SQLite's locks do not work", database);
    if (k->count[LEVEL_BAD] + k->count[LEVEL_WARN] == before)
        check_tell(k, LEVEL_OK, "files", "owner and modes of the database files are right");
    (void)snprintf(path, sizeof(path), "%s-wal", database);
    if (stat(path, &st) == 0)
        check_tell(k, st.st_size > WAL_WARN_MIB * MIB ? LEVEL_WARN : LEVEL_OK, "wal", "%lld KiB%s",
                   (long long)(st.st_size / 1024),
                   st.st_size > WAL_WARN_MIB * MIB ? ": a process keeps reading the database, or digitd is not running"
                                                   : "");
}

void check_disk(struct check *k)
{
    char dir[CONF_TEXT_MAX + 2];
    struct statvfs fs;
    enum level level;
    int64_t free_mib;

    ctl_directory_of(k->c->conf.database, dir);
    if (statvfs(dir, &fs) != 0) {
        check_tell(k, LEVEL_BAD, "disk", "%s: %s", dir, strerror(errno));
        return;
    }
    free_mib = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize / MIB;
    level = free_mib < DISK_BAD_MIB ? LEVEL_BAD : free_mib < DISK_WARN_MIB ? LEVEL_WARN : LEVEL_OK;
    check_tell(k, level, "disk", "%lld MiB free at %s", (long long)free_mib, dir);
}

void check_weights(struct check *k)
{
    const char *path = k->c->conf.weights;
    struct stat st;

    if (stat(path, &st) != 0)
        check_tell(k, LEVEL_BAD, "weights", "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode) || st.st_size == 0)
        check_tell(k, LEVEL_BAD, "weights", "%s: not a regular file, or empty", path);
    else if (!owner_may(k, path, R_OK))
        check_tell(k, LEVEL_BAD, "weights", "%s: the owner of the database cannot read it", path);
    else
        check_tell(k, LEVEL_OK, "weights", "%s: readable (`digitd -t` tests the network in it)", path);
}
