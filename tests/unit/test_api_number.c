/* Numbers in the history over HTTP: how they are listed, corrected, exported, and what is refused. */
#include "fixture_history.h"

#include "store/store_account.h"

static int64_t add(int64_t user, const char *text)
{
    int64_t id;

    assert_int_equal(number_add(db.store, user, text, 7, 100000, &id), OK);
    return id;
}

static int change(const char *method, int64_t id, const char *body)
{
    char uri[64];

    (void)snprintf(uri, sizeof(uri), "/history/%lld", (long long)id);
    return answer((struct ask){.method = method, .uri = uri, .type = JSON, .body = body});
}

static const char *label_of(const struct json *entry)
{
    const char *label = json_get_str(entry, "label", NULL);

    return json_is_null(json_get(entry, "label")) ? "null" : label == NULL ? "?" : label;
}

static void expect_counts(int line, int64_t kept, int64_t checked, int64_t right)
{
    if (count("kept") != kept || count("checked") != checked || count("corrected") != checked ||
        count("right") != right)
        fail_msg("line %d: %s", line, got.text);
}

static struct json *entry(size_t i)
{
    return json_at(json_get(got.json, "history"), i);
}

static const struct json *digit_of(const struct json *number, size_t place)
{
    return json_at(json_get(number, "digits"), place);
}

static bool is_unsure(const struct json *digit)
{
    bool unsure = true;

    assert_true(json_get_bool(digit, "unsure", &unsure));
    return unsure;
}

/* Breaks when a digit below the threshold is not unsure, or one of a number that was read for sure is. */
static void unsure_digits(void **state)
{
    struct store_number *number = number_of("35", 7);
    const struct store_answer answer = {.number = number};

    (void)state;
    assert_non_null(number);
    model->unsure_below = 0.7F;
    sign_up("a@example.org");
    for (int i = 0; i < 2; i++) {
        number->status = i == 0 ? STORE_HISTORY_UNSURE : STORE_HISTORY_READ;
        number->digit[0].confidence = 0.69F;
        number->digit[1].confidence = 0.7F;
        assert_int_equal(store_history_add(db.store, 1, &answer, 1, 100000), OK);
    }
    free(number);
    assert_int_equal(get("/history", NULL), 200);
    assert_false(is_unsure(digit_of(entry(0), 0)));
    assert_true(is_unsure(digit_of(entry(1), 0)));
    assert_false(is_unsure(digit_of(entry(1), 1)));
}

/* Breaks when an answer does not tell its kind, or a number's members are not those that were kept. */
static void listed_with_digits(void **state)
{
    const struct json *number, *digit;
    int64_t n = -1;

    (void)state;
    sign_up("a@example.org");
    (void)add(1, "-3.1\n42");
    fill(1, 1, "x");
    assert_int_equal(get("/history", NULL), 200);
    assert_int_equal(listed(), 2);
    assert_string_equal(json_get_str(entry(0), "kind", NULL), "digit");
    number = entry(1);
    assert_string_equal(json_get_str(number, "kind", NULL), "number");
    assert_string_equal(json_get_str(number, "status", NULL), "read");
    assert_string_equal(json_get_str(number, "text", NULL), "-3.1\n42");
    assert_string_equal(label_of(number), "null");
    assert_int_equal(json_len(json_get(number, "digits")), 4);
    digit = digit_of(number, 3);
    assert_true(json_get_int(digit, "place", &n) && n == 3);
    assert_true(json_get_int(digit, "row", &n) && n == 1);
    assert_true(json_get_int(digit, "digit", &n) && n == 2);
    assert_true(json_is_null(json_get(digit, "label")));
    assert_true(json_int(json_at(json_get(digit, "box"), 2), &n) && n == 32);
    assert_int_equal(json_len(json_get(digit, "probabilities")), 10);
    assert_int_equal(strlen(json_get_str(digit, "input", NULL)), 1048);
    assert_false(is_unsure(digit));
    expect_counts(__LINE__, 5, 0, 0);
    assert_int_equal(get("/history", "status=read"), 200);
    assert_int_equal(listed(), 1);
    assert_int_equal(get("/history", "digit=4"), 200);
    assert_int_equal(listed(), 1);
}

