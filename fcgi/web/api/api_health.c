/* GET /healthz: this process answers. GET /readyz: the service can do its work. Neither shows internals: details go to
 * the log. GET /metrics: the master's counts. */
#include <sys/stat.h>

#include <stdio.h>

#include "base/log.h"
#include "web/call.h"
#include "routes.h"

void api_healthz(struct call *c)
{
    struct json *v = json_new_object();

    json_set_str(v, "status", "ok");
    reply_status(c->app->reply, 200);
    reply_json(c->app->reply, v);
}

static void not_ready(struct call *c, const char *what, const char *detail, const char *sentence)
{
    struct log_line l;

    log_begin(&l, LOG_WARN, "not_ready");
    log_str(&l, "what", what);
    log_str(&l, "detail", detail);
    log_end(&l);
    call_problem(c, PROBLEM_NOT_READY, sentence);
}

void api_readyz(struct call *c)
{
    const struct app *app = c->app;
    struct why why = {""};
    struct json *v;
    enum err e;

    call_phase(c, PHASE_DATABASE);
    e = app->store == NULL ? ERR_NOT_FOUND : store_check_writable(app->store);
    if (e != OK) {
        not_ready(c, "database", err_str(e), "The database cannot be written to.");
        return;
    }
    call_phase(c, PHASE_INFER);
    if (cnn_self_test(app->cnn, app->model, &why) != OK) {
        not_ready(c, "network", why.text, "The network fails its self-test.");
        return;
    }
    if (app->is_steady != NULL && !app->is_steady(app->ctx)) {
        not_ready(c, "workers", "a crash loop", "Worker processes keep failing.");
        return;
    }
    v = json_new_object();
    json_set_str(v, "status", "ready");
    reply_status(app->reply, 200);
    reply_json(app->reply, v);
}

enum { COUNTS_BYTES_MAX = 64 * 1024 };

void api_metrics(struct call *c)
{
    const struct app *app = c->app;
    struct counts m = {0};
    struct buf *text = buf_new(COUNTS_BYTES_MAX);
    char wal[CONF_TEXT_MAX + 8];
    struct stat st;

    (void)snprintf(wal, sizeof(wal), "%s-wal", app->conf->database);
    if (app->counts != NULL)
        app->counts(app->ctx, &m);
    if (text != NULL)
        counts_write(text, &m, stat(wal, &st) == 0 ? (int64_t)st.st_size : -1, app->model->sha256);
    reply_status(app->reply, 200);
    reply_take(app->reply, "text/plain; version=0.0.4; charset=utf-8", text);
}
