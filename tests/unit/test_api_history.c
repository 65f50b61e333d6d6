/* The history over HTTP: what /classify?save=1 keeps, pages, corrections, deletion, and whose it is. */
#include "fixture_history.h"

#include "store/store_account.h"
#include "web/session.h"

static int classify(const char *query)
{
    return post_picture("image/png", query, seven, seven_n);
}

/* The number of the answer that was kept last. */
static int64_t save(void)
{
    int64_t id = 0;

    if (classify("save=1") != 200 || !json_get_int(json_at(json_get(got.json, "results"), 0), "id", &id))
        fail_msg("%s", got.bytes);
    assert_null(json_get(got.json, "not_saved"));
    return id;
}

static int change(const char *method, int64_t id, const char *body)
{
    char uri[64];

    (void)snprintf(uri, sizeof(uri), "/history/%lld", (long long)id);
    return answer((struct ask){.method = method, .uri = uri, .type = JSON, .body = body});
}

static void expect_counts(int line, int64_t kept, int64_t checked, int64_t right)
{
    if (count("kept") != kept || count("checked") != checked || count("corrected") != checked ||
        count("right") != right)
        fail_msg("line %d: %s", line, got.text);
}

/* Breaks when something is kept that was not asked for, or anything but the 28x28 is, or the history tells something
 * else than the answer did. */
static void what_is_kept(void **state)
{
    struct json *result;
    const struct json *row;
    char *input;
    int64_t id = 0;

    (void)state;
    sign_up("a@example.org");
    assert_int_equal(classify(NULL), 200);
    assert_null(json_get(json_at(json_get(got.json, "results"), 0), "id"));
    assert_int_equal(classify("save=0"), 200);
    assert_int_equal(classify("save=yes"), 400);
    assert_int_equal(sql_int(db.store, "SELECT count(*) FROM history"), 0);

    assert_int_equal(classify("save=1&input=1"), 200);
    result = json_at(json_get(got.json, "results"), 0);
    assert_true(json_get_int(result, "id", &id) && id == 1);
    input = strdup(json_get_str(result, "input", NULL));
    assert_int_equal(get("/history", NULL), 200);
    assert_int_equal(listed(), 1);
    row = json_at(json_get(got.json, "history"), 0);
    assert_string_equal(json_get_str(row, "input", NULL), input);
    assert_string_equal(json_get_str(row, "name", NULL), "");
    assert_true(json_is_null(json_get(row, "label")));
    assert_true(json_is_null(json_get(got.json, "next")));
    assert_null(header("Link"));
    expect_counts(__LINE__, 1, 0, 0);
    assert_int_equal(sql_int(db.store, "SELECT max(length(picture)) FROM history"), 784);
    free(input);
}

/* Breaks when a part that cannot be read takes the number of one that can, or is kept. */
static void several_at_once(void **state)
{
    struct buf *form = buf_new(1 << 20);
    const struct json *results;
    int64_t first = 0, third = 0;

    (void)state;
    sign_up("a@example.org");
    form_add(form, "=cmd().png", seven, seven_n);
    form_add(form, "no.png", "no", 2);
    form_add(form, "c.png", seven, seven_n);
    (void)buf_add_str(form, "--b--\r\n");
    assert_int_equal(answer((struct ask){.method = "POST",
                                         .uri = "/classify",
                                         .query = "save=1",
                                         .type = FORM,
                                         .body = buf_data(form),
                                         .body_n = buf_len(form)}),
                     200);
    results = json_get(got.json, "results");
    assert_true(json_get_int(json_at(results, 0), "id", &first) && json_get_int(json_at(results, 2), "id", &third));
    assert_int_equal(third, first + 1);
    assert_null(json_get(json_at(results, 1), "id"));
    assert_int_equal(get("/history", NULL), 200);
    assert_int_equal(listed(), 2);
    assert_string_equal(json_get_str(json_at(json_get(got.json, "history"), 0), "name", NULL), "c.png");
    buf_free(form);
}

/* The answer is not lost because it cannot be kept. Breaks when a full disk is a 503 to somebody who wants a digit
 * read, or when it is told as kept. */
