/* What only `digitctl` asks of the database: copies, checks, counts. The rules of store.h hold here too. */
#ifndef DIGITD_STORE_ADMIN_STORE_ADMIN_H
#define DIGITD_STORE_ADMIN_STORE_ADMIN_H

#include "store/store.h"

/* A consistent copy of the database in a new file of mode 0600 while others write (VACUUM INTO: nothing of
 * what was deleted is in it), synced, under a temporary name first. ERR_EXISTS: path is there already. The WAL grows
 * meanwhile. */
enum err store_backup(struct store *s, const char *path, struct why *why);

/* Puts a backup in the place of the database at path, which no process may have open (the caller holds the instance
 * lock of digitd's run_dir; ERR_BUSY if one has): copies it beside it, checks the copy as a start would, migrates it,
 * keeps the old files as NAME.before-restore[-wal], syncs. The new file has mode 0600 and the old one's owner. The old
 * database is intact on failure. ERR_EXISTS: NAME.before-restore is there from an earlier time. ERR_FORMAT: no backup
 * of ours, damaged, or with a WAL beside it; ERR_UNSUPPORTED: newer than this program; ERR_NOT_FOUND: no such backup.
 */
enum err store_restore(const char *path, const char *backup, struct why *why);

/* integrity_check and foreign_key_check; one call of tell for each finding (damage that ends the check is one). OK when
 * it could be checked, whatever was found. */
enum err store_check_integrity(struct store *s, void (*tell)(void *ctx, const char *finding), void *ctx);

/* How many rows each table has: for `digitctl check`. */
enum err store_count_each(struct store *s, bool (*row)(const char *table, int64_t rows, void *ctx), void *ctx);

#endif
