/* Loads and checks the settings and the network. Failures are not logged here: start-up prints them and exits, a reload
 * logs them and continues. */
#include "service.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "answer/card.h"
#include "base/log.h"
#include "password/password.h"

enum {
    NGINX_WAITS_S = 30, /* fastcgi_read_timeout in conf/nginx/server.conf */
    WORKER_HAS_S = 15,  /* of them: the gate lets wait for up to 15 s */
    HASHES_LEAST = 2,   /* of a log-in, if the cost was raised, and of a change of password */
    /* The hash pool gives way to the readers of digits. Beside two that were busy, one hash took eight times its time.
     */
    HASHES_WELL = 8 * HASHES_LEAST
};

/* Measures one hash of password_cost on this machine and holds it against request_deadline_s, or what nginx and the
 * gate leave if that is less. ERR_RANGE with the figures in why: no log-in could be done in time. s->slow_hash: on a
 * busy machine, it is not. `digitd -t` refuses that too; a start only warns, because a slow machine can still read
 * digits. */
static enum err hash_check(struct service *s, struct why *why)
{
    const struct conf *c = &s->conf;
    const int64_t has_ms = 1000 * (c->request_deadline_s < WORKER_HAS_S ? c->request_deadline_s : WORKER_HAS_S);
    int64_t us = 0, ms, again_us;
    enum err e = password_time(c->password_cost, &us);

    if (e == OK && us * HASHES_WELL / 1000 > has_ms && password_time(c->password_cost, &again_us) == OK)
        us = again_us < us ? again_us : us; /* once more before it is complained of */
    if (e != OK)
        return err_why(why, e, "password_cost = %d: a password cannot be hashed here: %s", c->password_cost,
                       err_str(e));
    ms = us / 1000;
    if (ms * HASHES_WELL <= has_ms)
        return OK;
    e = ms * HASHES_LEAST > has_ms ? ERR_RANGE : OK;
    (void)err_why(&s->slow_hash, e,
                  "password_cost = %d: one hash takes %lld ms here, and a log-in up to %lld ms beside busy readers of "
                  "digits, but it is ended after %lld ms: lower password_cost or raise request_deadline_s (up to %d)",
                  c->password_cost, (long long)ms, (long long)ms * HASHES_WELL, (long long)has_ms, WORKER_HAS_S - 1);
    if (e != OK)
        *why = s->slow_hash;
    return e;
}

enum err service_load(struct service *s, const char *conf_path, struct why *why)
{
    enum err e;

    memset(s, 0, sizeof(*s));
    e = conf_load(&s->conf, conf_path, environ, why);
    if (e != OK)
        goto out;
    e = model_load(&s->model, s->conf.weights, why);
    if (e != OK)
        goto out;
    e = cnn_create(&s->cnn, s->model, CNN_AUTO, why);
    if (e != OK)
        goto out;
    e = cnn_self_test(s->cnn, s->model, why);
    if (e == OK)
        e = cnn_reading_check(s->cnn, s->model, s->conf.weights, why);
    if (e == OK)
        e = numbers_eye_open(&s->eye, s->model, s->cnn, NULL, why);
    /* A site works without a card, or with one of another network, which is then not shown. */
    if (e == OK && card_load(&s->card, s->conf.weights, s->model->sha256, &s->card_amiss) == ERR_NOT_FOUND)
        s->card_amiss.text[0] = '\0';
    if (e == OK)
        e = hash_check(s, why);
out:
    if (e != OK)
        service_free(s);
    return e;
}

void service_free(struct service *s)
{
    cnn_free(s->cnn);
    model_free(s->model);
    json_free(s->card);
    memset(s, 0, sizeof(*s));
}

enum err service_check_database(const struct conf *c, struct why *why)
{
    char dir[CONF_TEXT_MAX + 2];
    const char *slash = strrchr(c->database, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - c->database);

    if (slash == NULL)
        memcpy(dir, ".", 2);
    else if (n == 0)
        memcpy(dir, "/", 2);
    else {
        memcpy(dir, c->database, n);
        dir[n] = '\0';
    }
    if (access(dir, W_OK | X_OK) != 0)
        return err_why(why, ERR_IO, "database: directory %s: %s", dir, strerror(errno));
    return OK;
}

/* host as in conf_origin: "name", "name:port", "[::1]:port". */
static bool host_is_local(const char *host)
{
    static const char *const local[] = {"localhost", "127.0.0.1", "[::1]"};

    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
        size_t n = strlen(local[i]);

        if (strncasecmp(host, local[i], n) == 0 && (host[n] == '\0' || host[n] == ':'))
            return true;
    }
    return false;
}

void service_log_warnings(const struct service *s)
{
    char deadline[200];

    for (int i = 0; i < s->conf.n_origins; i++) {
        const struct conf_origin *o = &s->conf.origins[i];
        struct log_line l;

        if (o->https || host_is_local(o->host))
            continue;
        log_begin(&l, LOG_WARN, "plain_http");
        log_str(&l, "origin", o->origin);
        log_str(&l, "detail", "passwords and cookies are sent unencrypted; put TLS in front of the site");
        log_end(&l);
        break; /* once, however many there are */
    }
    if (!s->model->sha256_in_file)
        log_text(LOG_WARN, "weights_undigested", "the weights file does not contain its sha256");
    if (s->slow_hash.text[0] != '\0')
        log_text(LOG_WARN, "slow_hash", s->slow_hash.text);
    if (s->conf.request_deadline_s >= WORKER_HAS_S) {
        (void)snprintf(deadline, sizeof(deadline),
                       "request_deadline_s = %d, but nginx waits %d s (fastcgi_read_timeout in server.conf), of which "
                       "the gate may have had %d, and then answers 504: raise that as well, or lower this",
                       s->conf.request_deadline_s, NGINX_WAITS_S, NGINX_WAITS_S - WORKER_HAS_S);
        log_text(LOG_WARN, "deadline_beyond_nginx", deadline);
    }
    if (s->card_amiss.text[0] != '\0')
        log_text(LOG_WARN, "card_left_out", s->card_amiss.text);
}

int service_pool_size(const struct conf *c, enum pool pool)
{
    cpu_set_t set;
    int cores = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

    switch (pool) {
    case POOL_MAIN:
        return c->main_workers > 0 ? c->main_workers : cores;
    case POOL_HASH:
        return c->hash_workers > 0 ? c->hash_workers : cores >= 2 ? cores / 2 : 1;
    case POOL_LARGE:
        return c->large_workers;
    case POOL_GATE:
        return 3; /* one works; the others' places are for its successors, while it ends */
    case POOL_HEALTH:
    case POOL_KEEPER:
    case POOL_COUNT:
        break;
    }
    return 1;
}