static void full_disk(void **state)
{
    const struct json *result;
    char sql[80];
    int tries = 0;

    (void)state;
    sign_up("a@example.org");
    (void)snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %d", sql_int(db.store, "PRAGMA page_count"));
    sql_do(db.store, sql);
    do { /* the table's first page has room for three */
        assert_int_equal(classify("save=1"), 200);
        result = json_at(json_get(got.json, "results"), 0);
        assert_non_null(json_get(result, "probabilities"));
        assert_true(++tries < 10);
    } while (!json_is_null(json_get(result, "id")));
    assert_int_equal(sql_int(db.store, "SELECT count(*) FROM history"), tries - 1);
    assert_string_equal(json_get_str(json_get(got.json, "not_saved"), "type", NULL), "problems/unavailable");
    assert_int_equal(fixture_logged(&db, "history_not_saved"), 1);
    assert_int_equal(classify(NULL), 200);
    assert_null(json_get(got.json, "not_saved"));
    sql_do(db.store, "PRAGMA max_page_count = 1000000");
    assert_true(save() > 0);
}

/* R74. Breaks when a change that was not made is told as made. */
static void read_only(void **state)
{
    int64_t id;

    (void)state;
    sign_up("a@example.org");
    id = save();
    sql_do(db.store, "PRAGMA query_only = ON");
    assert_int_equal(change("PATCH", id, "{\"label\":3}"), 503);
    expect_problem(__LINE__, 503, "unavailable");
    assert_int_equal(change("DELETE", id, NULL), 503);
    assert_int_equal(answer((struct ask){.method = "DELETE", .uri = "/history"}), 503);
    sql_do(db.store, "PRAGMA query_only = OFF");
    assert_int_equal(get("/history", NULL), 200);
    expect_counts(__LINE__, 1, 0, 0);
}

/* RFC 8288. Breaks when a page repeats or skips an answer, loses a filter on the way, or links to what is absolute. */
static void pages_by_link(void **state)
{
    char query[200] = "limit=7&status=digit&corrected=0", link[200];
    int64_t last = INT64_MAX, id;
    int n = 0;

    (void)state;
    sign_up("a@example.org");
    fill(1, 40, "x");
    for (int page = 0; page < 10; page++) {
        assert_int_equal(get("/history", query), 200);
        for (int i = 0; i < listed(); i++, n++) {
            assert_true(json_get_int(json_at(json_get(got.json, "history"), (size_t)i), "id", &id) && id < last);
            last = id;
        }
        if (header("Link") == NULL)
            break;
        (void)snprintf(link, sizeof(link), "<%s>; rel=\"next\"", json_get_str(got.json, "next", NULL));
        assert_string_equal(header("Link"), link);
        assert_int_equal(strncmp(link, "<history?checked=0&status=digit&limit=7&before=", 47), 0);
        (void)snprintf(query, sizeof(query), "%.*s", (int)strcspn(link + 9, ">"), link + 9);
    }
    assert_int_equal(n, 32);
    assert_int_equal(get("/history", "digit=3"), 200);
    assert_int_equal(listed(), 4);
    assert_int_equal(get("/history", "limit=32&status=digit"), 200); /* the last page is full */
    assert_null(header("Link"));
    assert_true(json_is_null(json_get(got.json, "next")));
}

static void bad_queries(void **state)
{
    static const char *const page[] = {"digit=10",    "digit=-1",  "digit=",          "digit",
                                       "corrected=2", "checked=2", "status=error",    "before=0",
                                       "limit=0",     "limit=101", "digit=1&digit=1", "before=99999999999999999999"},
                             *const export[] = {"format=xml", "format=", "digit=x"};

    (void)state;
    sign_up("a@example.org");
    for (size_t i = 0; i < sizeof(page) / sizeof(page[0]); i++) {
        (void)get("/history", page[i]);
        expect_problem(__LINE__, 400, "bad-request");
    }
    for (size_t i = 0; i < sizeof(export) / sizeof(export[0]); i++) {
        (void)get("/history/export", export[i]);
        expect_problem(__LINE__, 400, "bad-request");
    }
    assert_int_equal(get("/history", "other=1&digit=0"), 200);
}

