/* Prometheus text exposition format 0.0.4: HELP, TYPE, then name{labels} value, one on each line. */
#include "counts.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

/* By the first part of the path. */
static const struct {
    const char *first;
    enum counts_group group;
} firsts[] = {
    {"classify", GROUP_CLASSIFY}, {"read", GROUP_READ},      {"history", GROUP_HISTORY}, {"signup", GROUP_SIGN_IN},
    {"login", GROUP_SIGN_IN},     {"logout", GROUP_SIGN_IN}, {"account", GROUP_ACCOUNT}, {"session", GROUP_SITE},
    {"site", GROUP_SITE},         {"model", GROUP_SITE},     {"healthz", GROUP_HEALTH},  {"readyz", GROUP_HEALTH},
    {"metrics", GROUP_HEALTH},
};

enum counts_group counts_group_of(const char *path)
{
    size_t n = path[0] == '/' ? strcspn(path + 1, "/") : 0;

    for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++)
        if (n > 0 && strlen(firsts[i].first) == n && strncmp(path + 1, firsts[i].first, n) == 0)
            return firsts[i].group;
    return GROUP_OTHER;
}

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
    (void)buf_add_fmt(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void one(struct buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
    head(out, name, type, help);
    (void)buf_add_fmt(out, "%s %" PRIu64 "\n", name, value);
}

static void gate_write(struct buf *out, const struct gate_counts *m)
{
    static const char *const refusals[GATE_REFUSAL_COUNT] = {"uploads", "full",      "late",   "slow",
                                                             "no_room", "too_large", "no_pool"};
    static const char *const queues[GATE_QUEUE_COUNT] = {"passwords", "pictures"};

    head(out, "digitd_gate_refused_total", "counter", "Requests that the gate refused, by reason.");
    for (int i = 0; i < GATE_REFUSAL_COUNT; i++)
        (void)buf_add_fmt(out, "digitd_gate_refused_total{why=\"%s\"} %" PRIu64 "\n", refusals[i], m->refused[i]);
    head(out, "digitd_gate_waiting", "gauge", "Requests that wait at the gate for a worker.");
    for (int i = 0; i < GATE_QUEUE_COUNT; i++)
        (void)buf_add_fmt(out, "digitd_gate_waiting{queue=\"%s\"} %" PRIu64 "\n", queues[i], m->waiting[i]);
    one(out, "digitd_gate_held_bytes", "gauge", "Bodies that the gate holds.", m->held_bytes);
}

void counts_write(struct buf *out, const struct counts *m, int64_t wal_bytes, const char *model_sha256)
{
    static const char *const names[GROUP_COUNT] = {"classify", "read", "history", "sign_in",
                                                   "account",  "site", "health",  "other"};

    head(out, "digitd_requests_total", "counter", "Requests answered by workers.");
    for (int g = 0; g < GROUP_COUNT; g++)
        for (int c = 0; c < COUNTS_CLASSES; c++)
            (void)buf_add_fmt(out, "digitd_requests_total{group=\"%s\",code=\"%dxx\"} %" PRIu64 "\n", names[g], c + 1,
                              m->answered[g][c]);
    head(out, "digitd_worker_exits_total", "counter", "Workers that ended and were replaced.");
    (void)buf_add_fmt(out,
                      "digitd_worker_exits_total{how=\"order\"} %" PRIu64
                      "\ndigitd_worker_exits_total{how=\"crash\"} %" PRIu64
                      "\ndigitd_worker_exits_total{how=\"deadline\"} %" PRIu64 "\n",
                      m->ended, m->crashed, m->overdue);
    one(out, "digitd_decoders_lost_total", "counter",
        "Decoder processes that crashed, stalled or gave an invalid answer.", m->decoders_lost);
    gate_write(out, &m->gate);
    one(out, "digitd_workers", "gauge", "Running workers.", m->workers);
    one(out, "digitd_requests_in_flight", "gauge", "Workers answering a request right now.", m->busy);
    if (wal_bytes >= 0)
        one(out, "digitd_wal_bytes", "gauge", "Size of the database's write-ahead log.", (uint64_t)wal_bytes);
    one(out, "digitd_start_time_seconds", "gauge", "Start time of the service, in seconds since 1970.", m->started_s);
    head(out, "digitd_info", "gauge", "Version of digitd and the network in use.");
    (void)buf_add_fmt(out, "digitd_info{version=\"%s\",model_sha256=\"%s\"} 1\n", DIGITD_VERSION, model_sha256);
}
