/* What only `digitctl` asks of the database: copies, checks, counts. The rules of store.h hold here too. */
#ifndef DIGITD_STORE_ADMIN_STORE_ADMIN_H
#define DIGITD_STORE_ADMIN_STORE_ADMIN_H

#include "base/buf.h"
#include "store/store.h"

/* Makes a consistent copy of the database in a new file of mode 0600, while others write (VACUUM INTO: it contains no
 * deleted data). The copy is made under a temporary name and synced. ERR_EXISTS: path already exists. The WAL grows
 * meanwhile. */
enum err store_backup(struct store *s, const char *path, struct why *why);

/* Replaces the database at path with a backup. No process may have the database open (the caller holds the instance
 * lock of digitd's run_dir); ERR_BUSY if one does. Copies the backup next to the database, checks the copy as at
 * start-up, migrates it, keeps the old files as NAME.before-restore[-wal], and syncs. The new file has mode 0600 and
 * the owner of the old one. On failure the old database is intact. ERR_EXISTS: NAME.before-restore already exists.
 * ERR_FORMAT: not a backup of ours, damaged, or with a WAL next to it; ERR_UNSUPPORTED: newer than this program;
 * ERR_NOT_FOUND: no such backup. */
enum err store_restore(const char *path, const char *backup, struct why *why);

/* Runs integrity_check and foreign_key_check; calls tell for each finding (damage that ends the check is one). OK when
 * it could be checked, whatever was found. */
enum err store_check_integrity(struct store *s, void (*tell)(void *ctx, const char *finding), void *ctx);

/* How many rows each table has: for `digitctl check`. */
enum err store_count_each(struct store *s, bool (*row)(const char *table, int64_t rows, void *ctx), void *ctx);

/* ---- what a site may learn from ---- */
enum {
    STORE_LEARN_PART = 20,  /* at most one picture in so many, 5 %, is from one account */
    STORE_LEARN_MAX = 60000 /* pictures in all: as many as MNIST has */
};

struct store_learn {
    int64_t accounts; /* that allowed it, are not disabled, and have corrected or confirmed a digit */
    size_t n;         /* pictures that may be used: the first n of those that were read */
};

/* Appends 28x28 pictures and their labels, a byte each: what users said of the answers in their history, if they
 * allowed the site to learn from it. Equal pictures count once, with the label of whoever comes first. Of an account
 * that has more than its share, the newest. With fewer than STORE_LEARN_PART accounts, each would have more than its
 * share, and found->n is 0. */
enum err store_learn_read(struct store *s, struct buf *pictures, struct buf *labels, struct store_learn *found);

#endif
