/* Counts attempts. An attempt is checked before its hash and counted after it, so as many as the hash pool has
 * processes can pass at the same time; each of them is counted. */
#include "throttle.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "store/store_mail.h"
#include "session.h"

enum { KEY_TEXT_MAX = 9 * 1024 }; /* what is given for an address lies in a body of 8 KiB */

/* Hashed, so that the table contains neither addresses nor what people enter by mistake instead. */
static void key_make(const char *kind, const char *who, const char *device, uint8_t key[DIGEST_BYTES])
{
    char text[KEY_TEXT_MAX];

    (void)snprintf(text, sizeof(text), "%s:%s%s%s", kind, device, device[0] == '\0' ? "" : ":", who);
    digest_sha256(text, strlen(text), key);
    explicit_bzero(text, sizeof(text));
}

static bool device_known(struct call *c, const char *who, char device[SESSION_TOKEN_CHARS + 1])
{
    uint8_t hash[DIGEST_BYTES];
    const char *token;
    size_t n;

    device[0] = '\0';
    if (session_device_read(c->req->cookie, c->origin, &token, &n) != OK)
        return false;
    session_token_hash(token, n, hash);
    if (store_device_check(c->app->store, hash, who) != OK)
        return false;
    memcpy(device, token, n);
    device[n] = '\0';
    return true;
}

bool throttle_knows_device(struct call *c, const char *email)
{
    char device[SESSION_TOKEN_CHARS + 1];
    bool known;

    call_phase(c, PHASE_DATABASE);
    known = device_known(c, email, device);
    explicit_bzero(device, sizeof(device));
    return known;
}

static void log_throttled(const struct call *c, const char *what, int64_t wait_s)
{
    struct log_line l;

    log_begin(&l, LOG_WARN, "throttled");
    log_str(&l, "id", c->req->id);
    log_str(&l, "address", c->req->address);
    log_str(&l, "what", what);
    log_int(&l, "wait_s", wait_s);
    log_end(&l);
}

/* false: it has replied. */
static bool key_rested(struct call *c, const uint8_t key[DIGEST_BYTES], const char *what, const char *sentence)
{
    char detail[160], seconds[24];
    int64_t wait_s = 0;
    enum err e;

    call_phase(c, PHASE_DATABASE);
    e = store_throttle_wait(c->app->store, key, &wait_s);
    if (e != OK) {
        call_store_failed(c, "throttle_wait", e);
        return false;
    }
    if (wait_s <= 0)
        return true;
    log_throttled(c, what, wait_s);
    (void)snprintf(detail, sizeof(detail), "%s Wait %lld s, then try again.", sentence, (long long)wait_s);
    (void)snprintf(seconds, sizeof(seconds), "%lld", (long long)wait_s);
    call_problem(c, PROBLEM_TOO_MANY_TRIES, detail);
    reply_header(c->app->reply, "Retry-After", seconds);
    return false;
}

static bool key_count(struct call *c, const uint8_t key[DIGEST_BYTES])
{
    int64_t wait_s;
    enum err e;

    call_phase(c, PHASE_DATABASE);
    e = store_throttle_fail(c->app->store, key, &wait_s);
    if (e != OK)
        call_store_failed(c, "throttle_fail", e);
    return e == OK;
}

bool throttle_enter(struct call *c, const char *who, struct throttle *t)
{
    char device[SESSION_TOKEN_CHARS + 1];

    call_phase(c, PHASE_DATABASE);
    key_make(device_known(c, who, device) ? "device" : "address", who, device, t->key);
    explicit_bzero(device, sizeof(device));
    return key_rested(c, t->key, "password", "Too many wrong passwords.");
}

bool throttle_failed(struct call *c, const struct throttle *t)
{
    return key_count(c, t->key);
}

static void key_clear(struct call *c, const uint8_t key[DIGEST_BYTES])
{
    struct log_line l;
    enum err e;

    call_phase(c, PHASE_DATABASE);
    e = store_throttle_clear(c->app->store, key);
    if (e == OK)
        return;
    log_begin(&l, LOG_WARN, "throttle_clear_failed"); /* it is forgotten a day later by itself */
    log_str(&l, "id", c->req->id);
    log_str(&l, "error", err_str(e));
    log_end(&l);
}

void throttle_passed(struct call *c, const struct throttle *t)
{
    key_clear(c, t->key);
}

void throttle_forgive(struct call *c, const char *email)
{
    uint8_t key[DIGEST_BYTES];

    key_make("address", email, "", key);
    key_clear(c, key);
}

bool throttle_mail(struct call *c, const char *email)
{
    uint8_t key[DIGEST_BYTES];

    key_make("mail", email, "", key);
    return key_rested(c, key, "mail", "Several emails have already been sent to this address.") && key_count(c, key);
}
