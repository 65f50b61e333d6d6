/* What a visitor can ask for, each once: a request for every handler, as a table that tests of a failing disk, a lost
 * one and a full memory walk through. Comes after fixture_pictures.h. */
#ifndef DIGITD_TESTS_FIXTURE_VISIT_H
#define DIGITD_TESTS_FIXTURE_VISIT_H

#include "fixture_pictures.h"

#include "fixture_rows.h"

#include "store/store_account.h"
#include "store/store_mail.h"
#include "web/session.h"

#define OTHER "a loud orange mountain"

/* Who asks: an account with two sessions, a digit and a number in its history, a token, and links by mail. */
static struct {
    int turn; /* how many visitors there have been */
    int64_t user, digit, number, token, session;
    char email[40], secret[SESSION_TOKEN_CHARS + 1];
} who;

static void visit_session(bool mine)
{
    char token[SESSION_TOKEN_CHARS + 1];
    uint8_t hash[DIGEST_BYTES];

    assert_int_equal(session_token_make(token), OK);
    session_token_hash(token, SESSION_TOKEN_CHARS, hash);
    assert_int_equal(store_session_add(db.store, hash, who.user, "192.0.2.7", "test", &fixture_rule), OK);
    if (mine)
        (void)snprintf(cookie_jar, sizeof(cookie_jar), "digitd_session=%s", token);
}

static void visit_token(void)
{
    struct store_token token;
    uint8_t hash[DIGEST_BYTES];
    char text[60];

    (void)snprintf(text, sizeof(text), "token of %s", who.email);
    digest_sha256(text, strlen(text), hash);
    assert_int_equal(store_token_add(db.store, hash, who.user, "script", STORE_SCOPE_CLASSIFY, 0, &token), OK);
    who.token = token.id;
}

/* The next visitor. Nothing is hashed but once. */
static void visit_new(void)
{
    static char hash[PASSWORD_HASH_MAX];
    struct store_history row = {.status = STORE_HISTORY_DIGIT,
                                .digit = 7,
                                .label = STORE_HISTORY_NONE,
                                .confidence = 0.5F,
                                .name = "seven.png"};
    const struct store_answer answer = {.row = &row};
    struct store_user user;
    char sql[80];

    if (hash[0] == '\0')
        assert_int_equal(password_hash(GOOD, strlen(GOOD), 5, hash), OK);
    conf.mail_command[0] = '\0';
    (void)snprintf(who.email, sizeof(who.email), "v%d@example.org", ++who.turn);
    assert_int_equal(store_user_add(db.store, who.email, hash, &user), OK);
    who.user = user.id;
    visit_session(false);
    (void)snprintf(sql, sizeof(sql), "SELECT id FROM sessions WHERE user_id = %d", (int)who.user);
    who.session = sql_int(db.store, sql);
    visit_session(true);
    assert_int_equal(store_history_add(db.store, who.user, &answer, 1, 20000), OK);
    who.digit = row.id;
    assert_int_equal(number_add(db.store, who.user, "20:21", 7, 20000, &who.number), OK);
    visit_token();
}

/* A link by mail that waits to be opened. */
static void visit_link(enum store_mail_kind kind, const char *email)
{
    struct store_mail mail;
    uint8_t hash[DIGEST_BYTES];

    memcpy(conf.mail_command, "/bin/true", 10);
    assert_int_equal(store_mail_put(db.store, kind, email, NULL), OK);
    while (assert_int_equal(store_mail_next(db.store, &mail), OK), strcmp(mail.email, email) != 0)
        assert_int_equal(store_mail_sent(db.store, mail.id), OK); /* of a visitor before */
    assert_int_equal(session_token_make(who.secret), OK);
    session_token_hash(who.secret, SESSION_TOKEN_CHARS, hash);
    assert_int_equal(store_mail_link(db.store, mail.id, hash), OK);
    assert_int_equal(store_mail_sent(db.store, mail.id), OK);
}

static void visit_confirm_link(void)
{
    char email[80];

    (void)snprintf(email, sizeof(email), "mailed-%s", who.email);
    visit_link(STORE_MAIL_SIGN_UP, email);
}

static void visit_reset_link(void)
{
    visit_link(STORE_MAIL_RESET, who.email);
}

static void visit_mail_on(void)
{
    memcpy(conf.mail_command, "/bin/true", 10);
}

static int visit_send(const char *method, const char *uri, const char *body)
{
    return answer((struct ask){.method = method, .uri = uri, .type = JSON, .body = body});
}

/* An address that ends with a number. */
static int visit_send_id(const char *method, const char *uri, int64_t id, const char *body)
{
    char whole[80];

    (void)snprintf(whole, sizeof(whole), "%s/%lld", uri, (long long)id);
    return body == NULL ? ask_as(NULL, method, whole) : visit_send(method, whole, body);
}

