/* What POST /classify is asked for beyond the answer: steps, wishes, and what each bad query gets; and the pictures
 * behind a lost decoder. */
#include "fixture_pictures.h"

#include <sys/wait.h>

#include <signal.h>

#include "base/base64.h"
#include "image/image.h"

#define BODY_MAX (10 * 1024 * 1024)

static uint8_t *drawing, *dark;
static size_t drawing_n, dark_n;

static int set_up_all(void **state)
{
    drawing = file_read(PICTURES "digit-5-drawing.png", &drawing_n); /* 800 x 600 */
    dark = file_read(PICTURES "digit-9-dark.png", &dark_n);          /* light ink */
    return seven_read(state);
}

static int tear_down_all(void **state)
{
    free(drawing);
    free(dark);
    return seven_free(state);
}

static int ask_one(const char *query, const void *bytes, size_t n)
{
    return answer((struct ask){
        .method = "POST", .uri = "/classify", .query = query, .type = "image/png", .body = bytes, .body_n = n});
}

static int ask_many(const char *query, int parts, const void *bytes, size_t n)
{
    struct buf *form = buf_new(BODY_MAX);
    int status;

    for (int i = 0; i < parts; i++)
        form_add(form, "a.png", bytes, n);
    assert_int_equal(buf_add_str(form, "--b--\r\n"), OK);
    status = answer((struct ask){.method = "POST",
                                 .uri = "/classify",
                                 .query = query,
                                 .type = FORM,
                                 .body = buf_data(form),
                                 .body_n = buf_len(form)});
    buf_free(form);
    return status;
}

static const struct json *result(size_t i)
{
    return json_at(json_get(got.json, "results"), i);
}

static const struct json *step(const struct json *r, const char *name)
{
    const struct json *steps = json_get(r, "steps");

    for (size_t i = 0; i < json_len(steps); i++)
        if (strcmp(json_get_str(json_at(steps, i), "name", NULL), name) == 0)
            return json_at(steps, i);
    return NULL;
}

static int number(const struct json *v, const char *key)
{
    int64_t n = -1;

    assert_true(json_get_int(v, key, &n));
    return (int)n;
}

static bool flag(const struct json *v, const char *key)
{
    bool is = false;

    assert_true(json_get_bool(v, key, &is));
    return is;
}

/* Each step is there whole: its bytes are as many as its sides say, and no side is longer than side_max. */
static void expect_steps(const struct json *r, int side_max)
{
    const struct json *steps = json_get(r, "steps");

    assert_true(json_len(steps) >= 2 && json_len(steps) <= DECODER_STEPS_MAX);
    for (size_t i = 0; i < json_len(steps); i++) {
        const struct json *s = json_at(steps, i);
        const int w = number(s, "width"), h = number(s, "height");
        size_t n;

        assert_non_null(json_get_str(s, "name", NULL));
        assert_non_null(json_get_str(s, "grey", &n));
        assert_true(w >= 1 && h >= 1 && w <= side_max && h <= side_max);
        assert_int_equal(n, BASE64_CHARS((size_t)w * (size_t)h));
    }
}

/* Breaks when a step is left out, is not the one it says, or comes unasked. */
static void test_steps(void **state)
{
    uint8_t *raw;
    size_t n;
    char base64[BASE64_CHARS(DIGIT_PIXELS) + 1];

    (void)state;
    raw = file_read(PICTURES "digit-7.raw", &n);
    base64_encode(raw, n, base64);
    sign_up("a@example.org");
    assert_int_equal(ask_one("steps=1&input=1", seven, seven_n), 200);
    expect_steps(result(0), 28);
    assert_string_equal(json_get_str(json_at(json_get(result(0), "steps"), 0), "name", NULL), "grey");
    assert_string_equal(json_get_str(step(result(0), "grey"), "grey", NULL), base64);
    assert_string_equal(json_get_str(step(result(0), "input"), "grey", NULL), base64);
    assert_string_equal(json_get_str(result(0), "input", NULL), base64);

    assert_int_equal(ask_one("steps=1", drawing, drawing_n), 200);
    expect_steps(result(0), 200);
    assert_int_equal(number(step(result(0), "grey"), "width"), 200);
    assert_int_equal(number(step(result(0), "grey"), "height"), 150);
    assert_null(json_get(result(0), "input"));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask_one(i == 0 ? "steps=0" : "input=1", drawing, drawing_n), 200);
        assert_null(json_get(result(0), "steps"));
    }
    free(raw);
}

/* A square of 300 px with five bars, whose first steps are as large as they can be. */
static struct buf *make_square(void)
{
    enum { SIDE = 300 };
    static uint8_t px[SIDE * SIDE];
    struct buf *png = buf_new(BODY_MAX);

    for (int i = 0; i < SIDE * SIDE; i++)
        px[i] = i % SIDE > 2 && i % SIDE < SIDE - 3 && i / SIDE % 60 < 30 ? 0 : 255;
    assert_int_equal(image_write_png(&(struct raster){SIDE, SIDE, px}, png), OK);
    return png;
}

/* Several pictures share the room of one; a reply never outgrows nginx's buffers (fastcgi_buffers: 512 KiB), or a slow
 * client would hold the worker. Breaks when the sides, or the number of pictures, are no longer bounded. */
