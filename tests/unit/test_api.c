/* The worker as a whole, from CGI parameters to reply bytes: every path, and what each bad input gets. A test that
 * refuses something also looks that nothing was stored and that the next request is answered. */
#include "fixture_app.h"

#include "nn/normalise.h"
#include "base/base64.h"
#include "web/problems.h"
#include "web/route.h"
#include "web/session.h"

static uint8_t *seven;
static size_t seven_n;

static int set_up_all(void **state)
{
    (void)state;
    seven = file_read(PICTURES "digit-7.png", &seven_n);
    return 0;
}

static int tear_down_all(void **state)
{
    (void)state;
    free(seven);
    return 0;
}

static int post_picture(const char *type, const char *query, const void *bytes, size_t n)
{
    return answer(
        (struct ask){.method = "POST", .uri = "/classify", .query = query, .type = type, .body = bytes, .body_n = n});
}

static struct json *first_result(void)
{
    return json_at(json_get(got.json, "results"), 0);
}

static int get_session(void)
{
    return answer((struct ask){.uri = "/session"});
}

/* Breaks when any step of the main job does: the cookie, the account's members, the answer, the end of a session. */
static void test_journey(void **state)
{
    char first[256];
    int64_t id = 0, n = 0;
    const char *at;

    (void)state;
    assert_int_equal(post_credentials("/signup", "Me@Example.org ", GOOD), 201);
    assert_string_equal(json_get_str(json_get(got.json, "user"), "email", NULL), "me@example.org");
    assert_true(json_get_int(json_get(got.json, "user"), "id", &id) && id > 0);
    at = json_get_str(json_get(got.json, "user"), "created_at", &(size_t){0});
    assert_int_equal(strlen(at), 20); /* 2024-01-02T03:04:05Z */
    assert_true(at[4] == '-' && at[10] == 'T' && at[19] == 'Z');
    assert_int_equal(json_members(json_get(got.json, "user")), 3);
    assert_null(strstr(got.text, "$y$"));
    assert_true(strncmp(set_cookie, "digitd_session=", 15) == 0);
    assert_string_equal(strchr(set_cookie, ';'), "; Path=/; HttpOnly; SameSite=Lax");
    (void)snprintf(first, sizeof(first), "%s", cookie_jar);

    assert_int_equal(get_session(), 200);
    assert_string_equal(json_get_str(json_get(got.json, "user"), "email", NULL), "me@example.org");
    assert_int_equal(post_picture("image/png", NULL, seven, seven_n), 200);

    assert_int_equal(answer((struct ask){.method = "POST", .uri = "/logout"}), 204);
    assert_int_equal(got.text_n, 0);
    assert_string_equal(cookie_jar, "");
    get_session();
    expect_problem(__LINE__, 401, "log-in-first");
    answer((struct ask){.uri = "/session", .cookie = first}); /* R60: the old cookie is dead, not only gone */
    expect_problem(__LINE__, 401, "log-in-first");
    answer((struct ask){.method = "POST", .uri = "/logout", .cookie = first});
    expect_problem(__LINE__, 401, "log-in-first");

    assert_int_equal(post_credentials("/login", "ME@example.ORG", GOOD), 200);
    assert_true(json_get_int(json_get(got.json, "user"), "id", &n) && n == id);
    assert_string_not_equal(cookie_jar, first); /* R58 */
    assert_int_equal(get_session(), 200);

    /* A log-in on top of a session ends that session. */
    (void)snprintf(first, sizeof(first), "%s", cookie_jar);
    assert_int_equal(post_credentials("/login", "me@example.org", GOOD), 200);
    answer((struct ask){.uri = "/session", .cookie = first});
    expect_problem(__LINE__, 401, "log-in-first");
    assert_int_equal(sql_int(db.store, "SELECT count(*) FROM sessions"), 1);
}

/* R57: what is in the database cannot log in. */
static void test_stored_token(void **state)
{
    char sql[256], token[64];
    uint8_t hash[DIGEST_BYTES];

    (void)state;
    sign_up("a@example.org");
    (void)snprintf(token, sizeof(token), "%s", strchr(cookie_jar, '=') + 1);
    session_token_hash(token, strlen(token), hash);
    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM sessions WHERE instr(hex(token_hash), '%02X%02X%02X') = 1",
                   hash[0], hash[1], hash[2]);
    assert_int_equal(sql_int(db.store, sql), 1);
    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM sessions WHERE instr(token_hash || agent || address, '%s')",
                   token);
    assert_int_equal(sql_int(db.store, sql), 0);
}

