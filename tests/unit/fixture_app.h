/* A whole worker without its socket: dispatch_answer with a peer made of tables, a real database, a real network with
 * seeded weights, and the cheapest hash. One global of each: a test program has one worker. */
#ifndef DIGITD_TESTS_FIXTURE_APP_H
#define DIGITD_TESTS_FIXTURE_APP_H

#include "fixture_store.h"

#include "base/json.h"
#include "answer/numbers.h"
#include "web/api/routes.h"
#include "web/dispatch.h"
#include "pictures.h"
#include "random_nets.h"

#define SITE "http://localhost:8080"
#define ID   "0123456789abcdef0123456789abcdef"
#define GOOD "a quiet violet harbour"
#define JSON "application/json"
#define FORM "multipart/form-data; boundary=b"

/* A request: what is NULL or 0 gets what a browser on our own page would send. */
struct ask {
    const char *method, *uri, *query, *type, *host, *origin, *site, *cookie, *accept, *agent, *authorization, *device,
        *address;
    const char *length; /* CONTENT_LENGTH, where it is not the number of bytes */
    const void *body;
    size_t body_n; /* 0: strlen(body) */
    bool no_host, no_origin, health_pool, main_pool, large_pool;
    bool gate;               /* the gate asks whose it is */
    const char *late_length; /* DIGITD_LENGTH */
};

static struct fixture db;
static struct conf conf;
static struct app app;
static struct model *model;
static struct cnn *cnn;
static struct decoder *decoder;
static struct numbers_eye eye;
static bool steady = true;
static char cookie_jar[256]; /* "name=token" of the last Set-Cookie; empty once it was cleared */
static char set_cookie[256]; /* the last reply's Set-Cookie, whole; of two the first, which is the session's */
static char set_device[256]; /* the second: "name=token; ..." of the device; empty where there was none */

static struct {
    int status, counted; /* counted: what the dispatcher returned */
    char head[4096];
    const char *text; /* the body */
    size_t text_n;
    struct json *json; /* the body, where it is JSON */
    char bytes[1 << 24];
    size_t n;
} got;

static const char *ask_cookie(const struct ask *a)
{
    static char both[600];
    const char *session = a->cookie == NULL ? cookie_jar : a->cookie;

    if (a->device == NULL)
        return session;
    (void)snprintf(both, sizeof(both), "%s%s%s", session, session[0] == '\0' ? "" : "; ", a->device);
    return both;
}

static const char *ask_param(const void *ctx, const char *name)
{
    const struct ask *a = ctx;
    static char length[32];

    if (strcmp(name, "REQUEST_METHOD") == 0)
        return a->method == NULL ? "GET" : a->method;
    if (strcmp(name, "DOCUMENT_URI") == 0)
        return a->uri;
    if (strcmp(name, "QUERY_STRING") == 0)
        return a->query;
    if (strcmp(name, "CONTENT_TYPE") == 0)
        return a->type;
    if (strcmp(name, "HTTP_HOST") == 0)
        return a->no_host ? NULL : a->host == NULL ? "localhost:8080" : a->host;
    if (strcmp(name, "HTTP_ORIGIN") == 0)
        return a->no_origin ? NULL : a->origin == NULL ? SITE : a->origin;
    if (strcmp(name, "HTTP_SEC_FETCH_SITE") == 0)
        return a->site;
    if (strcmp(name, "HTTP_COOKIE") == 0)
        return ask_cookie(a);
    if (strcmp(name, "HTTP_AUTHORIZATION") == 0)
        return a->authorization;
    if (strcmp(name, "HTTP_ACCEPT") == 0)
        return a->accept;
    if (strcmp(name, "HTTP_USER_AGENT") == 0)
        return a->agent == NULL ? "test" : a->agent;
    if (strcmp(name, "REMOTE_ADDR") == 0)
        return a->address == NULL ? "192.0.2.7" : a->address;
    if (strcmp(name, "REQUEST_ID") == 0)
        return ID;
    if (strcmp(name, "DIGITD_ASK") == 0)
        return a->gate ? "1" : NULL;
    if (strcmp(name, "DIGITD_LENGTH") == 0)
        return a->late_length;
    if (strcmp(name, "CONTENT_LENGTH") != 0)
        return NULL;
    (void)snprintf(length, sizeof(length), "%zu", a->body_n);
    return a->length != NULL ? a->length : a->body == NULL ? "" : length;
}

/* As fcgx_read_body: exactly n bytes, or an error. */
static enum err ask_read_body(void *ctx, struct buf *out, size_t n)
{
    const struct ask *a = ctx;

    if (a->body_n != n)
        return a->body_n < n ? ERR_TRUNCATED : ERR_FORMAT;
    return buf_add(out, a->body, n);
}

static enum err ask_write(void *ctx, const void *bytes, size_t n)
{
    (void)ctx;
    assert_true(n < sizeof(got.bytes) - got.n);
    memcpy(got.bytes + got.n, bytes, n);
    got.n += n;
    got.bytes[got.n] = '\0';
    return OK;
}