static int ask_sign_up(void)
{
    char email[80];

    (void)snprintf(email, sizeof(email), "new-%s", who.email);
    return post_credentials("/signup", email, GOOD);
}

static int ask_sign_up_by_mail(void)
{
    char body[100];

    (void)snprintf(body, sizeof(body), "{\"email\":\"new-%s\"}", who.email);
    return visit_send("POST", "/signup", body);
}

static int ask_sign_up_form(void)
{
    char body[160];

    (void)snprintf(body, sizeof(body), "email=form-%s&password=a+quiet+violet+harbour", who.email);
    return answer((struct ask){.method = "POST",
                               .uri = "/signup",
                               .type = "application/x-www-form-urlencoded",
                               .accept = "text/html",
                               .body = body});
}

static int ask_log_in(void)
{
    return post_credentials("/login", who.email, GOOD);
}

static int ask_log_in_wrongly(void)
{
    return post_credentials("/login", who.email, OTHER);
}

static int ask_log_out(void)
{
    return ask_as(NULL, "POST", "/logout");
}

static int ask_session_get(void)
{
    return ask_as(NULL, "GET", "/session");
}

static int ask_site(void)
{
    return ask_as(NULL, "GET", "/site");
}

static int ask_account(void)
{
    return ask_as(NULL, "GET", "/account");
}

static int ask_account_change(void)
{
    return visit_send("PATCH", "/account", "{\"learn\":true}");
}

static int ask_account_delete(void)
{
    return visit_send("DELETE", "/account", "{\"password\":\"" GOOD "\"}");
}

static int ask_password_change(void)
{
    return visit_send("POST", "/account/password", "{\"current\":\"" GOOD "\",\"new\":\"" OTHER "\"}");
}

static int ask_forgot(void)
{
    char body[100];

    (void)snprintf(body, sizeof(body), "{\"email\":\"%s\"}", who.email);
    return visit_send("POST", "/account/forgot", body);
}

static int visit_open_link(const char *uri)
{
    char body[200];

    (void)snprintf(body, sizeof(body), "{\"token\":\"%s\",\"password\":\"" OTHER "\"}", who.secret);
    return visit_send("POST", uri, body);
}

static int ask_reset(void)
{
    return visit_open_link("/account/reset");
}

static int ask_confirm(void)
{
    return visit_open_link("/account/confirm");
}

static int ask_sessions(void)
{
    return ask_as(NULL, "GET", "/account/sessions");
}

static int ask_sessions_end(void)
{
    return ask_as(NULL, "DELETE", "/account/sessions");
}

static int ask_session_end(void)
{
    return visit_send_id("DELETE", "/account/sessions", who.session, NULL);
}

static int ask_tokens(void)
{
    return ask_as(NULL, "GET", "/account/tokens");
}

static int ask_token_make(void)
{
    return visit_send("POST", "/account/tokens", "{\"name\":\"x\",\"scopes\":[\"classify\"],\"expires_in_days\":1}");
}

static int ask_token_revoke(void)
{
    return visit_send_id("DELETE", "/account/tokens", who.token, NULL);
}

static int ask_account_export(void)
{
    return ask_as(NULL, "GET", "/account/export");
}

static int ask_classify(void)
{
    return post_picture("image/png", "steps=1&input=1", seven, seven_n);
}

static int ask_classify_form(void)
{
    struct buf *form = buf_new(1 << 20);
    int status;

    assert_non_null(form);
    form_add(form, "a.png", seven, seven_n);
    form_add(form, "b.png", seven, seven_n);
    status = post_parts(form);
    buf_free(form);
    return status;
}

static int ask_classify_save(void)
{
    return post_picture("image/png", "save=1", seven, seven_n);
}

static int ask_read(void)
{
    return answer((struct ask){
        .method = "POST", .uri = "/read", .query = "save=1", .type = "image/png", .body = seven, .body_n = seven_n});
}

static int ask_history(void)
{
    return ask_as(NULL, "GET", "/history");
}

static int ask_history_clear(void)
{
    return ask_as(NULL, "DELETE", "/history");
}

static int ask_correct(void)
{
    return visit_send_id("PATCH", "/history", who.digit, "{\"label\":3}");
}

static int ask_correct_number(void)
{
    return visit_send_id("PATCH", "/history", who.number, "{\"label\":\"20:24\"}");
}

static int ask_drop(void)
{
    return visit_send_id("DELETE", "/history", who.digit, NULL);
}

static int ask_drop_number(void)
{
    return visit_send_id("DELETE", "/history", who.number, NULL);
}

static int ask_export_csv(void)
{
    return answer((struct ask){.uri = "/history/export", .query = "format=csv"});
}

static int ask_export_idx(void)
{
    return answer((struct ask){.uri = "/history/export", .query = "format=idx"});
}