/* The answer is the network's own: breaks when a pixel, a class or a name goes astray between picture and JSON. */
static void test_classify(void **state)
{
    size_t n, input_n;
    uint8_t *raw = file_read(PICTURES "digit-7.raw", &n), input[MODEL_PIXELS];
    const struct raster raster = {.w = 28, .h = 28, .px = raw};
    struct normalise_steps steps;
    struct answer want;
    char base64[BASE64_CHARS(MODEL_PIXELS) + 1];
    struct json *r, *p;
    double sum = 0, v = 0;
    int64_t i64 = 0;
    bool flag = false;

    (void)state;
    assert_int_equal(n, MODEL_PIXELS);
    assert_int_equal(normalise(&raster, input, &steps), OK);
    cnn_answer(cnn, input, &want, app.scratch);
    base64_encode(input, MODEL_PIXELS, base64);
    sign_up("a@example.org");

    assert_int_equal(post_picture("image/png", "input=1", seven, seven_n), 200);
    assert_string_equal(json_get_str(json_get(got.json, "model"), "name", NULL), "tiny");
    assert_string_equal(json_get_str(json_get(got.json, "model"), "sha256", NULL), model->sha256);
    assert_int_equal(json_len(json_get(got.json, "results")), 1);
    r = first_result();
    assert_string_equal(json_get_str(r, "name", NULL), "");
    assert_string_equal(json_get_str(r, "status", NULL), verdict_name(want.verdict));
    if (want.verdict == VERDICT_NOT_A_DIGIT)
        assert_false(json_get_int(r, "digit", &i64));
    else
        assert_true(json_get_int(r, "digit", &i64) && i64 == want.digit);
    assert_true(json_get_num(r, "confidence", &v) && (float)v == want.confidence);
    assert_int_equal(json_len(json_get(r, "probabilities")), 10);
    for (size_t i = 0; i < 10; i++) {
        assert_true(json_num(json_at(json_get(r, "probabilities"), i), &v));
        assert_true((float)v == want.probability[i]); /* 9 digits carry a float whole */
        sum += v;
    }
    assert_true(sum > 0.9999 && sum < 1.0001);
    p = json_get(r, "preprocessing");
    assert_true(json_get_int(p, "width", &i64) && i64 == 28);
    assert_true(json_get_int(p, "height", &i64) && i64 == 28);
    assert_true(json_get_bool(p, "inverted", &flag) && flag == steps.inverted);
    assert_true(json_get_bool(p, "unchanged", &flag) && flag == steps.unchanged);
    assert_true(json_get_bool(p, "upright", &flag) && !flag);
    assert_string_equal(json_get_str(p, "channel", NULL), "luminance");
    assert_int_equal(json_len(json_get(p, "box")), 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(json_int(json_at(json_get(p, "box"), i), &i64) && i64 == steps.box[i]);
    assert_int_equal(json_len(json_get(p, "shift")), 2);
    assert_string_equal(json_get_str(r, "input", &input_n), base64);
    assert_true(json_get_int(r, "elapsed_us", &i64) && i64 >= 0);

    assert_int_equal(post_picture("image/png", "input=0", seven, seven_n), 200);
    assert_null(json_get(first_result(), "input"));
    free(raw);
}

/* Several parts: results in their order; one that cannot be read does not spoil the rest. */
static void test_several_parts(void **state)
{
    struct buf *form = buf_new(1 << 20);
    struct json *results;
    int64_t status = 0;

    (void)state;
    sign_up("a@example.org");
    form_add(form, "a%22\xff.png", seven, seven_n);
    form_add(form, "b.txt", "no picture", 10);
    form_add(form, "c.png", seven, seven_n / 2);
    form_add(form, "d.png", seven, seven_n);
    assert_int_equal(post_parts(form), 200);
    results = json_get(got.json, "results");
    assert_int_equal(json_len(results), 4);
    assert_string_equal(json_get_str(json_at(results, 0), "name", NULL), "a\"\xef\xbf\xbd.png");
    assert_string_equal(json_get_str(json_at(results, 1), "name", NULL), "b.txt");
    assert_string_equal(json_get_str(json_at(results, 1), "status", NULL), "error");
    assert_true(json_get_int(json_get(json_at(results, 1), "problem"), "status", &status) && status == 415);
    assert_string_equal(json_get_str(json_get(json_at(results, 2), "problem"), "type", NULL),
                        "problems/damaged-picture");
    assert_string_equal(json_get_str(json_at(results, 3), "name", NULL), "d.png");
    assert_int_equal(json_len(json_get(json_at(results, 3), "probabilities")), 10);
    buf_free(form);
}

/* One picture that cannot be read: the reply is its problem, and the worker goes on. */
static void test_bad_pictures(void **state)
{
    size_t huge_n, text_n, cut_n, animated_n;
    uint8_t *huge = file_read(PICTURES "huge-20000x20000.png", &huge_n),
            *text = file_read(PICTURES "text.png", &text_n);
    uint8_t *cut = file_read(PICTURES "truncated.png", &cut_n),
            *animated = file_read(PICTURES "animated.webp", &animated_n);
    const struct {
        int line;
        const void *bytes;
        size_t n;
        int status;
        const char *name;
    } cases[] = {
        {__LINE__, "this is not a picture", 21, 415, "unsupported-picture"},
        {__LINE__, "<svg xmlns=\"http://www.w3.org/2000/svg\"/>", 41, 415, "unsupported-picture"},
        {__LINE__, "", 0, 422, "damaged-picture"},
        {__LINE__, seven, seven_n - 30, 422, "damaged-picture"},
        {__LINE__, huge, huge_n, 413, "picture-too-large"},
        {__LINE__, text, text_n, 415, "unsupported-picture"},
        {__LINE__, cut, cut_n, 422, "damaged-picture"},
        {__LINE__, animated, animated_n, 415, "unsupported-picture"},
    };
    int before;

    (void)state;
    sign_up("a@example.org");
    before = rows();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf *form = buf_new(1 << 20);

        form_add(form, "a.png", cases[i].bytes, cases[i].n);
        (void)post_parts(form);
        expect_problem(cases[i].line, cases[i].status, cases[i].name);
        if (cases[i].n > 0) {
            (void)post_picture("image/png", NULL, cases[i].bytes, cases[i].n);
            expect_problem(cases[i].line, cases[i].status, cases[i].name);
        }
        buf_free(form);
        assert_int_equal(post_picture("image/png", NULL, seven, seven_n), 200);
    }
    assert_int_equal(rows(), before);
    free(huge);
    free(text);
    free(cut);
    free(animated);
}

#define PART(name) "--b\r\nContent-Disposition: form-data; name=\"" name "\"; filename=\"\"\r\n\r\n"

