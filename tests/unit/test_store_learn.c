/* What a site may learn from: of whom, which pictures, and how many from one account. */
#include "fixture_two.h"

#include "base/digit_size.h"
#include "store/admin/store_admin.h"
#include "store/store_account.h"
#include "fixture_rows.h"

static struct buf *pictures, *labels;

/* Answers of a user: the picture of each begins with the user's number and its own, and `label` corrects it. */
static void give(int64_t user, int n, int label)
{
    for (int i = 0; i < n; i++) {
        struct store_history row = {.status = STORE_HISTORY_DIGIT, .digit = 3, .confidence = 0.5F};

        row.picture[0] = (uint8_t)user;
        row.picture[1] = (uint8_t)i;
        assert_int_equal(rows_add(f.store, user, &row, 1, 20000), OK);
        if (label != STORE_HISTORY_NONE)
            assert_int_equal(store_history_label(f.store, user, row.id, label), OK);
    }
}

static int64_t user_new(int n, bool allows)
{
    char email[40];
    int64_t id;

    (void)snprintf(email, sizeof(email), "learn%d@example.org", n);
    id = add_user(f.store, email);
    if (allows)
        assert_int_equal(store_user_set_learn(f.store, id, true), OK);
    return id;
}

static struct store_learn read_all(void)
{
    struct store_learn found;

    buf_reset(pictures);
    buf_reset(labels);
    assert_int_equal(store_learn_read(f.store, pictures, labels, &found), OK);
    assert_int_equal(buf_len(pictures), buf_len(labels) * DIGIT_PIXELS);
    assert_true(found.n <= buf_len(labels));
    return found;
}

/* How many of the first n pictures are this user's. */
static size_t share_of(int64_t user, size_t n)
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++)
        k += (uint8_t)buf_data(pictures)[i * DIGIT_PIXELS] == (uint8_t)user;
    return k;
}

/* Breaks when a site learns from somebody who has not allowed it, who took it back, or whom the administrator has shut
 * out; from an answer that nobody looked at; or from an account that was deleted. */
static void only_what_is_allowed(void **state)
{
    int64_t id[25];
    bool learn = true;

    (void)state;
    for (int i = 0; i < 25; i++) {
        id[i] = user_new(i, i < 24);
        give(id[i], 2, i % 10);
        give(id[i], 3, STORE_HISTORY_NONE);
    }
    assert_int_equal(store_user_learn(f.store, id[24], &learn), OK);
    assert_false(learn); /* off by default */
    assert_int_equal(store_user_learn(f.store, id[0], &learn), OK);
    assert_true(learn);
    assert_int_equal(read_all().accounts, 24);
    assert_int_equal(read_all().n, 48);
    assert_int_equal(share_of(id[24], 48), 0);
    assert_int_equal(store_user_set_learn(f.store, id[0], false), OK);
    assert_int_equal(store_user_set_disabled(f.store, id[1], true), OK);
    assert_int_equal(store_user_delete(f.store, id[2]), OK);
    assert_int_equal(read_all().accounts, 21);
    assert_int_equal(read_all().n, 42);
    for (int i = 0; i < 3; i++)
        assert_int_equal(share_of(id[i], buf_len(labels)), 0);
    for (size_t i = 0; i < 42; i++)
        assert_int_equal(buf_data(labels)[i], (((uint8_t)buf_data(pictures)[i * DIGIT_PIXELS] - id[0]) % 10));
    assert_int_equal(store_user_learn(f.store, 123456, &learn), ERR_NOT_FOUND);
    assert_int_equal(store_user_set_learn(f.store, 123456, true), ERR_NOT_FOUND);
}

/* Breaks when one account can give more than a twentieth, loses more than it must, or when it is the oldest of its
 * digits that are taken. */
static void nobody_has_more_than_a_share(void **state)
{
    int64_t id[30], busy;
    struct store_learn found;

    (void)state;
    for (int i = 0; i < 30; i++)
        give(id[i] = user_new(i, true), 4, 7);
    busy = user_new(99, true);
    give(busy, 100, 8);
    found = read_all();
    assert_int_equal(found.accounts, 31);
    assert_int_equal(found.n, 120 + 6); /* 6 of 126 are 4.8 %; 7 of 127 would be 5.5 */
    assert_int_equal(share_of(busy, found.n), 6);
    for (int i = 0; i < 30; i++)
        assert_int_equal(share_of(id[i], found.n), 4);
    for (size_t i = 0; i < found.n; i++)
        if ((uint8_t)buf_data(pictures)[i * DIGIT_PIXELS] == (uint8_t)busy)
            assert_in_range((uint8_t)buf_data(pictures)[i * DIGIT_PIXELS + 1], 94, 99); /* the newest */
}

/* Breaks when pictures that many people have, such as the page's samples, make room for one account's own. */
static void equal_pictures_count_once(void **state)
{
    int64_t busy;
    struct store_learn found;

    (void)state;
    for (int i = 0; i < 40; i++) {
        const int64_t id = user_new(i, true);

        for (int sample = 0; sample < 10; sample++) {
            struct store_history row = {.status = STORE_HISTORY_DIGIT, .digit = sample, .confidence = 0.5F};

            row.picture[2] = (uint8_t)(1 + sample);
            assert_int_equal(rows_add(f.store, id, &row, 1, 20000), OK);
            assert_int_equal(store_history_label(f.store, id, row.id, sample), OK);
        }
        if (i < 30)
            give(id, 1, 7); /* and one of their own */
    }
    busy = user_new(99, true);
    give(busy, 100, 8);
    found = read_all();
    assert_int_equal(found.accounts, 41);
    assert_int_equal(found.n,
                     30 + 1 + 1); /* of each their own, one sample, and one of busy's: two rounds have but 34 */
    assert_int_equal(share_of(busy, found.n), 1);
}

