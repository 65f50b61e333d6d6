/* Counts failed logins, and remembers browsers that have logged in before (R51, R52). In both tables a row gets the
 * highest number whenever it is used, so "the oldest" depends on numbers, not on a clock. */
#include "store_internal.h"

#include <string.h>

#include "base/clock.h"
#include "store_mail.h"

enum { FREE_FAILURES = 5, REST_MAX_S = 900, FAILURES_MAX = 1000, DEVICES_PER_USER = 20 };

/* How long to wait after this many failures: 0, 1, 2, 4 ... 512, 900 s. */
static int64_t rest_s(int failures)
{
    int doublings = failures - FREE_FAILURES - 1;

    if (doublings < 0)
        return 0;
    return doublings > 9 ? REST_MAX_S : INT64_C(1) << doublings;
}

/* The record for key: 0 failures if there is none, or it has expired. */
static enum err throttle_find(struct store *s, const uint8_t key[DIGEST_BYTES], int64_t now_s, int *failures,
                              int64_t *age_s)
{
    sqlite3_stmt *st = s->sql[SQL_THROTTLE_FIND];
    enum err e = store_row(s, SQL_THROTTLE_FIND, "throttle_find", VALUES(value_hash(key)));

    *failures = 0;
    *age_s = 0;
    if (e == ERR_NOT_FOUND)
        return OK;
    if (e != OK)
        return e;
    *failures = sqlite3_column_int(st, 0);
    *age_s = now_s - sqlite3_column_int64(st, 1);
    store_reset(st);
    if (*age_s < 0) /* the clock was set back: at most the full wait; housekeeping repairs the row */
        *age_s = 0;
    if (*age_s >= STORE_THROTTLE_S)
        *failures = 0;
    return OK;
}

enum err store_throttle_look(struct store *s, const uint8_t key[DIGEST_BYTES], int *failures, int64_t *wait_s)
{
    int64_t age_s;
    enum err e = throttle_find(s, key, clock_wall_s(), failures, &age_s);

    *wait_s = rest_s(*failures) - age_s;
    if (e != OK || *wait_s < 0)
        *wait_s = 0;
    return e;
}

enum err store_throttle_wait(struct store *s, const uint8_t key[DIGEST_BYTES], int64_t *wait_s)
{
    int failures;

    return store_throttle_look(s, key, &failures, wait_s);
}

/* Inside a transaction. */
static enum err throttle_count(struct store *s, const uint8_t key[DIGEST_BYTES])
{
    int64_t now_s = clock_wall_s(), age_s;
    int failures;
    enum err e = throttle_find(s, key, now_s, &failures, &age_s);

    failures += failures < FAILURES_MAX;
    if (e == OK)
        e = store_do(s, SQL_THROTTLE_DROP, "throttle_drop", VALUES(value_hash(key)));
    if (e == OK)
        e = store_do(s, SQL_THROTTLE_PUT, "throttle_put",
                     VALUES(value_hash(key), value_int(failures), value_int(now_s)));
    return e;
}

enum err store_throttle_fail_each(struct store *s, const uint8_t (*keys)[DIGEST_BYTES], int n)
{
    enum err e = store_begin(s, STORE_BUSY_MS);

    if (e != OK)
        return e;
    for (int i = 0; e == OK && i < n; i++)
        e = throttle_count(s, keys[i]);
    if (e == OK)
        e = store_do(s, SQL_THROTTLE_TRIM, "throttle_trim", VALUES(value_int(STORE_THROTTLE_MAX)));
    return store_end(s, e);
}

enum err store_throttle_clear(struct store *s, const uint8_t key[DIGEST_BYTES])
{
    enum err e = store_row(s, SQL_THROTTLE_FIND, "throttle_find", VALUES(value_hash(key)));

    if (e == ERR_NOT_FOUND)
        return OK; /* the usual log-in is no write here */
    if (e != OK)
        return e;
    store_reset(s->sql[SQL_THROTTLE_FIND]);
    e = store_change(s, SQL_THROTTLE_DROP, "throttle_clear", VALUES(value_hash(key)));
    return e == ERR_NOT_FOUND ? OK : e;
}

enum err store_device_add(struct store *s, const uint8_t hash[DIGEST_BYTES], int64_t user_id)
{
    enum err e = store_begin(s, STORE_BUSY_MS);

    if (e != OK)
        return e;
    e = store_do(s, SQL_DEVICE_DROP, "device_drop", VALUES(value_hash(hash), value_int(user_id)));
    if (e == OK)
        e = store_do(s, SQL_DEVICE_PUT, "device_put",
                     VALUES(value_hash(hash), value_int(user_id), value_int(clock_wall_s())));
    if (e == OK && sqlite3_changes(s->db) == 0)
        e = ERR_NOT_FOUND;
    if (e == OK)
        e = store_do(s, SQL_DEVICE_TRIM, "device_trim", VALUES(value_int(user_id), value_int(DEVICES_PER_USER)));
    return store_end(s, e);
}

enum err store_device_check(struct store *s, const uint8_t hash[DIGEST_BYTES], const char *email)
{
    char address[STORE_EMAIL_MAX + 1];
    int64_t id, used_at_s;
    enum err e;

    if (store_email_normalise(email, strlen(email), address) != OK)
        return ERR_NOT_FOUND;
    e = store_row(s, SQL_DEVICE_FIND, "device_check", VALUES(value_hash(hash), value_text(address)));
    if (e != OK)
        return e;
    id = sqlite3_column_int64(s->sql[SQL_DEVICE_FIND], 0);
    used_at_s = sqlite3_column_int64(s->sql[SQL_DEVICE_FIND], 1);
    store_reset(s->sql[SQL_DEVICE_FIND]);
    if (!store_expired(used_at_s, used_at_s + STORE_DEVICE_S, clock_wall_s()))
        return OK;
    store_change_idle(s, SQL_DEVICE_FORGET, "device_forget", VALUES(value_int(id)));
    return ERR_NOT_FOUND;
}