/* Bad uploads, and the grammar's refusals as they reach a client. */
static void test_bad_uploads(void **state)
{
    static const struct {
        int line;
        const char *type, *query, *body;
        int status;
        const char *name;
    } cases[] = {
        {__LINE__, FORM, NULL, "--b--\r\n", 400, "no-picture"},
        {__LINE__, FORM, NULL, PART("image") "\r\n--b--\r\n", 400, "no-picture"},
        {__LINE__, FORM, NULL, PART("file") "x\r\n--b--\r\n", 400, "bad-multipart"},
        {__LINE__, "multipart/form-data; boundary=wrong", NULL, PART("image") "x\r\n--b--\r\n", 400, "bad-multipart"},
        {__LINE__, "multipart/form-data", NULL, PART("image") "x\r\n--b--\r\n", 400, "bad-multipart"},
        {__LINE__, FORM, NULL, PART("image") "x", 400, "bad-multipart"},
        {__LINE__, FORM, NULL, "x", 400, "bad-multipart"},
        {__LINE__, FORM, NULL, "", 400, "bad-multipart"},
        {__LINE__, "multipart/mixed; boundary=b", NULL, PART("image") "x\r\n--b--\r\n", 415, "unsupported-type"},
        {__LINE__, "text/plain", NULL, "x", 415, "unsupported-type"},
        {__LINE__, JSON, NULL, "{}", 415, "unsupported-type"},
        {__LINE__, "application/x-www-form-urlencoded", NULL, "image=x", 415, "unsupported-type"},
        {__LINE__, NULL, NULL, "x", 415, "unsupported-type"},
        {__LINE__, "image/png", "input=2", "x", 400, "bad-request"},
        {__LINE__, "image/png", "input", "x", 400, "bad-request"},
        {__LINE__, "image/png", NULL, "", 422, "damaged-picture"},
    };
    struct buf *form = buf_new(1 << 20);

    (void)state;
    sign_up("a@example.org");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)answer((struct ask){.method = "POST",
                                  .uri = "/classify",
                                  .type = cases[i].type,
                                  .query = cases[i].query,
                                  .body = cases[i].body});
        expect_problem(cases[i].line, cases[i].status, cases[i].name);
    }
    for (int i = 0; i < 65; i++)
        form_add(form, "a.png", seven, seven_n);
    (void)post_parts(form);
    expect_problem(__LINE__, 400, "bad-multipart");
    buf_reset(form);
    for (int i = 0; i < 64; i++)
        form_add(form, "a.png", seven, seven_n);
    assert_int_equal(post_parts(form), 200);
    assert_int_equal(json_len(json_get(got.json, "results")), 64);
    buf_free(form);

    cookie_jar[0] = '\0';
    (void)post_picture("image/png", NULL, seven, seven_n);
    expect_problem(__LINE__, 401, "log-in-first");
    assert_non_null(strstr(got.head, "WWW-Authenticate: Cookie realm=\"digitd\"\r\n"));
    assert_non_null(strstr(got.head, "WWW-Authenticate: Bearer realm=\"digitd\"\r\n")); /* RFC 6750 section 3 */
}

/* R31: five headers of 25 Mpx each are too much, before one is decoded; four are each looked at (and damaged). */
static void test_area_of_a_request(void **state)
{
    struct buf *form = buf_new(1 << 20);
    struct made large = {.n = 0};

    (void)state;
    sign_up("a@example.org");
    put(&large, "\x89PNG\r\n\x1a\n", 8);
    put_png_ihdr(&large, 5000, 5000);
    put_png_chunk(&large, "IDAT", "x", 1);
    put_png_chunk(&large, "IEND", "", 0);
    for (int i = 0; i < 5; i++)
        form_add(form, "a.png", large.b, large.n);
    (void)post_parts(form);
    expect_problem(__LINE__, 413, "picture-too-large");
    buf_reset(form);
    for (int i = 0; i < 4; i++)
        form_add(form, "a.png", large.b, large.n);
    assert_int_equal(post_parts(form), 200);
    assert_string_equal(json_get_str(first_result(), "status", NULL), "error");
    buf_free(form);
}

/* R35: two users' pictures in turn, on one worker: each always gets its own answer, bit for bit (R34). */
static void test_alternating_pictures(void **state)
{
    size_t n;
    uint8_t *drawing = file_read(PICTURES "digit-5-drawing.png", &n);
    char first[2][2048];

    (void)state;
    sign_up("a@example.org");
    for (int i = 0; i < 200; i++) {
        char text[2048];
        const char *end;

        assert_int_equal(post_picture("image/png", "input=1", i % 2 ? drawing : seven, i % 2 ? n : seven_n), 200);
        end = strstr(got.text, "\"elapsed_us\"");
        assert_non_null(end);
        (void)snprintf(text, sizeof(text), "%.*s", (int)(end - got.text), got.text);
        if (i < 2)
            memcpy(first[i], text, sizeof(text));
        else
            assert_string_equal(text, first[i % 2]);
    }
    assert_string_not_equal(first[0], first[1]);
    free(drawing);
}