/* Breaks when a form of correction is not taken, or the reply is not the number as it now is. */
static void corrections(void **state)
{
    static const struct {
        const char *body, *label;
        int64_t checked, right;
    } steps[] = {
        {"{\"place\":3,\"label\":4}", "20:24", 1, 0},       {"{\"place\":0,\"label\":2}", "20:24", 2, 1},
        {"{\"place\":3,\"label\":null}", "20:21", 1, 1},    {"{\"place\":0,\"label\":null}", "null", 0, 0},
        {"{\"label\":\"20/24\"}", "20/24", 4, 3},           {"{\"place\":1,\"label\":\"not_a_digit\"}", "2/24", 4, 2},
        {"{\"label\":7.0e0,\"place\":1}", NULL, 4, 2}, /* as JSON has it, no whole number */
        {"{\"place\":1,\"label\":\"47\"}", "247/24", 4, 2}, {"{\"place\":1,\"label\":\"0\"}", "20/24", 4, 3},
        {"{\"label\":\"2024 2025\"}", "2024 2025", 4, 0},   {"{\"label\":\"not_a_digit\"}", "not_a_digit", 4, 0},
        {"{\"place\":2,\"label\":2}", ":2", 4, 1},          {"{\"label\":\"20:21\"}", "20:21", 4, 4},
        {"{\"label\":\" 20:\\n 21 \"}", "20:\n21", 4, 4},   {"{\"label\":null}", "null", 0, 0},
    };
    const int64_t wanted_kept = 4;
    int64_t id;

    (void)state;
    sign_up("a@example.org");
    id = add(1, "20:21");
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        const int status = change("PATCH", id, steps[i].body);

        if (status != (steps[i].label == NULL ? 422 : 200))
            fail_msg("%s: %d %s", steps[i].body, status, got.text);
        if (status != 200)
            continue;
        if (strcmp(label_of(json_get(got.json, "answer")), steps[i].label) != 0)
            fail_msg("%s: \"%s\"", steps[i].body, label_of(json_get(got.json, "answer")));
        expect_counts(__LINE__, wanted_kept, steps[i].checked, steps[i].right);
        assert_int_equal(get("/history", steps[i].checked > 0 ? "checked=1" : "checked=0"), 200);
        assert_string_equal(label_of(entry(0)), steps[i].label);
    }
    assert_int_equal(change("PATCH", id, "{\"place\":1,\"label\":\"47\"}"), 200);
    assert_string_equal(label_of(digit_of(json_get(got.json, "answer"), 1)), "47");
}

/* Breaks when a bad correction is taken, changes anything, or is refused in words that help nobody. */
static void bad_corrections(void **state)
{
    static const struct {
        const char *body, *sentence;
    } cases[] = {
        {"{\"label\":7}", "whole text"},
        {"{\"label\":-1}", "whole text"},
        {"{\"label\":\"\"}", "at least one digit"},
        {"{\"label\":\"-\"}", "at least one digit"},
        {"{\"label\":\"twelve\"}", "digits 0 to 9"},
        {"{\"label\":\"12\\u0007\"}", "digits 0 to 9"},
        {"{\"label\":\"12\\t30\"}", "digits 0 to 9"},
        {"{\"label\":\"\\u0661\\u0662\"}", "digits 0 to 9"},
        {"{\"label\":\"\\uff11\"}", "digits 0 to 9"},
        {"{\"label\":\"\\u00b2\"}", "digits 0 to 9"},
        {"{\"label\":\"\\u2212"
         "7\"}",
         "digits 0 to 9"},
        {"{\"label\":[1,2]}", "these members"},
        {"{\"label\":true}", "these members"},
        {"{\"place\":1}", "these members"},
        {"{\"place\":\"1\",\"label\":1}", "these members"},
        {"{\"place\":null,\"label\":1}", "these members"},
        {"{\"place\":1.5,\"label\":1}", "these members"},
        {"{\"place\":1,\"label\":1,\"mark\":\"-\"}", "these members"},
        {"{\"place\":-1,\"label\":1}", "counted from 0"},
        {"{\"place\":256,\"label\":1}", "counted from 0"},
        {"{\"place\":9223372036854775807,\"label\":1}", "counted from 0"},
        {"{\"place\":4,\"label\":1}", "places are 0 to 3"},
        {"{\"place\":1,\"label\":10}", "digit from 0 to 9"},
        {"{\"place\":1,\"label\":-2}", "digit from 0 to 9"},
        {"{\"place\":1,\"label\":\"4567\"}", "digit from 0 to 9"},
        {"{\"place\":1,\"label\":\"4.\"}", "digit from 0 to 9"},
        {"{\"place\":1,\"label\":\"\"}", "digit from 0 to 9"},
        {"{\"place\":1,\"label\":\"\\uff17\"}", "digit from 0 to 9"},
    };
    char before[8192], body[2400];
    int64_t id;

    (void)state;
    sign_up("a@example.org");
    id = add(1, "20:21");
    assert_int_equal(change("PATCH", id, "{\"place\":3,\"label\":4}"), 200);
    assert_int_equal(get("/history", NULL), 200);
    (void)snprintf(before, sizeof(before), "%s", got.text);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)change("PATCH", id, cases[i].body);
        if (strstr(got.text, cases[i].sentence) == NULL)
            fail_msg("%s: %s", cases[i].body, got.text);
        expect_problem(__LINE__, 422, "bad-fields");
    }
    (void)snprintf(body, sizeof(body), "{\"label\":\"%02200d\"}", 1);
    (void)change("PATCH", id, body);
    expect_problem(__LINE__, 422, "bad-fields");
    assert_int_equal(get("/history", NULL), 200);
    assert_string_equal(got.text, before);

    assert_int_equal(change("PATCH", id, "{\"label\":\"2024 1\"}"), 200);
    (void)change("PATCH", id, "{\"place\":0,\"label\":1}");
    expect_problem(__LINE__, 409, "no-places");
    fill(1, 1, "x");
    (void)change("PATCH", id + 1, "{\"place\":0,\"label\":1}");
    expect_problem(__LINE__, 422, "bad-fields");
    (void)change("PATCH", id + 1, "{\"label\":\"20\"}");
    expect_problem(__LINE__, 422, "bad-fields");
}

