/* What a site may learn from. One statement reads all of it, so that the share of an account is worked out on the very
 * rows that are given away. It asks in rounds: the newest digit of each account, then the next of each, and so on. The
 * number of different pictures in the first n rounds is then what there would be if nobody gave more than n. Equal ones
 * count once: many people read the page's samples, and these must not make room for somebody's hundred others. */
#include "store_admin.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/digit_size.h"
#include "store/store_internal.h"

/* Only the rows that are answered are read from history; all else is decided in the index. Of numbers, the digits of
 * those that somebody has corrected or confirmed are read. A label that is no digit is nothing to learn a digit from,
 * nor is a box with several. */
static const char learn_sql[] =
    "SELECT turn, iif(chosen.place < 0, h.label, d.label), iif(chosen.place < 0, h.picture, d.picture) FROM ("
    "SELECT id, place, user_id, row_number() OVER (PARTITION BY user_id ORDER BY id DESC, place) AS turn FROM ("
    "SELECT i.id AS id, -1 AS place, u.id AS user_id "
    "FROM users AS u JOIN history AS i INDEXED BY history_by_user ON i.user_id = u.id "
    "WHERE u.learn = 1 AND u.disabled = 0 AND i.label BETWEEN 0 AND 9 UNION ALL "
    "SELECT n.id, d.place, u.id FROM users AS u JOIN numbers AS n INDEXED BY numbers_by_user ON n.user_id = u.id "
    "JOIN number_digits AS d ON d.number_id = n.id "
    "WHERE u.learn = 1 AND u.disabled = 0 AND n.checked > 0 AND d.label BETWEEN 0 AND 9)) AS chosen "
    "LEFT JOIN history AS h ON chosen.place < 0 AND h.id = chosen.id "
    "LEFT JOIN number_digits AS d ON d.number_id = chosen.id AND d.place = chosen.place "
    "WHERE turn <= ?1 ORDER BY turn, chosen.user_id LIMIT ?2";

enum { ROUNDS_MAX = STORE_LEARN_MAX / STORE_LEARN_PART, SLOTS = 1 << 17 };
_Static_assert(SLOTS > 2 * STORE_LEARN_MAX, "half of the slots stay free");

/* The most that one account may give, and the rows that this leaves. */
struct cap {
    int64_t round; /* that is being read */
    size_t n;      /* read so far */
    size_t taken;  /* at the end of the last round after which no account has too large a share */
    int64_t accounts;
    uint32_t *slots; /* [SLOTS]: 1 + the place of a picture that was read, where its digest says or behind; 0: free */
};

/* Whether the picture was read before; if not, it is the next. */
static bool seen(struct cap *cap, const struct buf *pictures, const void *picture)
{
    uint8_t digest[DIGEST_BYTES];
    uint32_t at;

    digest_sha256(picture, DIGIT_PIXELS, digest);
    memcpy(&at, digest, sizeof(at));
    for (at %= SLOTS; cap->slots[at] != 0; at = (at + 1) % SLOTS)
        if (memcmp(buf_data(pictures) + (size_t)(cap->slots[at] - 1) * DIGIT_PIXELS, picture, DIGIT_PIXELS) == 0)
            return true;
    cap->slots[at] = (uint32_t)cap->n + 1;
    return false;
}

/* After a round: nobody has given more than cap->round. */
static void round_end(struct cap *cap)
{
    if (cap->round > 0 && (size_t)cap->round * STORE_LEARN_PART <= cap->n)
        cap->taken = cap->n;
}

static enum err row_take(sqlite3_stmt *st, struct cap *cap, struct buf *pictures, struct buf *labels)
{
    const int64_t round = sqlite3_column_int64(st, 0);
    const uint8_t label = (uint8_t)sqlite3_column_int(st, 1);
    const void *picture = sqlite3_column_blob(st, 2);
    enum err e;

    if (picture == NULL || sqlite3_column_bytes(st, 2) != DIGIT_PIXELS)
        return OK; /* the schema's check forbids it, but a damaged file may have it */
    if (round != cap->round) {
        round_end(cap);
        cap->round = round;
    }
    cap->accounts += round == 1;
    if (seen(cap, pictures, picture))
        return OK;
    e = buf_add(pictures, picture, DIGIT_PIXELS);
    if (e == OK)
        e = buf_add(labels, &label, 1);
    if (e == OK)
        cap->n++;
    return e;
}

enum err store_learn_read(struct store *s, struct buf *pictures, struct buf *labels, struct store_learn *found)
{
    struct cap cap = {.round = 0};
    sqlite3_stmt *st = NULL;
    enum err e = store_present(s);
    int rc;

    memset(found, 0, sizeof(*found));
    if (e != OK)
        return e;
    cap.slots = calloc(SLOTS, sizeof(*cap.slots));
    if (cap.slots == NULL)
        return ERR_NOMEM;
    rc = sqlite3_prepare_v2(s->db, learn_sql, -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int(st, 1, ROUNDS_MAX);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int(st, 2, STORE_LEARN_MAX);
    if (rc == SQLITE_OK)
        while (e == OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
            e = row_take(st, &cap, pictures, labels);
    if (e == OK && rc != SQLITE_DONE)
        e = store_fail(s, rc, "learn_read");
    (void)sqlite3_finalize(st);
    free(cap.slots);
    if (e == OK) {
        round_end(&cap);
        found->accounts = cap.accounts;
        found->n = cap.taken;
    }
    return e;
}