/* JSON that is not JSON, members that are not ours, addresses and passwords that will not do. */
static void test_bad_accounts(void **state)
{
    static const struct {
        int line;
        const char *body;
        int status;
        const char *name;
    } cases[] = {
        {__LINE__, "", 400, "bad-json"},
        {__LINE__, "not json", 400, "bad-json"},
        {__LINE__, "{\"email\":", 400, "bad-json"},
        {__LINE__, "{\"email\":\"b@x\",\"password\":\"" GOOD "\"} x", 400, "bad-json"},
        {__LINE__, "{\"email\":\"b@x\",\"email\":\"c@x\",\"password\":\"" GOOD "\"}", 400, "bad-json"},
        {__LINE__, "{\"email\":\"b\\u0000@x\",\"password\":\"" GOOD "\"}", 400, "bad-json"},
        {__LINE__, "{\"email\":\"b@\xff\",\"password\":\"" GOOD "\"}", 400, "bad-json"},
        {__LINE__, "{'email':'b@x'}", 400, "bad-json"},
        {__LINE__, "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", 400, "bad-json"}, /* 17 deep */
        {__LINE__, "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", 422, "bad-fields"}, /* 16 deep */
        {__LINE__, "[]", 422, "bad-fields"},
        {__LINE__, "\"x\"", 422, "bad-fields"},
        {__LINE__, "null", 422, "bad-fields"},
        {__LINE__, "{}", 422, "bad-fields"},
        {__LINE__, "{\"email\":\"b@x\"}", 422, "bad-fields"},
        {__LINE__, "{\"email\":1,\"password\":2}", 422, "bad-fields"},
        {__LINE__, "{\"email\":\"b@x\",\"password\":null}", 422, "bad-fields"},
        {__LINE__, "{\"email\":\"b@x\",\"password\":\"" GOOD "\",\"admin\":true}", 422, "bad-fields"},
    };
    static const char *const addresses[] = {"", "no-at-sign", "a b@example.org", "@example.org", "a@", "a@b@c"};
    static const char *const passwords[] = {"", "short", "password", "aaaaaaaaaaaa", "first@example.org"};
    char longest[700];
    int before;

    (void)state;
    sign_up("first@example.org");
    before = rows();
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            (void)post_json(k == 0 ? "/signup" : "/login", cases[i].body);
            expect_problem(cases[i].line, cases[i].status, cases[i].name);
        }
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        (void)post_credentials("/signup", addresses[i], GOOD);
        expect_problem(__LINE__, 422, "bad-address");
    }
    memset(longest, 'x', sizeof(longest));
    (void)snprintf(longest + 400, 20, "@example.org");
    (void)post_credentials("/signup", longest, GOOD);
    expect_problem(__LINE__, 422, "bad-address");
    for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++) {
        (void)post_credentials("/signup", "first@example.org", passwords[i]);
        expect_problem(__LINE__, 422, "bad-password");
    }
    (void)post_credentials("/signup", "long@example.org", longest);
    expect_problem(__LINE__, 422, "bad-password");
    (void)post_credentials("/signup", "FIRST@example.org", GOOD);
    expect_problem(__LINE__, 409, "address-taken");
    (void)answer((struct ask){.method = "POST", .uri = "/login", .type = "text/plain", .body = "{}"});
    expect_problem(__LINE__, 415, "unsupported-type");
    (void)answer((struct ask){.method = "POST", .uri = "/signup", .body = "{}"});
    expect_problem(__LINE__, 415, "unsupported-type");
    assert_int_equal(rows(), before);
    assert_int_equal(get_session(), 200);

    memcpy(conf.sign_up, "closed", 7);
    (void)post_credentials("/signup", "new@example.org", GOOD);
    expect_problem(__LINE__, 403, "sign-up-closed");
    assert_int_equal(post_credentials("/login", "first@example.org", GOOD), 200);
}

/* R48: unknown, wrong, disabled, and what could never be right, are one reply, byte for byte. */
static void test_one_same_401(void **state)
{
    char *first, longest[600];

    (void)state;
    sign_up("a@example.org");
    cookie_jar[0] = '\0';
    (void)post_credentials("/login", "a@example.org", "not the password");
    expect_problem(__LINE__, 401, "wrong-login");
    first = strdup(got.bytes);
    assert_non_null(first);
    (void)post_credentials("/login", "b@example.org", "not the password");
    assert_string_equal(got.bytes, first);
    (void)post_credentials("/login", "not an address", "not the password");
    assert_string_equal(got.bytes, first);
    (void)post_credentials("/login", "a@example.org", "");
    assert_string_equal(got.bytes, first);
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    (void)post_credentials("/login", "a@example.org", longest);
    assert_string_equal(got.bytes, first);
    (void)post_credentials("/login", longest, GOOD);
    assert_string_equal(got.bytes, first);
    sql_do(db.store, "UPDATE users SET disabled = 1");
    (void)post_credentials("/login", "a@example.org", GOOD);
    assert_string_equal(got.bytes, first);
    assert_int_equal(fixture_logged(&db, "login_failed"), 7);
    assert_int_equal(fixture_logged(&db, "login_ok"), 0);
    free(first);
}

/* R47. Breaks when a good log-in leaves a cheaper hash as it is. */
static void test_hash_upgrade(void **state)
{
    struct store_user user;

    (void)state;
    sign_up("a@example.org");
    conf.password_cost = 6;
    assert_int_equal(store_user_by_email(db.store, "a@example.org", &user), OK);
    assert_true(password_needs_rehash(user.password_hash, 6));
    (void)post_credentials("/login", "a@example.org", "not the password");
    assert_int_equal(store_user_by_email(db.store, "a@example.org", &user), OK);
    assert_true(password_needs_rehash(user.password_hash, 6));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(post_credentials("/login", "a@example.org", GOOD), 200);
        assert_int_equal(store_user_by_email(db.store, "a@example.org", &user), OK);
        assert_false(password_needs_rehash(user.password_hash, 6));
    }
    assert_int_equal(fixture_logged(&db, "hash_upgraded"), 1);
}

