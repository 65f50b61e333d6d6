/* A history as a file: CSV, IDX in a tar archive, JSON, each whole. */
#include "fixture_history.h"

#include "data/idx.h"

/* Breaks when a cell is a formula, a quote ends it, or a line is missing. */
static void export_csv(void **state)
{
    static const struct {
        const char *name, *cell;
    } cases[] = {{"seven.png", "\"seven.png\""},
                 {"=1+1", "\"'=1+1\""},
                 {"+1", "\"'+1\""},
                 {"-1", "\"'-1\""},
                 {"@SUM(A1)", "\"'@SUM(A1)\""},
                 {"  =1", "\"'  =1\""},
                 {"\"=1", "\"'\"\"=1\""},
                 {"\xef\xbc\x9d"
                  "1",
                  "\"'\xef\xbc\x9d"
                  "1\""},
                 {"a,\"b\";=c", "\"a,\"\"b\"\";'=c\""}, /* where semicolons part cells */
                 {"a;\"=c;b", "\"a;'\"\"=c;b\""},
                 {"\t=1", "\"?=1\""}, /* as the store keeps it */
                 {"", "\"\""}};
    static const char head[] = "id,created_at,name,status,digit,label,confidence,text,corrected_text\r\n12,";
    char want[200];

    (void)state;
    sign_up("a@example.org");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        fill(1, 1, cases[i].name);
    sql_do(db.store, "UPDATE history SET created_at = 0");
    sql_do(db.store, "UPDATE history SET label = 4 WHERE id = 2");
    sql_do(db.store, "UPDATE history SET no_digit = 1 WHERE id = 4");
    assert_int_equal(get("/history/export", "format=csv"), 200);
    assert_string_equal(header("Content-Type"), "text/csv; charset=utf-8");
    assert_string_equal(header("Content-Disposition"), "attachment; filename=\"digitd-history.csv\"");
    assert_int_equal(strncmp(got.text, head, strlen(head)), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *label = i == 1 ? "4" : i == 3 ? "not_a_digit" : "";

        (void)snprintf(want, sizeof(want), "\r\n%zu,1970-01-01T00:00:00Z,%s,digit,0,%s,0.500000,0,%s\r\n", i + 1,
                       cases[i].cell, label, label);
        if (strstr(got.text, want) == NULL)
            fail_msg("%s is not in %s", want, got.text);
    }
    assert_int_equal(get("/history/export", "format=csv&corrected=1"), 200);
    assert_non_null(strstr(got.text, "\r\n2,"));
    assert_null(strstr(got.text, "\r\n3,"));
}

/* The file of this name in a tar archive of text[n]. */
static const uint8_t *tar_find(const char *text, size_t n, const char *name, size_t *size)
{
    for (size_t at = 0; at + 512 <= n && text[at] != '\0'; at += 512 + (*size + 511) / 512 * 512) {
        *size = strtoul(text + at + 124, NULL, 8);
        if (strcmp(text + at, name) == 0)
            return (const uint8_t *)text + at + 512;
    }
    fail_msg("no %s", name);
    return NULL;
}

/* Breaks when the trainer's own reader does not take the files, or pictures and labels do not match. */
static void export_idx(void **state)
{
    struct idx images, labels;
    struct why why = {""};
    const uint8_t *bytes;
    size_t n;

    (void)state;
    sign_up("a@example.org");
    fill(1, 450, "x");                                             /* three pages of the walk */
    sql_do(db.store, "UPDATE history SET label = 9 WHERE id = 1"); /* reads 0 */
    sql_do(db.store, "UPDATE history SET status = 2, digit = NULL WHERE id IN (2, 3)");
    sql_do(db.store, "UPDATE history SET label = 5 WHERE id = 3");
    sql_do(db.store, "UPDATE history SET no_digit = 1 WHERE id = 4"); /* IDX has no label for it */
    assert_int_equal(get("/history/export", "format=idx"), 200);
    assert_string_equal(header("Content-Type"), "application/x-tar");
    assert_int_equal(got.text_n % 512, 0);
    bytes = tar_find(got.text, got.text_n, "train-images-idx3-ubyte", &n);
    if (idx_parse_images(&images, bytes, n, "images", &why) != OK)
        fail_msg("%s", why.text);
    bytes = tar_find(got.text, got.text_n, "train-labels-idx1-ubyte", &n);
    if (idx_parse_labels(&labels, bytes, n, "labels", &why) != OK)
        fail_msg("%s", why.text);
    assert_int_equal(images.n, 448);
    assert_int_equal(labels.n, 448);
    for (int i = 0; i < 446; i++) { /* newest first: number 450 - i was filled with 449 - i */
        assert_int_equal(labels.data[i], (449 - i) % 10);
        assert_int_equal(images.data[i * 784 + 783], (uint8_t)(449 - i));
    }
    assert_int_equal(labels.data[446], 5);
    assert_int_equal(labels.data[447], 9);
    assert_int_equal(get("/history/export", "format=idx&corrected=1"), 200);
    bytes = tar_find(got.text, got.text_n, "train-labels-idx1-ubyte", &n);
    assert_int_equal(n, 8 + 2);
    assert_int_equal(answer((struct ask){.method = "DELETE", .uri = "/history"}), 204);
    assert_int_equal(get("/history/export", "format=idx"), 200);
    bytes = tar_find(got.text, got.text_n, "train-images-idx3-ubyte", &n);
    assert_int_equal(idx_parse_images(&images, bytes, n, "images", &why), OK);
    assert_int_equal(images.n, 0);
}

/* As many as there may be, of the longest. Breaks when an export has an end before its end, or HEAD has a body. */
static void export_json(void **state)
{
    (void)state;
    sign_up("a@example.org");
    sql_do(db.store,
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4999) "
           "INSERT INTO history (user_id, created_at, name, status, digit, confidence, probabilities, picture) "
           "SELECT 1, i, substr('\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"' || hex(zeroblob(200)), 1, 255), 0, 7, 0.5, "
           "zeroblob(40), randomblob(784) FROM n");
    for (int k = 0; k < 2; k++) {
        assert_int_equal(get(k == 0 ? "/history/export" : "/account/export", NULL), 200);
        assert_int_equal(listed(), 4999);
        assert_int_equal(strtoul(header("Content-Length"), NULL, 10), got.text_n);
    }
    assert_string_equal(json_get_str(json_get(got.json, "user"), "email", NULL), "a@example.org");
    assert_int_equal(answer((struct ask){.method = "HEAD", .uri = "/history/export"}), 200);
    assert_int_equal(got.text_n, 0);
    assert_true(strtoul(header("Content-Length"), NULL, 10) > 1000 * 4999);
    assert_int_equal(get("/account", NULL), 200);
    assert_int_equal(count("history"), 4999);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, app_set_up, app_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(export_csv),
        TEST(export_idx),
        TEST(export_json),
    };

    return cmocka_run_group_tests_name("api_history_export", tests, seven_read, seven_free);
}
