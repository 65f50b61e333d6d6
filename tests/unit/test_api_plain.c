/* Without scripts: bodies of plain forms, and HTML where Accept prefers it. */
#include "fixture_pictures.h"

#include "web/pictures/pictures.h"
#include "web/http/form_body.h"

#define HTML    "text/html,application/xhtml+xml,*/*;q=0.8"
#define ENCODED "application/x-www-form-urlencoded"

/* What a browser sends when the form at uri is sent; of another page's where origin is given. */
static int send_form(const char *uri, const char *body, const char *origin)
{
    return answer((struct ask){
        .method = "POST", .uri = uri, .type = ENCODED, .body = body, .accept = HTML, .origin = origin, .site = NULL});
}

static void expect_page(int line, int status, const char *text)
{
    if (got.status != status || strstr(got.text, text) == NULL)
        fail_msg("line %d: not %d \"%s\": %s", line, status, text, got.bytes);
    assert_string_equal(header("Content-Type"), "text/html; charset=utf-8");
    assert_string_equal(header("Vary"), "Accept");
    assert_int_equal(strtoul(header("Content-Length"), NULL, 10), got.text_n);
    assert_int_equal(strncmp(got.text, "<!doctype html>", 15), 0);
    assert_non_null(strstr(got.text, "</html>\n"));
}

/* Breaks when a form needs more than a browser sends, when it answers with a page that loading again would send again,
 * or when the cookie is lost on the way. */
static void forms(void **state)
{
    (void)state;
    assert_int_equal(send_form("/signup", "email=a%40example.org&password=a+quiet+violet+harbour&invitation=", NULL),
                     303);
    assert_string_equal(header("Location"), "./#signed-in");
    assert_int_equal(got.text_n, 0);
    assert_true(set_cookie[0] != '\0' && set_device[0] != '\0');
    assert_int_equal(ask_as(NULL, "GET", "/session"), 200);
    assert_int_equal(answer((struct ask){.method = "POST", .uri = "/logout", .accept = HTML}), 303);
    assert_string_equal(header("Location"), "./#signed-out");
    assert_string_equal(cookie_jar, "");
    assert_int_equal(send_form("/login", "password=a%20quiet%20violet%20harbour&email=a@example.org", NULL), 303);
    assert_int_equal(ask_as(NULL, "GET", "/session"), 200);
    cookie_jar[0] = '\0';
    (void)send_form("/login", "email=a%40example.org&password=wrong", NULL);
    expect_page(__LINE__, 401, "<h1>The address or the password is wrong.</h1>\n<p>Check both, then try again.</p>");
    assert_non_null(header("WWW-Authenticate"));
    (void)send_form("/signup", "email=a%40example.org&password=a+quiet+violet+harbour", NULL);
    expect_page(__LINE__, 409, "<h1>This address already has an account.</h1>");
    (void)send_form("/login", "email=a&email=b&password=x", NULL);
    expect_page(__LINE__, 400, "A field of the form comes twice.");
    (void)send_form("/login", "email=a&password=x&admin=1", NULL);
    expect_page(__LINE__, 422, "&quot;email&quot;");
    /* A program that asks for JSON gets JSON, whatever it sent; one that says not where it comes from sends JSON. */
    (void)answer((struct ask){.method = "POST", .uri = "/login", .type = ENCODED, .body = "email=a&password=b"});
    expect_problem(__LINE__, 401, "wrong-login");
    (void)answer((struct ask){.method = "POST",
                              .uri = "/login",
                              .type = ENCODED,
                              .body = "email=a%40example.org&password=a+quiet+violet+harbour",
                              .no_origin = true});
    expect_problem(__LINE__, 415, "unsupported-type");
    (void)answer((struct ask){.method = "POST", .uri = "/account/forgot", .type = ENCODED, .body = "email=a"});
    expect_problem(__LINE__, 415, "unsupported-type");
}