/* R59: idle 24 hours and 14 days in all, by the settings. */
static void test_sessions_expire(void **state)
{
    (void)state;
    sign_up("a@example.org");
    clock_step(24 * 3600 - 60);
    assert_int_equal(get_session(), 200);
    clock_step(24 * 3600 + 60);
    get_session();
    expect_problem(__LINE__, 401, "log-in-first");

    assert_int_equal(post_credentials("/login", "a@example.org", GOOD), 200);
    for (int day = 0; day < 13; day++) {
        clock_step(23 * 3600);
        assert_int_equal(get_session(), 200);
    }
    clock_step(23 * 3600);
    clock_step(23 * 3600 - 3600);
    get_session();
    expect_problem(__LINE__, 401, "log-in-first");
}

/* R62. Breaks when the first, or the last, of two cookies of our name wins. */
static void test_cookie_twice(void **state)
{
    char twice[600];

    (void)state;
    sign_up("a@example.org");
    (void)snprintf(twice, sizeof(twice), "%s; %s", cookie_jar, cookie_jar);
    (void)answer((struct ask){.uri = "/session", .cookie = twice});
    expect_problem(__LINE__, 400, "bad-cookie");
    (void)snprintf(twice, sizeof(twice), "other=1; %s; __Host-%s", cookie_jar, cookie_jar);
    assert_int_equal(answer((struct ask){.uri = "/session", .cookie = twice}), 200);
}

/* R23, and the cookie of an https site below a sub-path. */
static void test_hosts(void **state)
{
    static const char *const refused[] = {"evil.example",
                                          "localhost",
                                          "localhost:8081",
                                          "localhost:80800",
                                          "",
                                          "localhost:8080.evil.example",
                                          "localhost:8080, evil.example",
                                          "digits.example.org:80"};
    char text[512];
    struct ask a = {.method = "POST",
                    .uri = "/login",
                    .type = JSON,
                    .host = "digits.example.org",
                    .origin = "https://digits.example.org",
                    .body = text};

    (void)state;
    sign_up("a@example.org");
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        (void)answer((struct ask){.uri = "/session", .host = refused[i]});
        expect_problem(__LINE__, 421, "misdirected");
        assert_non_null(strstr(got.text, "site_url"));
        assert_true(refused[i][0] == '\0' || strstr(got.text, refused[i]) == NULL);
    }
    (void)answer((struct ask){.uri = "/session", .no_host = true});
    expect_problem(__LINE__, 421, "misdirected");
    assert_int_equal(fixture_logged(&db, "host_refused"), sizeof(refused) / sizeof(refused[0]) + 1);
    assert_int_equal(answer((struct ask){.uri = "/session", .host = "LocalHost:8080"}), 200);

    (void)snprintf(text, sizeof(text), "{\"email\":\"a@example.org\",\"password\":\"" GOOD "\"}");
    assert_int_equal(answer(a), 200);
    assert_int_equal(strncmp(set_cookie, "__Host-digitd_session=", 22), 0);
    assert_string_equal(strchr(set_cookie, ';'), "; Path=/; HttpOnly; SameSite=Lax; Secure");
    assert_int_equal(answer((struct ask){.uri = "/sub/session", .host = "digits.example.org:443"}), 200);
    (void)answer((struct ask){.uri = "/session"}); /* the same cookie means nothing to the plain site */
    expect_problem(__LINE__, 401, "log-in-first");
    (void)answer((struct ask){.uri = "/sub/session"});
    expect_problem(__LINE__, 404, "not-found");
}

/* R15, R65. Breaks when a path or method is answered that is not in the table, or Allow is missing. */
static void test_routes(void **state)
{
    static const char *const unknown[] = {"/", "/nothing", "/login/", "/classify/x", "/.git/config", "/SESSION"};
    static const char browser[] = "text/html,application/xhtml+xml,*/*;q=0.8";
    int wrong_pool = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        (void)answer((struct ask){.uri = unknown[i]});
        expect_problem(__LINE__, 404, "not-found");
    }
    for (size_t i = 0; i < n_routes; i++) {
        static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get"};
        const char *path = strchr(routes[i].path, '{') == NULL        ? routes[i].path
                           : strstr(routes[i].path, "tokens") != NULL ? "/account/tokens/1"
                                                                      : "/account/sessions/1";

        for (size_t m = 0; m < sizeof(methods) / sizeof(methods[0]); m++) {
            if (openapi_operation(routes[i].path, methods[m]) != NULL)
                continue;
            (void)answer((struct ask){.method = methods[m], .uri = path});
            expect_problem(__LINE__, 405, "method-not-allowed");
            assert_non_null(strstr(header("Allow"), method_name(routes[i].method)));
            assert_null(strstr(header("Allow"), methods[m]));
        }
        if (routes[i].pool == POOL_MAIN)
            continue;
        wrong_pool++;
        (void)answer((struct ask){.method = method_name(routes[i].method), .uri = path, .main_pool = true});
        expect_problem(__LINE__, 404, "not-found");
    }
    assert_int_equal(wrong_pool, 7);
    assert_int_equal(fixture_logged(&db, "wrong_pool"), wrong_pool);
    (void)answer((struct ask){.uri = "/session", .health_pool = true});
    expect_problem(__LINE__, 404, "not-found");

    assert_int_equal(answer((struct ask){.uri = "/classify", .accept = browser}), 303);
    assert_string_equal(header("Location"), "./#read");
    assert_int_equal(answer((struct ask){.uri = "/model", .accept = browser}), 303);
    assert_string_equal(header("Location"), "./#model");
    assert_int_equal(answer((struct ask){.method = "POST", .uri = "/logout", .accept = browser}), 401);
    assert_int_equal(answer((struct ask){.uri = "/model", .accept = "*/*"}), 200);
    assert_int_equal(answer((struct ask){.method = "HEAD", .uri = "/model"}), 200);
    assert_int_equal(got.text_n, 0);
    assert_true(strtoul(header("Content-Length"), NULL, 10) > 500);
    (void)answer((struct ask){.method = "HEAD", .uri = "/session"});
    assert_int_equal(got.status, 401);
    assert_int_equal(got.text_n, 0);
}