static inline bool is_steady(void *ctx)
{
    (void)ctx;
    return steady;
}

/* A header of the last reply, or NULL. */
static inline const char *header(const char *name)
{
    static char value[240];
    char wanted[64];
    const char *p;

    (void)snprintf(wanted, sizeof(wanted), "\r\n%s: ", name);
    p = strstr(got.head, wanted);
    if (p == NULL)
        return NULL;
    p += strlen(wanted);
    (void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(p, "\r"), p);
    return value;
}

static void take_reply(void)
{
    const char *end = strstr(got.bytes, "\r\n\r\n"), *type, *cookie, *length;

    assert_non_null(end);
    (void)snprintf(got.head, sizeof(got.head), "\r\n%.*s\r\n", (int)(end - got.bytes), got.bytes);
    got.text = end + 4;
    got.text_n = got.n - (size_t)(got.text - got.bytes);
    got.status = atoi(header("Status") != NULL ? header("Status") : "0");
    assert_string_equal(header("Cache-Control"), "no-store"); /* R67 */
    assert_null(strstr(got.head, "\r\nAccess-Control"));      /* R65 */
    json_free(got.json);
    got.json = NULL;
    type = header("Content-Type");
    if (type != NULL && strstr(type, "json") != NULL && got.text_n > 0)
        assert_int_equal(json_parse(&got.json, got.text, got.text_n, 32, NULL), OK);
    length = header("Content-Length");
    if (length != NULL && got.text_n > 0)
        assert_int_equal(strtoul(length, NULL, 10), got.text_n);
    set_cookie[0] = set_device[0] = '\0';
    cookie = strstr(got.head, "digitd_device=");
    if (cookie != NULL) {
        if (strncmp(cookie - 7, "__Host-", 7) == 0)
            cookie -= 7;
        (void)snprintf(set_device, sizeof(set_device), "%.*s", (int)strcspn(cookie, "\r"), cookie);
    }
    cookie = header("Set-Cookie");
    if (cookie != NULL) {
        (void)snprintf(set_cookie, sizeof(set_cookie), "%s", cookie);
        (void)snprintf(cookie_jar, sizeof(cookie_jar), "%.*s", (int)strcspn(cookie, ";"), cookie);
        if (cookie_jar[strlen(cookie_jar) - 1] == '=')
            cookie_jar[0] = '\0';
    }
}

/* html/openapi.json, read once for all tests. */
static const struct json *openapi(void)
{
    static struct json *doc;
    struct why why = {""};
    uint8_t *text;
    size_t n;

    if (doc == NULL) {
        text = file_read("html/openapi.json", &n);
        if (json_parse(&doc, (const char *)text, n, 32, &why) != OK)
            fail_msg("html/openapi.json: %s", why.text);
        free(text);
    }
    return doc;
}

/* What the description says of a method of a path; NULL where it does not know it. */
static const struct json *openapi_operation(const char *uri, const char *method)
{
    char lower[16] = "";

    for (size_t i = 0; method[i] != '\0' && i + 1 < sizeof(lower); i++)
        lower[i] = (char)(method[i] + 0x20); /* "get" becomes something that is no key */
    return json_get(json_get(json_get(openapi(), "paths"), uri), lower);
}

/* Whatever a test asks: the status is one that the description has for it. */
static void expect_documented(const struct ask *a)
{
    const char *method = a->method == NULL ? "GET" : a->method;
    char status[16], allow[ROUTE_ALLOW_MAX];
    const struct json *operation = NULL;
    int64_t id;

    for (int m = METHOD_GET; m < METHOD_OTHER; m++) {
        const struct route *row = route_find(&api_routes, a->uri, (enum method)m, allow, &id);

        if (row != NULL && strcmp(method_name((enum method)m), method) == 0)
            operation = openapi_operation(row->path, method);
    }

    (void)snprintf(status, sizeof(status), "%d", got.status);
    const bool passed_on = header("X-Digitd-Account") != NULL || header("X-Accel-Redirect") != NULL;

    if (operation != NULL && !passed_on && !a->main_pool && !a->health_pool &&
        json_get(json_get(operation, "responses"), status) == NULL)
        fail_msg("html/openapi.json has no %s for %s", status, a->uri);
}

/* As conf/nginx/http.conf chooses it: by method and path, with main for what it does not know. */
static enum pool ask_pool(const struct ask *a)
{
    char allow[ROUTE_ALLOW_MAX];
    int64_t id;
    enum pool pool = POOL_MAIN;

    for (int m = METHOD_GET; m < METHOD_OTHER; m++) {
        const struct route *row = route_find(&api_routes, a->uri, (enum method)m, allow, &id);

        if (row != NULL && (row->pool == POOL_HEALTH ||
                            strcmp(method_name((enum method)m), a->method == NULL ? "GET" : a->method) == 0))
            pool = row->pool;
    }
    return pool;
}