/* R63, R64. */
static void forms_of_others(void **state)
{
    static const char *const origins[] = {"http://evil.example", "null", "http://localhost:9090"};
    const int before = rows();

    (void)state;
    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
        (void)send_form("/signup", "email=a%40example.org&password=a+quiet+violet+harbour", origins[i]);
        expect_page(__LINE__, 403, "<h1>The request came from another site.</h1>");
        assert_string_equal(set_cookie, "");
    }
    assert_int_equal(rows(), before);
}

static void by_mail(void **state)
{
    (void)state;
    memcpy(conf.mail_command, "/bin/true", sizeof("/bin/true"));
    (void)send_form("/signup", "email=a%40example.org&password=", NULL);
    conf.mail_command[0] = '\0';
    expect_page(__LINE__, 202, "<h1>A mail is on its way.</h1>");
}

/* R83. Breaks when a client's text becomes markup. */
static void results(void **state)
{
    struct buf *form = buf_new(1 << 20);

    (void)state;
    sign_up("a@example.org");
    form_add(form, "<script>x</script>&'.png", seven, seven_n);
    form_add(form, "no.png", "no", 2);
    (void)buf_add_str(form, "--b--\r\n");
    (void)answer((struct ask){.method = "POST",
                              .uri = "/classify",
                              .type = FORM,
                              .accept = HTML,
                              .body = buf_data(form),
                              .body_n = buf_len(form)});
    expect_page(__LINE__, 200, "<h2>&lt;script&gt;x&lt;/script&gt;&amp;&#39;.png</h2>");
    assert_null(strstr(got.text, "<script"));
    assert_non_null(strstr(got.text, "<h2>no.png</h2>\n<p>This file format is not supported.</p>"));
    assert_int_equal(sql_int(db.store, "SELECT count(*) FROM history"), 0);
    sql_do(db.store, "PRAGMA query_only = ON");
    (void)answer((struct ask){.method = "POST",
                              .uri = "/classify",
                              .query = "save=1",
                              .type = "image/png",
                              .accept = HTML,
                              .body = seven,
                              .body_n = seven_n});
    sql_do(db.store, "PRAGMA query_only = OFF");
    expect_page(__LINE__, 200, "<p>The answer is right here, but it could not be saved to the history.</p>");
    (void)answer((struct ask){
        .method = "POST", .uri = "/classify", .type = "image/png", .accept = HTML, .body = "no", .body_n = 2});
    expect_page(__LINE__, 415, "<h1>This file format is not supported.</h1>");
    (void)answer((struct ask){.method = "POST", .uri = "/classify/<b>/x", .accept = HTML});
    expect_page(__LINE__, 404, "href=\"../../css/digitd.css\"");
    assert_null(strstr(got.text, "<b>"));
    assert_int_equal(answer((struct ask){.method = "HEAD", .uri = "/account/export", .accept = HTML, .cookie = ""}),
                     401);
    assert_int_equal(got.text_n, 0);
    buf_free(form);
}

/* Breaks when a float that has rounded to 1 is told as certainty, which the page never does. */
static void never_certain(void **state)
{
    struct request req = {.path = "/classify"};
    struct app bare = {.reply = reply_new()};
    struct call c = {.app = &bare, .req = &req};
    struct json *v = json_new_object(), *result = json_add_object(json_set_array(v, "results"));
    size_t n;

    (void)state;
    json_set_str(result, "status", "digit");
    json_set_int(result, "digit", 7);
    json_set_num(result, "confidence", 1);
    pictures_page(&c, v);
    (void)reply_bytes(bare.reply, &n);
    assert_non_null(strstr(reply_rest(bare.reply, &n), "<p>99.9&nbsp;% confident</p>"));
    reply_free(bare.reply);
}