/* R63, R64: the rule is on the way of every unsafe route (its matrix is in test_session.c). */
static void test_other_sites(void **state)
{
    static const char *const paths[] = {"/signup", "/login", "/logout", "/classify"};
    static const struct {
        const char *origin, *site;
        bool no_origin;
    } cases[] = {{"http://evil.example", NULL, false},
                 {"null", NULL, false},
                 {"http://localhost:8081", "same-site", false},
                 {"http://127.0.0.1:8080", "cross-site", false},
                 {SITE, "cross-site", false},
                 {NULL, NULL, true}};
    int before;

    (void)state;
    sign_up("a@example.org");
    before = rows();
    for (size_t p = 0; p < sizeof(paths) / sizeof(paths[0]); p++)
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            (void)answer((struct ask){.method = "POST",
                                      .uri = paths[p],
                                      .type = p < 2 ? JSON : "image/png",
                                      .origin = cases[i].origin,
                                      .no_origin = cases[i].no_origin,
                                      .site = cases[i].site,
                                      .body = "{\"email\":\"b@example.org\",\"password\":\"" GOOD "\"}"});
            expect_problem(__LINE__, 403, "cross-site");
        }
    assert_int_equal(fixture_logged(&db, "csrf_refused"), 24);
    assert_int_equal(rows(), before);
    assert_int_equal(get_session(), 200);
    /* A program without a browser's headers, and without a cookie, may log in. */
    assert_int_equal(answer((struct ask){.method = "POST",
                                         .uri = "/login",
                                         .type = JSON,
                                         .no_origin = true,
                                         .cookie = "",
                                         .body = "{\"email\":\"a@example.org\",\"password\":\"" GOOD "\"}"}),
                     200);
}

/* R16, R17, without nginx: nothing is processed. */
static void test_lengths(void **state)
{
    static const char body[] = "{\"email\":\"b@example.org\",\"password\":\"" GOOD "\"}";
    static const struct {
        int line;
        const char *uri, *length;
        int status;
        const char *name;
    } cases[] = {
        {__LINE__, "/signup", "", 411, "length-required"},
        {__LINE__, "/classify", "", 411, "length-required"},
        {__LINE__, "/signup", "-1", 400, "bad-request"},
        {__LINE__, "/signup", "x", 400, "bad-request"},
        {__LINE__, "/signup", "1e3", 400, "bad-request"},
        {__LINE__, "/signup", "0", 400, "bad-length"},
        {__LINE__, "/signup", "10", 400, "bad-length"},
        {__LINE__, "/signup", "8192", 400, "bad-length"},
        {__LINE__, "/signup", "8193", 413, "too-large"},
        {__LINE__, "/signup", "99999999999999999999", 413, "too-large"},
        {__LINE__, "/classify", "10485760", 400, "bad-length"},
        {__LINE__, "/classify", "10485761", 413, "too-large"},
        {__LINE__, "/logout", "8193", 413, "too-large"},
        {__LINE__, "/logout", "1", 400, "bad-length"},
        {__LINE__, "/logout", "", 400, "bad-length"}, /* bytes that nobody announced */
    };
    char *large = malloc(8192 + 1);
    int before;

    (void)state;
    sign_up("a@example.org");
    before = rows();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)answer((struct ask){.method = "POST",
                                  .uri = cases[i].uri,
                                  .type = strcmp(cases[i].uri, "/classify") == 0 ? "image/png" : JSON,
                                  .length = cases[i].length,
                                  .body = body});
        expect_problem(cases[i].line, cases[i].status, cases[i].name);
    }
    assert_int_equal(rows(), before);
    assert_int_equal(get_session(), 200);
    /* 8 KiB exactly are read: spaces after the object are JSON. */
    assert_non_null(large);
    memset(large, ' ', 8192);
    memcpy(large, body, strlen(body));
    large[8192] = '\0';
    assert_int_equal(post_json("/signup", large), 201);
    assert_int_equal(answer((struct ask){.method = "POST", .uri = "/logout", .type = JSON, .body = "{}"}), 204);
    free(large);
}

/* Control bytes and lengths that nginx would have stopped. */
static void test_bad_requests(void **state)
{
    static char longest[10000];

    (void)state;
    memset(longest, 'a', sizeof(longest) - 1);
    longest[0] = '/';
    (void)answer((struct ask){.uri = longest});
    expect_problem(__LINE__, 400, "bad-request");
    (void)answer((struct ask){.uri = "/session", .cookie = longest});
    expect_problem(__LINE__, 400, "bad-request");
    (void)answer((struct ask){.uri = "/session", .agent = "a\r\nlevel=error event=forged"});
    expect_problem(__LINE__, 400, "bad-request");
    (void)answer((struct ask){.uri = "/a\nevent=forged"});
    expect_problem(__LINE__, 400, "bad-request");
    (void)answer((struct ask){.uri = "", .method = "GET"});
    expect_problem(__LINE__, 400, "bad-request");
    assert_int_equal(answer((struct ask){.uri = "/model"}), 200);
}

