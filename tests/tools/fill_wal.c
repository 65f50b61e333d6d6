/* fill_wal DATABASE PAGES: leaves so many pages of a new table in the WAL of a database that nobody has open, as writes
 * that nobody has copied back yet. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    sqlite3 *db = NULL;
    char sql[300];
    int rc = argc == 3 ? sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE, NULL) : SQLITE_MISUSE;

    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (rc == SQLITE_OK) {
        (void)snprintf(sql, sizeof(sql),
                       "PRAGMA wal_autocheckpoint = 0; CREATE TABLE fill (b BLOB NOT NULL) STRICT;"
                       "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
                       "INSERT INTO fill SELECT zeroblob(4000) FROM n",
                       atoi(argv[2]));
        rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    }
    if (rc != SQLITE_OK)
        (void)fprintf(stderr, "fill_wal: %s\n", db == NULL ? "usage: fill_wal DATABASE PAGES" : sqlite3_errmsg(db));
    (void)sqlite3_close(db);
    return rc == SQLITE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