static int ask_export_json(void)
{
    return ask_as(NULL, "GET", "/history/export");
}

static int ask_model(void)
{
    return ask_as(NULL, "GET", "/model");
}

static int ask_health(void)
{
    return ask_as(NULL, "GET", "/healthz");
}

static int ask_ready(void)
{
    return ask_as(NULL, "GET", "/readyz");
}

static int ask_metrics(void)
{
    return ask_as(NULL, "GET", "/metrics");
}

/* before: what is to be there besides a visitor; NULL: nothing. */
static const struct visit {
    const char *name;
    void (*before)(void);
    int (*ask)(void);
    int status;  /* of a request that went well */
    bool writes; /* then what it wrote is in the database */
} visits[] = {
    {"sign up", NULL, ask_sign_up, 201, true},
    {"sign up by mail", visit_mail_on, ask_sign_up_by_mail, 202, true},
    {"sign up without scripts", NULL, ask_sign_up_form, 303, true},
    {"log in", NULL, ask_log_in, 200, true},
    {"a wrong password", NULL, ask_log_in_wrongly, 401, true}, /* it counts */
    {"log out", NULL, ask_log_out, 204, true},
    {"session", NULL, ask_session_get, 200, false},
    {"site", NULL, ask_site, 200, false},
    {"account", NULL, ask_account, 200, false},
    {"allow to learn", NULL, ask_account_change, 200, true},
    {"delete the account", NULL, ask_account_delete, 204, true},
    {"change the password", NULL, ask_password_change, 200, true},
    {"forgot", visit_mail_on, ask_forgot, 202, true},
    {"reset", visit_reset_link, ask_reset, 204, true},
    {"confirm", visit_confirm_link, ask_confirm, 201, true},
    {"sessions", NULL, ask_sessions, 200, false},
    {"end all sessions", NULL, ask_sessions_end, 204, true},
    {"end a session", NULL, ask_session_end, 204, true},
    {"tokens", NULL, ask_tokens, 200, false},
    {"make a token", NULL, ask_token_make, 201, true},
    {"revoke a token", NULL, ask_token_revoke, 204, true},
    {"all data", NULL, ask_account_export, 200, false},
    {"classify", NULL, ask_classify, 200, false},
    {"classify two", NULL, ask_classify_form, 200, false},
    {"classify and keep", NULL, ask_classify_save, 200, true},
    {"read and keep", NULL, ask_read, 200, true},
    {"history", NULL, ask_history, 200, false},
    {"correct a digit", NULL, ask_correct, 200, true},
    {"correct a number", NULL, ask_correct_number, 200, true},
    {"drop a digit", NULL, ask_drop, 204, true},
    {"drop a number", NULL, ask_drop_number, 204, true},
    {"clear the history", NULL, ask_history_clear, 204, true},
    {"export as CSV", NULL, ask_export_csv, 200, false},
    {"export as IDX", NULL, ask_export_idx, 200, false},
    {"export as JSON", NULL, ask_export_json, 200, false},
    {"model", NULL, ask_model, 200, false},
    {"health", NULL, ask_health, 200, false},
    {"ready", NULL, ask_ready, 200, false},
    {"metrics", NULL, ask_metrics, 200, false},
};
enum { VISITS = sizeof(visits) / sizeof(visits[0]) };

/* A number that stands for all that a database holds: of two states that differ in anything, it differs. */
static inline uint64_t state_add(uint64_t state, const void *bytes, int n)
{
    const uint8_t *at = bytes;

    for (int i = 0; i < n; i++)
        state = (state ^ at[i]) * UINT64_C(0x100000001b3);
    return (state ^ (uint64_t)n) * UINT64_C(0x100000001b3);
}

static inline uint64_t state_rows(uint64_t state, sqlite3 *base, const char *table)
{
    sqlite3_stmt *rows = NULL;
    char sql[120];

    (void)snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\"", table);
    if (sqlite3_prepare_v2(base, sql, -1, &rows, NULL) != SQLITE_OK)
        return 0;
    while (sqlite3_step(rows) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(rows); i++) {
            const void *bytes = sqlite3_column_blob(rows, i); /* before its length is asked for */

            state = state_add(state, bytes, sqlite3_column_bytes(rows, i));
        }
    (void)sqlite3_finalize(rows);
    return state;
}

static inline uint64_t state_of(sqlite3 *base)
{
    static const char sql[] =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1";
    uint64_t state = UINT64_C(0xcbf29ce484222325);
    sqlite3_stmt *tables = NULL;

    if (sqlite3_prepare_v2(base, sql, -1, &tables, NULL) != SQLITE_OK)
        return 0;
    while (sqlite3_step(tables) == SQLITE_ROW)
        state = state_rows(state, base, (const char *)sqlite3_column_text(tables, 0));
    (void)sqlite3_finalize(tables);
    return state;
}

#endif
