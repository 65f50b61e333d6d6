/* What only `digitctl` asks of the database: copies, checks, counts. The rules of store.h hold here too. */
#ifndef DIGITD_STORE_ADMIN_STORE_ADMIN_H
#define DIGITD_STORE_ADMIN_STORE_ADMIN_H

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

#endif