/* Breaks when a browser without scripts is not told what the answer is unsure about. */
static void what_it_is_unsure_about(void **state)
{
    static const struct {
        const char *because;
        int other;
        const char *says;
    } cases[] = {
        {"confidence", 1, "<p>Unsure: it may also be a 1 (40.0&nbsp;%).</p>"},
        {"confidence", 8, "<p>Unsure: it may also be an 8 (40.0&nbsp;%).</p>"},
        {"unfamiliar", 1, "<p>Unsure: It is unlike the digits that the network was trained on.</p>"},
        {"both", 1,
         "<p>Unsure: it may also be a 1 (40.0&nbsp;%). It is unlike the digits that the network was trained on.</p>"}};

    (void)state;
    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        struct request req = {.path = "/classify"};
        struct app bare = {.reply = reply_new()};
        struct call c = {.app = &bare, .req = &req};
        struct json *v = json_new_object(), *result = json_add_object(json_set_array(v, "results")), *p;
        size_t n;

        json_set_str(result, "status", "unsure");
        json_set_str(result, "unsure_because", cases[k].because);
        json_set_int(result, "digit", 7);
        json_set_num(result, "confidence", 0.5);
        p = json_set_array(result, "probabilities");
        for (int i = 0; i < MODEL_CLASSES; i++)
            json_add_num(p, i == 7 ? 0.5 : i == cases[k].other ? 0.4 : 0.0125);
        pictures_page(&c, v);
        (void)reply_bytes(bare.reply, &n);
        if (strstr(reply_rest(bare.reply, &n), cases[k].says) == NULL)
            fail_msg("%s", reply_rest(bare.reply, &n));
        reply_free(bare.reply);
    }
}

/* Breaks when a page tells less than the JSON it is made of: {"results":[RESULT]} to a part of the page. */
static void expect_made(int line, const char *result, const char *says)
{
    char text[2048];
    struct request req = {.path = "/read"};
    struct app bare = {.reply = reply_new()};
    struct call c = {.app = &bare, .req = &req};
    struct json *v = NULL;
    size_t n;
    const int length = snprintf(text, sizeof(text), "{\"results\":[%s]}", result);

    if (json_parse(&v, text, (size_t)length, 16, NULL) != OK)
        fail_msg("line %d: no JSON", line);
    pictures_page(&c, v);
    (void)reply_bytes(bare.reply, &n);
    if (strstr(reply_rest(bare.reply, &n), says) == NULL)
        fail_msg("line %d: %s", line, reply_rest(bare.reply, &n));
    reply_free(bare.reply);
}

#define SIGN(d, u) "{\"digit\":" #d ",\"mark\":null,\"unsure\":" #u "}"
#define MARK(m)    "{\"digit\":null,\"mark\":\"" m "\",\"unsure\":false}"

static void numbers(void **state)
{
    (void)state;
    expect_made(__LINE__,
                "{\"status\":\"unsure\",\"unsure_because\":\"confidence\",\"rows\":[{\"text\":\"-1.2 "
                "3\",\"confidence\":0.5,\"digits\":[" MARK("-") "," SIGN(1, false) "," MARK(".") "," SIGN(
                    2, true) "," SIGN(3, false) "]}]}",
                "<p class=\"digit\">-1.<mark>2</mark> 3</p>\n<p>50.0&nbsp;% confident</p>\n"
                "<p>Unsure: check the marked digits.</p>");
    expect_made(__LINE__, /* plain=1: the text has no marks, the list of signs has */
                "{\"status\":\"unsure\",\"unsure_because\":\"confidence\",\"rows\":[{\"text\":\"12\","
                "\"confidence\":1,\"digits\":[" MARK("-") "," SIGN(1, false) "," MARK(".") "," SIGN(2, true) "]}]}",
                "<p class=\"digit\">1<mark>2</mark></p>\n<p>99.9&nbsp;% confident</p>");
    expect_made(__LINE__,
                "{\"status\":\"unsure\",\"unsure_because\":\"confidence\",\"rows\":[{\"text\":\"12\","
                "\"confidence\":0.6,\"digits\":[" SIGN(1, false) "," SIGN(2, false) "]}]}",
                "<p>Unsure: there may be a digit more, or one less.</p>");
    expect_made(__LINE__,
                "{\"status\":\"read\",\"unsure_because\":null,\"cells\":[[\"1\",\"\"],[\"\",\"23\"]],"
                "\"rows\":[{\"text\":\"1\",\"digits\":[" SIGN(1, false) "]},{\"text\":\"23\",\"digits\":[" SIGN(
                    2, true) "," SIGN(3, false) "]}]}",
                "<tr><td>1</td><td></td></tr>\n<tr><td></td><td><mark>2</mark>3</td></tr>\n");
    expect_made(__LINE__,
                "{\"status\":\"several\",\"unsure_because\":null,\"digit\":null,\"probabilities\":null,\"text\":"
                "\"20\\n24\"}",
                "<p class=\"digit\">20<br>24</p>\n<p>These are several digits.</p>");
    expect_made(
        __LINE__,
        "{\"status\":\"unsure\",\"unsure_because\":\"unfamiliar\",\"digit\":4,\"confidence\":0.9,"
        "\"probabilities\":[0,0,0,0,0.9,0,0,0,0,0.1],\"text\":\"21\"}",
        "It is unlike the digits that the network was trained on.</p>\n<p>It may also be several digits: 21</p>");
    expect_made(__LINE__, "{\"status\":\"no_digits\",\"unsure_because\":null,\"text\":\"\",\"rows\":[]}",
                "There are no digits here.");
}