/* Breaks when a correction changes what was read, cannot be taken back, or counts wrongly. */
static void corrections(void **state)
{
    static const char *const bad[] = {"{\"label\":10}",  "{\"label\":-1}",           "{\"label\":\"none\"}",
                                      "{\"label\":[]}",  "{\"label\":\"7\"}",        "{}",
                                      "{\"label\":7.5}", "{\"label\":7,\"digit\":7}"};
    const struct json *row;
    int64_t label = 0, id;

    (void)state;
    sign_up("a@example.org");
    fill(1, 3, "x");
    id = sql_int(db.store, "SELECT max(id) FROM history"); /* reads 2 */
    assert_int_equal(change("PATCH", id, "{\"label\":7}"), 200);
    row = json_get(got.json, "answer");
    assert_true(json_get_int(row, "label", &label) && label == 7);
    assert_true(json_get_int(row, "digit", &label) && label == 2);
    expect_counts(__LINE__, 3, 1, 0);
    assert_int_equal(get("/history", "corrected=1&digit=7"), 200);
    assert_int_equal(listed(), 1);
    assert_int_equal(get("/history", "checked=1&digit=7"), 200);
    assert_int_equal(listed(), 1);
    assert_int_equal(get("/history", "checked=0"), 200);
    assert_int_equal(listed(), 2);
    assert_int_equal(change("PATCH", id, "{\"label\":2}"), 200);
    expect_counts(__LINE__, 3, 1, 1);
    assert_int_equal(change("PATCH", id, "{\"label\":\"not_a_digit\"}"), 200);
    assert_string_equal(json_get_str(json_get(got.json, "answer"), "label", NULL), "not_a_digit");
    expect_counts(__LINE__, 3, 1, 0);
    assert_int_equal(get("/history", "limit=1"), 200);
    row = json_at(json_get(got.json, "history"), 0);
    assert_string_equal(json_get_str(row, "label", NULL), "not_a_digit");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)change("PATCH", id, bad[i]);
        expect_problem(__LINE__, 422, "bad-fields");
    }
    assert_int_equal(change("PATCH", id, "{\"label\":null}"), 200);
    assert_true(json_is_null(json_get(json_get(got.json, "answer"), "label")));
    expect_counts(__LINE__, 3, 0, 0);
}

/* Breaks when the reason of a doubt that was kept is not the one that the history gives. */
static void what_was_doubted(void **state)
{
    static const char *const words[] = {NULL, "confidence", "unfamiliar", "both"};
    const struct json *row;

    (void)state;
    sign_up("a@example.org");
    for (int i = 0; i <= STORE_HISTORY_UNSURE_MAX; i++) {
        struct store_history one = {
            .status = i == 0 ? STORE_HISTORY_DIGIT : STORE_HISTORY_UNSURE, .confidence = 0.5F, .unsure_because = i};

        assert_int_equal(rows_add(db.store, 1, &one, 1, 100), OK);
        assert_int_equal(get("/history", "limit=1"), 200);
        row = json_at(json_get(got.json, "history"), 0);
        if (words[i] == NULL)
            assert_true(json_is_null(json_get(row, "unsure_because")));
        else
            assert_string_equal(json_get_str(row, "unsure_because", NULL), words[i]);
    }
}

/* Breaks when somebody reaches what is another's, or learns that it is there. */
static void whose_it_is(void **state)
{
    char alice[256], strangers_404[4096];
    int64_t hers;

    (void)state;
    sign_up("alice@example.org");
    (void)snprintf(alice, sizeof(alice), "%s", cookie_jar);
    hers = save();
    sign_up("bob@example.org");
    assert_int_equal(change("PATCH", hers, "{\"label\":3}"), 404);
    (void)snprintf(strangers_404, sizeof(strangers_404), "%s", got.text);
    assert_int_equal(change("PATCH", 987654, "{\"label\":3}"), 404);
    assert_string_equal(got.text, strangers_404);
    assert_int_equal(change("DELETE", hers, NULL), 404);
    assert_int_equal(answer((struct ask){.method = "DELETE", .uri = "/history"}), 204);
    assert_int_equal(get("/history", NULL), 200);
    assert_int_equal(listed(), 0);
    assert_int_equal(get("/history/export", "format=csv"), 200);
    assert_null(strstr(got.text, "digit,,"));
    (void)snprintf(cookie_jar, sizeof(cookie_jar), "%s", alice);
    assert_int_equal(get("/history", NULL), 200);
    assert_int_equal(listed(), 1);
    expect_counts(__LINE__, 1, 0, 0);
    assert_int_equal(change("DELETE", hers, NULL), 204);
    assert_int_equal(change("DELETE", hers, NULL), 404);
    cookie_jar[0] = '\0';
    (void)get("/history", NULL);
    expect_problem(__LINE__, 401, "log-in-first");
    (void)get("/history/export", NULL);
    expect_problem(__LINE__, 401, "log-in-first");
}

