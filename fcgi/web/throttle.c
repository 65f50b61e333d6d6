/* Counts attempts. An attempt is checked before its hash and counted after it, so as many as the hash pool has
 * processes can pass at the same time; each of them is counted. */
#include "throttle.h"

#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/log.h"
#include "store/store_mail.h"
#include "session.h"

enum {
    KEY_TEXT_MAX = 9 * 1024, /* what is given for an address lies in a body of 8 KiB */
    NETWORK_MAX = 16
};

/* Hashed, so that the table contains neither addresses nor what people enter by mistake instead. */
static void key_make(const char *kind, const char *who, const char *device, uint8_t key[DIGEST_BYTES])
{
    char text[KEY_TEXT_MAX];

    (void)snprintf(text, sizeof(text), "%s:%s%s%s", kind, device, device[0] == '\0' ? "" : ":", who);
    digest_sha256(text, strlen(text), key);
    explicit_bzero(text, sizeof(text));
}

/* The network of a client as text: the first three bytes of an IPv4 address, the first six of another. What holds one
 * of these can use all of it, so single addresses in it do not count as others. */
static void network_of(const char *address, char out[NETWORK_MAX])
{
    uint8_t b[ADDRESS_BYTES];
    const uint8_t *v4 = b + ADDRESS_IPV4_AT;

    if (!address_read(address, b))
        (void)snprintf(out, NETWORK_MAX, "?"); /* one for all of them */
    else if (address_is_ipv4(b))
        (void)snprintf(out, NETWORK_MAX, "%d.%d.%d", v4[0], v4[1], v4[2]);
    else
        (void)snprintf(out, NETWORK_MAX, "%02x%02x:%02x%02x:%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
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

/* Whether a counter that has been looked up (e) lets somebody go on. false: it has replied, 429 with Retry-After or
 * 503. */
static bool rested(struct call *c, enum err e, int64_t wait_s, const char *what, const char *sentence)
{
    char detail[160], seconds[24];

    if (e != OK)
        call_store_failed(c, "throttle_wait", e);
    if (e != OK || wait_s <= 0)
        return e == OK;
    log_throttled(c, what, wait_s);
    (void)snprintf(detail, sizeof(detail), "%s Wait %lld s, then try again.", sentence, (long long)wait_s);
    (void)snprintf(seconds, sizeof(seconds), "%lld", (long long)wait_s);
    call_problem(c, PROBLEM_TOO_MANY_TRIES, detail);
    reply_header(c->app->reply, "Retry-After", seconds);
    return false;
}

static bool keys_count(struct call *c, const uint8_t (*keys)[DIGEST_BYTES], int n)
{
    enum err e;

    call_phase(c, PHASE_DATABASE);
    e = store_throttle_fail_each(c->app->store, keys, n);
    if (e != OK)
        call_store_failed(c, "throttle_fail", e);
    return e == OK;
}

/* Those of whoever has no device of the account. */
static void stranger_keys(const struct call *c, const char *who, uint8_t keys[THROTTLE_KEYS][DIGEST_BYTES])
{
    char network[NETWORK_MAX];

    network_of(c->req->address, network);
    key_make("network", who, network, keys[0]);
    key_make("address", who, "", keys[1]);
    key_make("newcomers", who, "", keys[2]);
}

/* Sets t for such a one, and says how long to wait. */
static enum err stranger_enter(struct call *c, const char *who, struct throttle *t, int64_t *wait_s)
{
    struct store *s = c->app->store;
    int failures = 0, all_failures = 0, newcomers = 0;
    int64_t all_wait_s = 0, unused_s = 0;
    enum err e;

    stranger_keys(c, who, t->keys);
    t->n = 2;
    e = store_throttle_look(s, t->keys[0], &failures, wait_s);
    if (e == OK)
        e = store_throttle_look(s, t->keys[1], &all_failures, &all_wait_s);
    if (e == OK)
        e = store_throttle_look(s, t->keys[2], &newcomers, &unused_s);
    if (e != OK || all_wait_s == 0)
        return e;
    if (failures < THROTTLE_NEWCOMER_TRIES && newcomers < THROTTLE_NEWCOMERS)
        t->n = 3;
    else if (all_wait_s > *wait_s)
        *wait_s = all_wait_s;
    return OK;
}

bool throttle_enter(struct call *c, const char *who, struct throttle *t)
{
    char device[SESSION_TOKEN_CHARS + 1];
    int64_t wait_s = 0;
    enum err e;

    call_phase(c, PHASE_DATABASE);
    if (device_known(c, who, device)) {
        key_make("device", who, device, t->keys[0]);
        t->n = 1;
        e = store_throttle_wait(c->app->store, t->keys[0], &wait_s);
    } else {
        e = stranger_enter(c, who, t, &wait_s);
    }
    explicit_bzero(device, sizeof(device));
    return rested(c, e, wait_s, "password", "Too many wrong passwords.");
}

bool throttle_failed(struct call *c, const struct throttle *t)
{
    return keys_count(c, (const uint8_t(*)[DIGEST_BYTES])t->keys, t->n);
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

/* Not what newcomers have used up: a log-in of the owner is no reason to let strangers begin anew. */
void throttle_passed(struct call *c, const struct throttle *t)
{
    for (int i = 0; i < t->n && i < 2; i++)
        key_clear(c, t->keys[i]);
}

void throttle_forgive(struct call *c, const char *email)
{
    uint8_t keys[THROTTLE_KEYS][DIGEST_BYTES];

    stranger_keys(c, email, keys);
    for (int i = 0; i < THROTTLE_KEYS; i++)
        key_clear(c, keys[i]);
}

bool throttle_mail(struct call *c, const char *email)
{
    uint8_t key[1][DIGEST_BYTES];
    int64_t wait_s = 0;
    enum err e;

    key_make("mail", email, "", key[0]);
    call_phase(c, PHASE_DATABASE);
    e = store_throttle_wait(c->app->store, key[0], &wait_s);
    return rested(c, e, wait_s, "mail", "Several emails have already been sent to this address.") &&
           keys_count(c, (const uint8_t(*)[DIGEST_BYTES])key, 1);
}
