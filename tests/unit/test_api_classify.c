/* POST /classify, and GET /model, through the worker as a whole: the answer is the network's own, and what each bad
 * picture and upload gets. A test that refuses something also looks that nothing was stored and that the next request
 * is answered. */
#include "fixture_pictures.h"

#include "base/base64.h"
#include "normalise/normalise.h"

static struct json *first_result(void)
{
    return json_at(json_get(got.json, "results"), 0);
}

/* The answer is the network's own: breaks when a pixel, a class or a name goes astray between picture and JSON. */
static void test_classify(void **state)
{
    size_t n, input_n;
    uint8_t *raw = file_read(PICTURES "digit-7.raw", &n), input[DIGIT_PIXELS];
    const struct raster raster = {.w = 28, .h = 28, .px = raw};
    struct normalise_steps steps;
    struct answer want;
    char base64[BASE64_CHARS(DIGIT_PIXELS) + 1];
    struct json *r, *p;
    double sum = 0, v = 0;
    int64_t i64 = 0;
    bool flag = false;

    (void)state;
    assert_int_equal(n, DIGIT_PIXELS);
    assert_int_equal(normalise(&raster, input, &steps), OK);
    cnn_answer(cnn, input, &want, app.scratch);
    base64_encode(input, DIGIT_PIXELS, base64);
    sign_up("a@example.org");

    assert_int_equal(post_picture("image/png", "input=1", seven, seven_n), 200);
    assert_string_equal(json_get_str(json_get(got.json, "model"), "name", NULL), "tiny");
    assert_string_equal(json_get_str(json_get(got.json, "model"), "sha256", NULL), model->sha256);
    assert_int_equal(json_len(json_get(got.json, "results")), 1);
    r = first_result();
    assert_string_equal(json_get_str(r, "name", NULL), "");
    assert_string_equal(json_get_str(r, "status", NULL), verdict_name(want.verdict));
    if (want.unsure_because == UNSURE_NOT)
        assert_true(json_is_null(json_get(r, "unsure_because")));
    else
        assert_string_equal(json_get_str(r, "unsure_because", NULL), unsure_name(want.unsure_because));
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

/* A request whose deadline is near is answered with what was read until then, instead of being killed with it. */
static void test_late(void **state)
{
    struct buf *form = buf_new(100000);
    const int deadline_s = conf.request_deadline_s;
    const struct json *results;

    (void)state;
    sign_up("late@example.org");
    for (int i = 0; i < 3; i++)
        form_add(form, "seven.png", seven, seven_n);
    conf.request_deadline_s = 0;
    assert_int_equal(post_parts(form), 200);
    results = json_get(got.json, "results");
    assert_int_equal(json_len(results), 3);
    assert_null(json_get(json_at(results, 0), "problem")); /* one is always read */
    for (size_t i = 1; i < 3; i++) {
        const struct json *problem = json_get(json_at(results, i), "problem");

        assert_string_equal(json_get_str(json_at(results, i), "name", NULL), "seven.png");
        assert_string_equal(json_get_str(problem, "type", NULL), "problems/too-many-digits");
        assert_non_null(strstr(json_get_str(problem, "detail", NULL), "Send fewer at a time"));
    }
    conf.request_deadline_s = deadline_s;
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

/* The same form as to the main pool, to the large one. */
static int post_large(struct buf *form)
{
    static const char end[] = "--b--\r\n";
    const size_t n = strlen(end);

    if (memcmp(buf_data(form) + buf_len(form) - n, end, n) != 0)
        assert_int_equal(buf_add_str(form, end), OK);
    return answer((struct ask){.method = "POST",
                               .uri = "/classify",
                               .type = FORM,
                               .body = buf_data(form),
                               .body_n = buf_len(form),
                               .large_pool = true});
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
    assert_int_equal(post_large(form), 200);
    assert_string_equal(json_get_str(first_result(), "status", NULL), "error");
    buf_free(form);
}

/* Breaks when the main pool reads what has many pixels, hands over what has few, or counts what it hands over. */
static void test_hand_over(void **state)
{
    static const struct {
        int w, h, n;
        bool large;
    } cases[] = {{1000, 1000, 1, false},
                 {1001, 1000, 1, true},
                 {5000, 5000, 1, true},
                 {500, 500, 4, false},
                 {500, 501, 4, true}};
    struct buf *form = buf_new(1 << 20);

    (void)state;
    sign_up("a@example.org");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct made png = {.n = 0};

        put(&png, "\x89PNG\r\n\x1a\n", 8);
        put_png_ihdr(&png, (uint32_t)cases[i].w, (uint32_t)cases[i].h);
        put_png_chunk(&png, "IDAT", "x", 1);
        put_png_chunk(&png, "IEND", "", 0);
        buf_reset(form);
        for (int k = 0; k < cases[i].n; k++)
            form_add(form, "a.png", png.b, png.n);
        (void)post_parts(form);
        if (!cases[i].large) {
            assert_true(got.status == 422 || got.status == 200);
            assert_null(header("X-Accel-Redirect"));
            continue;
        }
        assert_int_equal(got.status, 204);
        assert_string_equal(header("X-Accel-Redirect"), "@digitd_large");
        assert_int_equal(got.counted, 0);
        (void)post_large(form);
        assert_true(got.status == 422 || got.status == 200);
        assert_int_equal(got.counted, got.status);
    }
    buf_free(form);
}

/* What the gate is told before it takes a body. Breaks when it is told an account for nobody, or nothing for somebody;
 * or when a body is waited for. */
static void test_whose(void **state)
{
    struct ask a = {
        .method = "POST", .uri = "/classify", .type = FORM, .length = "5000000", .gate = true, .cookie = ""};

    (void)state;
    sign_up("a@example.org");
    (void)answer(a);
    expect_problem(__LINE__, 401, "log-in-first");
    assert_int_equal(got.counted, 401);
    a.cookie = NULL;
    assert_int_equal(answer(a), 204);
    assert_string_equal(header("X-Digitd-Account"), "1");
    assert_int_equal(got.counted, 0);
    a.length = ""; /* chunked: the length comes with the body */
    assert_int_equal(answer(a), 204);
    a.length = "10485761";
    (void)answer(a);
    expect_problem(__LINE__, 413, "too-large");
    a.length = "5000000";
    a.type = "text/plain";
    (void)answer(a);
    expect_problem(__LINE__, 415, "unsupported-type");
    a.type = FORM;
    a.origin = "http://elsewhere.example";
    (void)answer(a);
    expect_problem(__LINE__, 403, "cross-site");
    a = (struct ask){.method = "POST",
                     .uri = "/classify",
                     .type = "image/png",
                     .length = "",
                     .late_length = "3",
                     .body = "abc",
                     .main_pool = true};
    (void)answer(a);
    expect_problem(__LINE__, 415, "unsupported-picture"); /* it was read */
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

/* The model card: metadata that hold JSON come out as JSON, others as text. */
static void test_model(void **state)
{
    struct json *layers, *meta;
    int64_t n = 0, sum = 0;
    double v = 0;

    (void)state;
    model->look_again_below = 0.75F;
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
    assert_true(json_get_num(got.json, "look_again_below", &v) && v == 0.75);
    assert_non_null(json_get(got.json, "reject_below"));
    assert_false(json_get_num(got.json, "reject_below", &v)); /* null: there is no rule */
    assert_int_equal(model_reject_new(model, 3, NULL), OK);
    model->reject.below = -2.5F;
    model->reject.doubt = -1.5F;
    assert_int_equal(answer((struct ask){.uri = "/model"}), 200);
    assert_true(json_get_num(got.json, "reject_below", &v) && v == -2.5);
    assert_true(json_get_num(got.json, "doubt_below", &v) && v == -1.5);
    assert_non_null(json_get(got.json, "card"));
    assert_false(json_is_object(json_get(got.json, "card"))); /* null: there is none */
    app.card = json_new_object();
    json_set_str(app.card, "sha256", model->sha256);
    assert_int_equal(answer((struct ask){.uri = "/model"}), 200);
    assert_int_equal(answer((struct ask){.uri = "/model"}), 200); /* the card outlives a reply */
    assert_string_equal(json_get_str(json_get(got.json, "card"), "sha256", NULL), model->sha256);
    json_free(app.card);
    app.card = NULL;
    model_reject_clear(model);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, app_set_up, app_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_classify),     TEST(test_several_parts), TEST(test_late),
        TEST(test_bad_pictures), TEST(test_bad_uploads),   TEST(test_area_of_a_request),
        TEST(test_hand_over),    TEST(test_whose),         TEST(test_alternating_pictures),
        TEST(test_model),
    };

    return cmocka_run_group_tests_name("api_classify", tests, seven_read, seven_free);
}