/* Breaks when somebody reaches what is another's, or learns that it is there. */
static void whose_it_is(void **state)
{
    char strangers_404[4096];
    int64_t hers;

    (void)state;
    sign_up("alice@example.org");
    hers = add(1, "20:24");
    sign_up("bob@example.org");
    assert_int_equal(change("PATCH", hers, "{\"label\":\"1\"}"), 404);
    (void)snprintf(strangers_404, sizeof(strangers_404), "%s", got.text);
    assert_int_equal(change("PATCH", 987654, "{\"label\":\"1\"}"), 404);
    assert_string_equal(got.text, strangers_404);
    assert_int_equal(change("PATCH", hers, "{\"place\":0,\"label\":1}"), 404);
    assert_int_equal(change("PATCH", hers, "{\"place\":99,\"label\":\"no\"}"), 404); /* before it is looked at */
    assert_int_equal(change("DELETE", hers, NULL), 404);
    assert_int_equal(answer((struct ask){.method = "DELETE", .uri = "/history"}), 204);
    assert_int_equal(sql_int(db.store, "SELECT count(*) FROM number_digits"), 4);
}

/* The longest name and texts, full of what JSON writes as two characters. */
static void fill_largest(int64_t user, int n, int digits)
{
    char text[NUMBER_TEXT_MAX + 1];
    struct store_number *number;

    memset(text, '\n', NUMBER_TEXT_MAX);
    for (int i = 0; i < digits; i++)
        text[8 * i] = '1';
    text[NUMBER_TEXT_MAX - 1] = ':'; /* as the last line has something, none is empty at the end */
    text[NUMBER_TEXT_MAX] = '\0';
    number = number_of(text, 255);
    assert_non_null(number);
    if (number == NULL)
        return; /* for the compiler, which does not know that this is never reached */
    memset(number->name, '"', STORE_HISTORY_NAME_MAX);
    for (int i = 0; i < digits; i++) {
        number->digit[i].line = 63;
        for (int k = 0; k < 10; k++)
            number->digit[i].probabilities[k] = 1.23456789e-10F;
        for (int k = 0; k < 4; k++)
            number->digit[i].box[k] = 100000;
    }
    for (int i = 0; i < n; i++) {
        const struct store_answer answer = {.number = number};

        assert_int_equal(store_history_add(db.store, user, &answer, 1, 100000), OK);
    }
    free(number);
}

/* Breaks when a page is longer than nginx buffers, has no answer at all, or loses one where it ends. */
static void pages_end_early(void **state)
{
    char query[100] = "limit=100";
    int64_t id, last = INT64_MAX;
    int n = 0, pages = 0;

    (void)state;
    sign_up("a@example.org");
    fill_largest(1, 3, 256);
    fill_largest(1, 120, 2);
    fill(1, 120, "\"\"\"");
    for (bool more = true; more; pages++) {
        assert_int_equal(get("/history", query), 200);
        assert_true(listed() > 0);
        if (strlen(got.text) > 500 * 1024)
            fail_msg("a page of %d answers has %zu bytes", listed(), strlen(got.text));
        for (int i = 0; i < listed(); i++, n++) {
            assert_true(json_get_int(entry((size_t)i), "id", &id) && id < last);
            last = id;
        }
        more = !json_is_null(json_get(got.json, "next"));
        (void)snprintf(query, sizeof(query), "limit=100&before=%lld", (long long)last);
    }
    assert_int_equal(n, 243);
    assert_true(pages > 5);
}