static void test_health(void **state)
{
    (void)state;
    assert_int_equal(answer((struct ask){.uri = "/healthz", .host = "10.0.0.1"}), 200);
    assert_string_equal(got.text, "{\"status\":\"ok\"}");
    assert_int_equal(answer((struct ask){.uri = "/readyz", .no_host = true}), 200);
    steady = false;
    (void)answer((struct ask){.uri = "/readyz"});
    expect_problem(__LINE__, 503, "not-ready");
    assert_string_equal(header("Retry-After"), "2");
    steady = true;
    app.store = NULL;
    (void)answer((struct ask){.uri = "/readyz"});
    expect_problem(__LINE__, 503, "not-ready");
    assert_int_equal(answer((struct ask){.uri = "/healthz"}), 200);
    assert_int_equal(fixture_logged(&db, "not_ready"), 2);
}

/* R74: without a database, 503 where it is needed and nowhere else; never a log-in. */
static void test_no_database(void **state)
{
    (void)state;
    sign_up("a@example.org");
    app.store = NULL;
    (void)get_session();
    expect_problem(__LINE__, 503, "unavailable");
    (void)post_picture("image/png", NULL, seven, seven_n);
    expect_problem(__LINE__, 503, "unavailable");
    (void)post_credentials("/login", "a@example.org", GOOD);
    expect_problem(__LINE__, 503, "unavailable");
    (void)post_credentials("/signup", "b@example.org", GOOD);
    expect_problem(__LINE__, 503, "unavailable");
    assert_int_equal(answer((struct ask){.uri = "/model"}), 200);
    app.store = db.store;
    assert_int_equal(get_session(), 200);
}

/* The model card: metadata that hold JSON come out as JSON, others as text. */
static void test_model(void **state)
{
    struct json *layers, *meta;
    int64_t n = 0, sum = 0;
    double v = 0;

    (void)state;
    model_set_meta(model, "name", "digits");
    model_set_meta(model, "curves", "{\"loss\":[1.5,0.25]}");
    model_set_meta(model, "validation_accuracy", "0.9962");
    model_set_meta(model, "command", "digit train --epochs 3");
    model_set_meta(model, "split", "[55000,5000]");
    model_set_meta(model, "broken", "{\"loss\":");
    model_set_meta(model, "dataset", "1234567890123456789012345678901234567890123456789012345678901234");
    assert_int_equal(answer((struct ask){.uri = "/model"}), 200);
    assert_string_equal(json_get_str(got.json, "name", NULL), "digits");
    assert_string_equal(json_get_str(got.json, "sha256", NULL), model->sha256);
    layers = json_get(got.json, "layers");
    assert_int_equal(json_len(layers), 9);
    for (size_t i = 0; i < json_len(layers); i++)
        if (json_get_int(json_at(layers, i), "parameters", &n))
            sum += n;
    assert_true(json_get_int(got.json, "parameters", &n) && n == sum && n == (int64_t)model->n_params);
    assert_string_equal(json_get_str(json_at(layers, 0), "type", NULL), "conv2d");
    assert_true(json_get_int(json_at(layers, 2), "out", &n) && n == 64);
    assert_true(json_int(json_at(json_get(json_at(layers, 1), "out_shape"), 1), &n) && n == 14);
    meta = json_get(got.json, "metadata");
    assert_true(json_num(json_at(json_get(json_get(meta, "curves"), "loss"), 1), &v) && v == 0.25);
    assert_true(json_get_num(meta, "validation_accuracy", &v) && v == 0.9962);
    assert_string_equal(json_get_str(meta, "command", NULL), "digit train --epochs 3");
    assert_true(json_int(json_at(json_get(meta, "split"), 0), &n) && n == 55000);
    assert_string_equal(json_get_str(meta, "broken", NULL), "{\"loss\":");
    assert_int_equal(strlen(json_get_str(meta, "dataset", NULL)), 64);
    assert_true(json_get_num(got.json, "ink_above", &v) && v == 1);
    assert_non_null(json_get(got.json, "reject_below"));
    assert_false(json_get_num(got.json, "reject_below", &v)); /* null: there is no rule */
    assert_int_equal(model_reject_new(model, 3, NULL), OK);
    model->reject.below = -2.5F;
    assert_int_equal(answer((struct ask){.uri = "/model"}), 200);
    assert_true(json_get_num(got.json, "reject_below", &v) && v == -2.5);
    model_reject_clear(model);
}

/* R87 to R89: each request one line with its id, route, status and time; none of them tells a secret. */
static void test_log(void **state)
{
    static char text[1 << 16];
    char token[64];
    ssize_t n;
    int lines = 0, with_user = 0;

    (void)state;
    sign_up("canary-address@example.org");
    (void)snprintf(token, sizeof(token), "%s", strchr(cookie_jar, '=') + 1);
    (void)post_credentials("/login", "canary-address@example.org", "canary-password");
    (void)post_picture("image/png", "input=1&canary-query=1", seven, seven_n);
    (void)answer((struct ask){.uri = "/no \"such\" \xe2\x80\xae path", .agent = "agent\x1b"});
    (void)answer((struct ask){.uri = "/nothing/\xe2\x80\xae\"x y\""});
    n = pread(db.log_fd, text, sizeof(text) - 1, 0);
    assert_true(n > 0);
    text[n] = '\0';
    assert_int_equal(fixture_logged(&db, "request"), 5);
    assert_int_equal(fixture_logged(&db, "signed_up"), 1);
    assert_int_equal(fixture_logged(&db, "login_failed"), 1);
    assert_null(strstr(text, token));
    assert_null(strstr(text, GOOD));
    assert_null(strstr(text, "canary"));
    assert_null(strstr(text, "$y$"));
    assert_non_null(strstr(text, "route=\"/classify\" status=200 ms="));
    assert_non_null(strstr(text, "path=\"/nothing/\\xe2\\x80\\xae\\\"x y\\\"\" status=404"));
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        assert_int_equal(strncmp(line, "ts=", 3), 0);
        assert_int_equal(strspn(line, " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
                                      "abcdefghijklmnopqrstuvwxyz{|}~"),
                         strlen(line));
        lines++;
        with_user += strstr(line, " event=request ") != NULL && strstr(line, " user=") != NULL;
        if (strstr(line, " event=request ") != NULL)
            assert_non_null(strstr(line, " id=\"" ID "\""));
    }
    assert_true(lines >= 7);
    assert_int_equal(with_user, 2);
}