/* Breaks when digits of numbers are not learnt from as others are: those that somebody has said something of, of boxes
 * with one digit, the newest first, and no more than a share. */
static void digits_of_numbers(void **state)
{
    struct number_change change = {.place = -1, .text = "2024", .n = 4};
    struct store_learn found;
    int64_t id[20], number;

    (void)state;
    for (int i = 0; i < 20; i++) {
        id[i] = user_new(i, true);
        assert_int_equal(number_add(f.store, id[i], "2021", 100 + i, 20000, &number), OK);
        assert_int_equal(number_add(f.store, id[i], "777", 200 + i, 20000, &number), OK); /* nobody has looked at it */
    }
    assert_int_equal(read_all().n, 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(store_number_change(f.store, id[i], 2 * i + 1, &change, NULL), OK);
    found = read_all();
    assert_int_equal(found.accounts, 20);
    assert_int_equal(found.n, 80);
    for (size_t i = 0; i < found.n; i++) /* a picture begins with its place */
        assert_int_equal(buf_data(labels)[i], "\2\0\2\4"[(int)buf_data(pictures)[i * DIGIT_PIXELS]]);
    change = (struct number_change){.place = 1, .text = "47", .n = 2};
    for (int i = 0; i < 20; i++)
        assert_int_equal(store_number_change(f.store, id[i], 2 * i + 1, &change, NULL), OK);
    change = (struct number_change){.place = 2, .label = NUMBER_NO_DIGIT};
    for (int i = 0; i < 20; i++)
        assert_int_equal(store_number_change(f.store, id[i], 2 * i + 1, &change, NULL), OK);
    assert_int_equal(read_all().n, 40);
    change = (struct number_change){.place = -1, .text = "20:24:00", .n = 8};
    assert_int_equal(store_number_change(f.store, id[0], 1, &change, NULL), OK); /* nobody knows which is which */
    assert_int_equal(read_all().accounts, 19);
    give(id[0], 1, 5);
    assert_int_equal(read_all().n, 20); /* as many as that account has of each; a round more would be 39 */
}

/* Breaks when few accounts, of whom each must have more than a twentieth, are learnt from all the same. */
static void too_few_accounts_give_nothing(void **state)
{
    (void)state;
    assert_int_equal(read_all().n, 0);
    for (int i = 0; i < 19; i++)
        give(user_new(i, true), 20, 1);
    assert_int_equal(read_all().n, 0);
    assert_int_equal(read_all().accounts, 19);
    give(user_new(19, true), 1, 1);
    assert_int_equal(read_all().n, 20); /* one of each, and no more, since the last has but one */
    give(user_new(20, true), 20, 1);
    assert_int_equal(read_all().n, 20 * 20 + 1); /* twenty can give all they have */
}

/* Breaks when the largest fair number is missed: it is compared with a plain search over made-up sites. */
static void shares_are_as_large_as_can_be(void **state)
{
    uint32_t r = 1;

    (void)state;
    for (int site = 0; site < 6; site++) {
        int had[40] = {0}, best = 0;

        assert_int_equal(sqlite3_exec(f.store->db, "DELETE FROM users", NULL, NULL, NULL), SQLITE_OK);
        for (int i = 0; i < 18 + 4 * site; i++) {
            r = r * 1664525U + 1013904223U;
            had[i] = (int)(r >> 24) % (site % 2 == 0 ? 4 : 12);
            give(user_new(100 * site + i, true), had[i], 5);
        }
        for (int most = 1; most < 12; most++) {
            int n = 0, top = 0;

            for (int i = 0; i < 40; i++) {
                const int some = had[i] < most ? had[i] : most;

                n += some;
                top = some > top ? some : top;
            }
            best = 20 * top <= n && n > best ? n : best;
        }
        assert_int_equal(read_all().n, best);
    }
}

static int with_room(void **state)
{
    pictures = buf_new((size_t)STORE_LEARN_MAX * DIGIT_PIXELS);
    labels = buf_new(STORE_LEARN_MAX);
    assert_non_null(pictures);
    assert_non_null(labels);
    return with_two(state);
}

static int end(void **state)
{
    buf_free(pictures);
    buf_free(labels);
    return teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_what_is_allowed, with_room, end),
        cmocka_unit_test_setup_teardown(nobody_has_more_than_a_share, with_room, end),
        cmocka_unit_test_setup_teardown(equal_pictures_count_once, with_room, end),
        cmocka_unit_test_setup_teardown(digits_of_numbers, with_room, end),
        cmocka_unit_test_setup_teardown(too_few_accounts_give_nothing, with_room, end),
        cmocka_unit_test_setup_teardown(shares_are_as_large_as_can_be, with_room, end),
    };

    return cmocka_run_group_tests_name("store_learn", tests, NULL, NULL);
}