/* Breaks when a number is not one row, a column moves, or a spreadsheet gets something else than was read. */
static void export_csv(void **state)
{
    static const char want[] = "id,created_at,name,status,digit,label,confidence,text,corrected_text\r\n"
                               "4,1970-01-01T00:00:00Z,\"x\",digit,0,,0.500000,0,\r\n"
                               "3,1970-01-01T00:00:00Z,\"page.png\",read,,,0.500000,\"77\",not_a_digit\r\n"
                               "2,1970-01-01T00:00:00Z,\"page.png\",read,,,0.500000,\"-7\",\r\n"
                               "1,1970-01-01T00:00:00Z,\"page.png\",read,,,0.500000,\"1 2\n3\",\"1 2\n8\"\r\n";

    (void)state;
    sign_up("a@example.org");
    assert_int_equal(change("PATCH", add(1, "1 2\n3"), "{\"label\":\"1 2\\n8\"}"), 200);
    (void)add(1, "-7");
    assert_int_equal(change("PATCH", add(1, "77"), "{\"label\":\"not_a_digit\"}"), 200);
    fill(1, 1, "x");
    sql_do(db.store, "UPDATE history SET created_at = 0; UPDATE numbers SET created_at = 0");
    assert_int_equal(get("/history/export", "format=csv"), 200);
    assert_string_equal(got.text, want);
}

/* The file of this name in the tar archive that was answered. */
static const uint8_t *tar_file(const char *name, size_t *size)
{
    for (size_t at = 0; at + 512 <= got.text_n && got.text[at] != '\0'; at += 512 + (*size + 511) / 512 * 512) {
        *size = strtoul(got.text + at + 124, NULL, 8);
        if (strcmp(got.text + at, name) == 0)
            return (const uint8_t *)got.text + at + 512;
    }
    fail_msg("no %s", name);
    return NULL;
}

static void expect_idx(int line, const char *query, const char *labels)
{
    size_t images_n, labels_n;
    const uint8_t *found;

    assert_int_equal(get("/history/export", query), 200);
    (void)tar_file("train-images-idx3-ubyte", &images_n);
    found = tar_file("train-labels-idx1-ubyte", &labels_n);
    for (size_t i = 8; i < labels_n; i++)
        if (strlen(labels) != labels_n - 8 || found[i] != labels[i - 8] - '0')
            fail_msg("line %d: label %zu of %zu is %d", line, i - 8, labels_n - 8, found[i]);
    assert_int_equal(labels_n, 8 + strlen(labels));
    assert_int_equal(images_n, 16 + 784 * strlen(labels));
}

/* Breaks when a label goes to another's picture, or what has none is given away for a digit. */
static void export_idx(void **state)
{
    int64_t id;

    (void)state;
    sign_up("a@example.org");
    id = add(1, "20:21");
    expect_idx(__LINE__, "format=idx", "2021");
    assert_int_equal(change("PATCH", id, "{\"place\":3,\"label\":4}"), 200);
    expect_idx(__LINE__, "format=idx", "2024");
    expect_idx(__LINE__, "format=idx&checked=1", "4"); /* only what somebody has checked */
    expect_idx(__LINE__, "format=idx&digit=2", "22");
    expect_idx(__LINE__, "format=idx&digit=1", "");
    assert_int_equal(change("PATCH", id, "{\"place\":0,\"label\":\"47\"}"), 200);
    assert_int_equal(change("PATCH", id, "{\"place\":1,\"label\":\"not_a_digit\"}"), 200);
    expect_idx(__LINE__, "format=idx", "24");
    assert_int_equal(change("PATCH", id, "{\"label\":\"20:2\"}"), 200);
    expect_idx(__LINE__, "format=idx", "");
    assert_int_equal(change("PATCH", id, "{\"label\":null}"), 200);
    expect_idx(__LINE__, "format=idx&status=read", "2021");
    expect_idx(__LINE__, "format=idx&status=unsure", "");
}

/* Breaks when the account's data lacks numbers, or its count of them. */
static void account_data(void **state)
{
    int64_t n = 0;

    (void)state;
    sign_up("a@example.org");
    (void)add(1, "20:24");
    fill(1, 2, "x");
    assert_int_equal(get("/account", NULL), 200);
    assert_true(json_get_int(json_get(got.json, "counts"), "history", &n) && n == 6);
    assert_int_equal(get("/account/export", NULL), 200);
    assert_int_equal(listed(), 3);
    assert_string_equal(json_get_str(entry(2), "text", NULL), "20:24");
    assert_int_equal(change("DELETE", 1, NULL), 204);
    assert_int_equal(sql_int(db.store, "SELECT count(*) FROM number_digits"), 0);
    assert_int_equal(change("DELETE", 1, NULL), 404);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, app_set_up, app_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(listed_with_digits), TEST(unsure_digits), TEST(corrections), TEST(bad_corrections), TEST(whose_it_is),
        TEST(pages_end_early),    TEST(export_csv),    TEST(export_idx),  TEST(account_data),
    };

    return cmocka_run_group_tests_name("api_number", tests, seven_read, seven_free);
}