/* Sends a and takes the reply apart; returns the status. */
static int answer(struct ask a)
{
    const struct dispatch_peer peer = {ask_param, ask_read_body, ask_write, &a};

    if (a.body != NULL && a.body_n == 0)
        a.body_n = strlen(a.body);
    got.n = 0;
    app.pool = a.health_pool           ? POOL_HEALTH
               : a.large_pool          ? POOL_LARGE
               : a.main_pool || a.gate ? POOL_MAIN
                                       : ask_pool(&a);
    got.counted = dispatch_answer(&app, &peer);
    take_reply();
    expect_documented(&a);
    return got.status;
}

/* R25: the last reply is this problem, whole, and says nothing about the inside. */
static inline void expect_problem(int line, int status, const char *name)
{
    static const char *const inside[] = {"sqlite", "SQL", "errno", ".c:", "/dev/shm", "/tmp", DIGITD_VERSION};
    char type[64];
    const char *was, *instance, *title, *detail;
    int64_t said = 0;

    (void)snprintf(type, sizeof(type), "problems/%s", name);
    was = json_get_str(got.json, "type", NULL);
    if (got.status != status || was == NULL || strcmp(was, type) != 0)
        fail_msg("line %d: expected %d %s, got %s", line, status, name, got.bytes);
    assert_string_equal(header("Content-Type"), "application/problem+json");
    assert_true(json_get_int(got.json, "status", &said) && said == status);
    title = json_get_str(got.json, "title", NULL);
    detail = json_get_str(got.json, "detail", NULL);
    instance = json_get_str(got.json, "instance", NULL);
    if (title == NULL || strlen(title) < 5 || detail == NULL || strlen(detail) < 5 || instance == NULL)
        fail_msg("line %d: a member is missing: %s", line, got.text);
    assert_string_equal(instance, ID);
    assert_string_equal(set_cookie, "");
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
        if (strstr(got.text, inside[i]) != NULL)
            fail_msg("line %d: tells of the inside: %s", line, got.text);
}

static inline int post_json(const char *uri, const char *text)
{
    return answer((struct ask){.method = "POST", .uri = uri, .type = JSON, .body = text});
}

static inline int post_credentials(const char *uri, const char *email, const char *password)
{
    char text[1024];

    (void)snprintf(text, sizeof(text), "{\"email\":\"%s\",\"password\":\"%s\"}", email, password);
    return post_json(uri, text);
}

/* A new visitor, logged in. */
static inline void sign_up(const char *email)
{
    cookie_jar[0] = '\0';
    if (post_credentials("/signup", email, GOOD) != 201)
        fail_msg("sign-up: %s", got.bytes);
}

/* Keeps the last reply, to hold another against it. */
static inline void keep_reply(char *out, size_t room)
{
    size_t n = strlen(got.bytes);

    assert_true(n < room);
    memcpy(out, got.bytes, n + 1);
}

/* A request of a visitor whose session is this cookie ("" : nobody), without a body. */
static inline int ask_as(const char *cookie, const char *method, const char *uri)
{
    return answer((struct ask){.method = method, .uri = uri, .cookie = cookie});
}

/* How many rows users and sessions have: what must not change when a request is refused. */
static inline int rows(void)
{
    return sql_int(db.store, "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM sessions)");
}

static int app_set_up(void **state)
{
    static char url[] = "DIGITD_SITE_URL=" SITE " https://digits.example.org/sub/", cost[] = "DIGITD_PASSWORD_COST=5",
                weights[] = "DIGITD_WEIGHTS=/x/tiny.safetensors";
    char *vars[] = {url, cost, weights, NULL};
    struct layer spec[MODEL_LAYERS_MAX];
    struct why why = {""};
    uint64_t seed = 1;

    (void)state;
    assert_int_equal(decoder_new(&decoder, 10 * 1024 * 1024, &why),
                     OK); /* before there is a database, as a worker does */
    fixture_new(&db);
    cookie_jar[0] = '\0';
    steady = true;
    assert_int_equal(conf_load(&conf, NULL, vars, &why), OK);
    assert_int_equal(model_create(&model, spec, documented_layers(spec), &why), OK);
    random_weights(&seed, model);
    assert_int_equal(cnn_create(&cnn, model, CNN_AUTO, &why), OK);
    app = (struct app){.routes = &api_routes,
                       .conf = &conf,
                       .model = model,
                       .cnn = cnn,
                       .decoder = decoder,
                       .scratch = cnn_scratch_new(cnn),
                       .eye = &eye,
                       .numbers = calloc(1, sizeof(struct numbers)),
                       .store = db.store,
                       .reply = reply_new(),
                       .body = buf_new(10 * 1024 * 1024),
                       .is_steady = is_steady};
    assert_int_equal(numbers_eye_open(&eye, model, cnn, app.scratch, &why), OK);
    assert_true(app.scratch != NULL && app.numbers != NULL && app.reply != NULL && app.body != NULL);
    return 0;
}

static int app_tear_down(void **state)
{
    (void)state;
    json_free(got.json);
    got.json = NULL;
    free(app.scratch);
    free(app.numbers);
    decoder_free(decoder);
    reply_free(app.reply);
    buf_free(app.body);
    cnn_free(cnn);
    model_free(model);
    fixture_free(&db);
    return 0;
}

#endif