static void expect_field(int line, const char *body, const char *name, const char *value)
{
    struct json *v = NULL;
    const char *was;

    if (form_body_parse(&v, body, strlen(body), NULL) != OK)
        fail_msg("line %d: refused", line);
    was = json_get_str(v, name, NULL);
    if (was == NULL || strcmp(was, value) != 0)
        fail_msg("line %d: \"%s\"", line, was == NULL ? "(none)" : was);
    json_free(v);
}

/* Breaks when a byte is decoded wrongly, twice, or past the end. */
static void bodies(void **state)
{
    static const char *const bad[] = {"a=%",   "a=%4",  "a=%4g",   "a=%00",     "a=%ff",
                                      "%ff=a", "a=%c3", "a=1&a=2", "a=1&%61=2", "%01=a"};
    static const char good[] = "email=%E2%82%AC%40x&password=a+b%2B";
    struct json *v = NULL;

    (void)state;
    expect_field(__LINE__, "a=b", "a", "b");
    expect_field(__LINE__, "a=b&&c=d&", "c", "d");
    expect_field(__LINE__, "a=x+y%2B%20%2b", "a", "x y+ +");
    expect_field(__LINE__, "a=b=c%26", "a", "b=c&");
    expect_field(__LINE__, "a=%C3%A9", "a", "\xc3\xa9");
    expect_field(__LINE__, "a%3D=1", "a=", "1");
    expect_field(__LINE__, "a", "a", "");
    expect_field(__LINE__, "a=%2541", "a", "%41");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (form_body_parse(&v, bad[i], strlen(bad[i]), NULL) != ERR_FORMAT || v != NULL)
            fail_msg("%s", bad[i]);
    assert_int_equal(form_body_parse(&v, "a=\0b", 4, NULL), ERR_FORMAT);
    assert_int_equal(form_body_parse(&v, "", 0, NULL), OK);
    assert_int_equal(json_members(v), 0);
    json_free(v);
    for (size_t n = 0; n < sizeof(good); n++) { /* cut at every byte, each copy as long as it says */
        char *cut = malloc(n == 0 ? 1 : n);

        assert_non_null(cut);
        memcpy(cut, good, n);
        if (form_body_parse(&v, cut, n, NULL) == OK)
            json_free(v);
        free(cut);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, app_set_up, app_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(forms),
        TEST(forms_of_others),
        TEST(by_mail),
        TEST(results),
        cmocka_unit_test(never_certain),
        cmocka_unit_test(what_it_is_unsure_about),
        cmocka_unit_test(numbers),
        cmocka_unit_test(bodies),
    };

    return cmocka_run_group_tests_name("api_plain", tests, seven_read, seven_free);
}