static void test_steps_are_bounded(void **state)
{
    static const struct {
        int parts, side;
    } cases[] = {{1, 200}, {2, 141}, {4, 100}, {8, 70}};
    struct buf *square = make_square();

    (void)state;
    sign_up("a@example.org");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(ask_many("input=1&steps=1", cases[i].parts, buf_data(square), buf_len(square)), 200);
        for (int k = 0; k < cases[i].parts; k++) {
            expect_steps(result((size_t)k), cases[i].side);
            assert_int_equal(number(step(result((size_t)k), "grey"), "width"), cases[i].side);
        }
        assert_true(got.text_n > 100 * 1024 && got.text_n < 512 * 1024);
    }
    (void)ask_many("steps=1", 9, seven, seven_n);
    expect_problem(__LINE__, 400, "bad-request");
    assert_int_equal(ask_many("steps=0", 9, seven, seven_n), 200);
    buf_free(square);
}

/* Breaks when a wish is not passed on, or one request's wish stays for the next. */
static void test_wishes(void **state)
{
    const struct json *p;

    (void)state;
    sign_up("a@example.org");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask_one("", dark, dark_n), 200);
        assert_false(flag(json_get(result(0), "preprocessing"), "inverted"));
        assert_int_equal(ask_one("invert=auto&center=mass", dark, dark_n), 200);
        assert_false(flag(json_get(result(0), "preprocessing"), "inverted"));
        assert_int_equal(ask_one("invert=yes", dark, dark_n), 200);
        assert_true(flag(json_get(result(0), "preprocessing"), "inverted"));
        assert_int_equal(ask_one("invert=no", drawing, drawing_n), 200);
        assert_false(flag(json_get(result(0), "preprocessing"), "inverted"));
        assert_int_equal(ask_one("", drawing, drawing_n), 200);
        p = json_get(result(0), "preprocessing");
        assert_true(flag(p, "inverted"));
        assert_false(flag(p, "upright"));
        assert_string_equal(json_get_str(p, "channel", NULL), "luminance");

        assert_int_equal(ask_one("steps=1&center=none", dark, dark_n), 200);
        p = step(result(0), "scaled");
        assert_true(number(p, "width") == 28 || number(p, "height") == 28);
        assert_int_equal(ask_one("steps=1&center=box", dark, dark_n), 200);
        p = step(result(0), "scaled");
        assert_true(number(p, "width") == 20 || number(p, "height") == 20);
    }
    /* Unknown parameters are no errors, and a name inside another name or a value is not that parameter. */
    assert_int_equal(ask_one("other=1&noinvert=yes&invert2=yes&a=invert=yes&center=mass&=&&x", seven, seven_n), 200);
    assert_true(flag(json_get(result(0), "preprocessing"), "unchanged"));
}

/* Breaks when a query that says something else than it means is answered all the same. */
static void test_bad_queries(void **state)
{
    static const struct {
        int line;
        const char *query, *said;
    } cases[] = {
        {__LINE__, "input=2", "0 or 1"},
        {__LINE__, "input", "0 or 1"},
        {__LINE__, "input=", "0 or 1"},
        {__LINE__, "steps=2", "0 or 1"},
        {__LINE__, "steps=true", "0 or 1"},
        {__LINE__, "steps=%31", "0 or 1"},
        {__LINE__, "steps=1 ", "0 or 1"},
        {__LINE__, "invert=maybe", "auto, yes or no"},
        {__LINE__, "invert=YES", "auto, yes or no"},
        {__LINE__, "invert=yes=no", "auto, yes or no"},
        {__LINE__, "center=", "mass, box or none"},
        {__LINE__, "center=boxes", "mass, box or none"},
        {__LINE__, "center=ma", "mass, box or none"},
        {__LINE__, "steps=1&steps=1", "twice"},
        {__LINE__, "invert=yes&x=1&invert=no", "twice"},
        {__LINE__, "input=1&center=mass&center", "twice"},
    };

    (void)state;
    sign_up("a@example.org");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)ask_one(cases[i].query, seven, seven_n);
        expect_problem(cases[i].line, 400, "bad-request");
        if (strstr(json_get_str(got.json, "detail", NULL), cases[i].said) == NULL)
            fail_msg("line %d: %s", cases[i].line, got.text);
        assert_int_equal(ask_one("", seven, seven_n), 200);
    }
}

/* Design section 1: behind a lost decoder a picture is to be sent again, and the reply is finished. Breaks when it is
 * called damaged, or takes the request along. */
static void test_lost_decoder(void **state)
{
    siginfo_t info;

    (void)state;
    sign_up("a@example.org");
    assert_int_equal(kill(decoder_pid(decoder), SIGKILL), 0);
    /* One that is only about to die could still take the ask, and its death would then be the picture's fault. */
    assert_int_equal(waitid(P_PID, (id_t)decoder_pid(decoder), &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(ask_many("", 3, seven, seven_n), 200);
    assert_int_equal(json_len(json_get(got.json, "results")), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(json_get_str(result(i), "status", NULL), "error");
        assert_string_equal(json_get_str(json_get(result(i), "problem"), "type", NULL), "problems/send-again");
        assert_int_equal(number(json_get(result(i), "problem"), "status"), 503);
    }
    (void)ask_one("steps=1", seven, seven_n);
    expect_problem(__LINE__, 503, "send-again");
    assert_non_null(header("Retry-After"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, app_set_up, app_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_steps), TEST(test_steps_are_bounded), TEST(test_wishes),
                                       TEST(test_bad_queries), TEST(test_lost_decoder)};

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
