/* What is loaded once, before fork, and shared by all workers: the settings and the network. */
#ifndef DIGITD_MAIN_SERVICE_H
#define DIGITD_MAIN_SERVICE_H

#include "answer/numbers.h"
#include "base/conf.h"
#include "base/err.h"
#include "net/cnn.h"
#include "net/model.h"
#include "web/app.h"

struct service {
    struct conf conf;
    struct model *model;
    struct cnn *cnn;
    struct numbers_eye eye; /* without a scratch block: each worker has its own */
    struct json *card;      /* NULL: there is none, or it belongs to another network */
    struct why card_amiss;  /* why a card file could not be used; empty otherwise */
    struct why slow_hash;   /* what to change about the cost of passwords; empty: nothing */
};

/* Reads the settings (conf_path may be NULL: environment and defaults), then the network, and tests it with its golden
 * pictures, or with samples if it has none; and times a hash. On failure s is zeroed and why has one line. */
enum err service_load(struct service *s, const char *conf_path, struct why *why);
void service_free(struct service *s);

/* Checks that the database's directory exists and is writable. Never touches the file itself. */
enum err service_check_database(const struct conf *c, struct why *why);

/* Logs what works but should be changed: plain http beyond this machine (R62), a weights file without a digest. */
void service_log_warnings(const struct service *s);

/* The number of processes in a pool: the setting, or what 0 means on this machine. */
int service_pool_size(const struct conf *c, enum pool pool);

#endif