/* A program with a token of these scopes. */
static int ask_scoped(int scopes, const char *method, const char *uri, const char *query)
{
    static int n;
    struct store_token row;
    char token[64], authorization[96];
    uint8_t hash[DIGEST_BYTES];
    const bool picture = strcmp(uri, "/classify") == 0;

    (void)snprintf(token, sizeof(token), "dgt_%043d", ++n);
    session_token_hash(token, strlen(token), hash);
    assert_int_equal(store_token_add(db.store, hash, 1, "t", scopes, 0, &row), OK);
    (void)snprintf(authorization, sizeof(authorization), "Bearer %s", token);
    return answer((struct ask){.method = method,
                               .uri = uri,
                               .query = query,
                               .cookie = "",
                               .no_origin = true,
                               .authorization = authorization,
                               .type = picture ? "image/png" : JSON,
                               .body = picture ? (const void *)seven : "{\"label\":7}",
                               .body_n = picture ? seven_n : 0});
}

/* Breaks when a token that may only read digits sees or fills the history. */
static void scopes(void **state)
{
    const int classify = STORE_SCOPE_CLASSIFY, history = STORE_SCOPE_HISTORY;
    static const struct {
        const char *method, *uri;
        int status;
    } ask[] = {{"PATCH", "/history/1", 200},
               {"GET", "/history/export", 200},
               {"GET", "/history", 200},
               {"DELETE", "/history/1", 204},
               {"DELETE", "/history", 204}};

    (void)state;
    sign_up("a@example.org");
    assert_int_equal(ask_scoped(classify, "POST", "/classify", "save=1"), 403);
    expect_problem(__LINE__, 403, "token-scope");
    assert_non_null(strstr(got.text, "scope history"));
    assert_int_equal(ask_scoped(history, "POST", "/classify", "save=1"), 403);
    assert_int_equal(ask_scoped(classify, "POST", "/classify", "save=0"), 200);
    assert_int_equal(sql_int(db.store, "SELECT count(*) FROM history"), 0);
    assert_int_equal(ask_scoped(classify | history, "POST", "/classify", "save=1"), 200);
    assert_int_equal(sql_int(db.store, "SELECT count(*) FROM history"), 1);
    for (size_t i = 0; i < sizeof(ask) / sizeof(ask[0]); i++) {
        assert_int_equal(ask_scoped(classify, ask[i].method, ask[i].uri, NULL), 403);
        assert_int_equal(ask_scoped(history, ask[i].method, ask[i].uri, NULL), ask[i].status);
    }
}

/* Breaks when the limit is not the setting's. */
static void limit_of_the_setting(void **state)
{
    (void)state;
    sign_up("a@example.org");
    conf.history_max_per_user = 3;
    for (int i = 0; i < 5; i++)
        (void)save();
    assert_int_equal(get("/history", NULL), 200);
    assert_int_equal(listed(), 3);
    conf.history_max_per_user = 10000;
}

/* Breaks when a page of another site can have a history deleted or corrected (R63), or a browser gets bare JSON. */
static void from_other_sites(void **state)
{
    int64_t id;

    (void)state;
    sign_up("a@example.org");
    id = save();
    assert_int_equal(answer((struct ask){.method = "DELETE", .uri = "/history", .origin = "http://localhost:9"}), 403);
    assert_int_equal(answer((struct ask){.method = "DELETE", .uri = "/history", .site = "same-site"}), 403);
    assert_int_equal(change("PATCH", id, "{\"label\":1}"), 200);
    assert_int_equal(answer((struct ask){.uri = "/history", .accept = "text/html,*/*;q=0.8"}), 303);
    assert_string_equal(header("Location"), "./#history");
    assert_int_equal(answer((struct ask){.uri = "/history/export", .accept = "text/html,*/*;q=0.8"}), 200);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, app_set_up, app_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_kept), TEST(several_at_once),      TEST(full_disk),
        TEST(read_only),    TEST(pages_by_link),        TEST(bad_queries),
        TEST(corrections),  TEST(what_was_doubted),     TEST(whose_it_is),
        TEST(scopes),       TEST(limit_of_the_setting), TEST(from_other_sites),
    };

    return cmocka_run_group_tests_name("api_history", tests, seven_read, seven_free);
}