static char route_seen[64], id_seen[64];

static void slow_decode(void *ctx, enum phase phase)
{
    (void)ctx;
    /* Told on entering a phase: the time that passes now is that phase's. */
    if (phase == PHASE_DECODE)
        clock_step(3);
    if (phase == PHASE_INFER)
        clock_step(2);
}

static void keep_route(void *ctx, const char *route, const char *id)
{
    (void)ctx;
    (void)snprintf(route_seen, sizeof(route_seen), "%s", route);
    (void)snprintf(id_seen, sizeof(id_seen), "%s", id);
}

/* R3: where the time of a slow request went; nothing of it in a quick one. */
static void test_phases(void **state)
{
    static char text[1 << 16];
    const char *line;
    ssize_t n;

    (void)state;
    sign_up("a@example.org");
    app.on_phase = slow_decode;
    app.on_route = keep_route;
    assert_int_equal(post_picture("image/png", NULL, seven, seven_n), 200);
    assert_string_equal(route_seen, "/classify");
    assert_string_equal(id_seen, ID);
    n = pread(db.log_fd, text, sizeof(text) - 1, 0);
    assert_true(n > 0);
    text[n] = '\0';
    line = strstr(text, "route=\"/classify\"");
    assert_non_null(line);
    assert_non_null(strstr(line, " ms=50"));
    assert_non_null(strstr(line, " decode_ms=30"));
    assert_non_null(strstr(line, " infer_ms=20"));
    assert_non_null(strstr(line, " read_ms=0 "));
    assert_non_null(strstr(line, " hash_ms=0 "));
    assert_null(strstr(strstr(text, "route=\"/signup\""), "decode_ms=0"));
}

/* R49: what a request leaves behind in the worker's own memory. */
static void test_wiped(void **state)
{
    (void)state;
    sign_up("a@example.org");
    for (int i = 0; i < 2; i++) {
        const char *was = buf_data(app.body);

        (void)post_credentials("/login", "a@example.org", i == 0 ? "not the password" : GOOD);
        assert_ptr_equal(buf_data(app.body), was);
        assert_int_equal(buf_len(app.body), 0);
        for (int k = 0; k < 48; k++) /* each body was longer */
            assert_int_equal(was[k], 0);
    }
}

static bool count_methods(const char *path, struct json *methods, void *ctx)
{
    char allow[ROUTE_ALLOW_MAX], real[64];
    int64_t id;

    (void)snprintf(real, sizeof(real), "%.*s%s", (int)strcspn(path, "{"), path, strchr(path, '{') == NULL ? "" : "1");
    *(size_t *)ctx += json_members(methods);
    (void)route_find(real, METHOD_OTHER, allow, &id);
    if (allow[0] == '\0')
        fail_msg("html/openapi.json has %s, the route table has not", path);
    return true;
}

/* html/openapi.json has the routes of the table and the names of the problems, no more and no fewer. (That each status
 * a test meets is described, answer() looks at.) Breaks when one of the two is changed without the other. */
static void test_openapi(void **state)
{
    struct json *names = json_get(json_get(openapi(), "components"), "schemas");
    size_t n = 0, found = 0;

    (void)state;
    for (size_t i = 0; i < n_routes; i++)
        if (openapi_operation(routes[i].path, method_name(routes[i].method)) == NULL)
            fail_msg("html/openapi.json lacks %s", routes[i].path);
    json_each(json_get(openapi(), "paths"), count_methods, &n);
    assert_int_equal(n, n_routes);
    names = json_get(json_get(json_get(json_get(names, "Problem"), "properties"), "type"), "enum");
    for (int i = 0; i < PROBLEM_COUNT; i++)
        for (size_t k = 0; k < json_len(names); k++)
            found += strcmp(json_str(json_at(names, k), NULL) + strlen("problems/"), problems[i].name) == 0;
    assert_int_equal(found, PROBLEM_COUNT);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, app_set_up, app_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_journey),
        TEST(test_stored_token),
        TEST(test_classify),
        TEST(test_several_parts),
        TEST(test_bad_pictures),
        TEST(test_bad_uploads),
        TEST(test_area_of_a_request),
        TEST(test_alternating_pictures),
        TEST(test_bad_accounts),
        TEST(test_one_same_401),
        TEST(test_hash_upgrade),
        TEST(test_sessions_expire),
        TEST(test_cookie_twice),
        TEST(test_hosts),
        TEST(test_routes),
        TEST(test_other_sites),
        TEST(test_lengths),
        TEST(test_bad_requests),
        TEST(test_health),
        TEST(test_no_database),
        TEST(test_model),
        TEST(test_log),
        TEST(test_phases),
        TEST(test_wiped),
        TEST(test_openapi),
    };

    return cmocka_run_group_tests_name("api", tests, set_up_all, tear_down_all);
}
