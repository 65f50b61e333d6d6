/* What is read once, before fork, and shared by all workers: the settings and the network. */
#ifndef DIGITD_MAIN_SERVICE_H
#define DIGITD_MAIN_SERVICE_H

#include "base/conf.h"
#include "base/err.h"
#include "net/cnn.h"
#include "net/model.h"
#include "web/app.h"

struct service {
    struct conf conf;
    struct model *model;
    struct cnn *cnn;
    struct json *card;     /* NULL: there is none, or none that fits */
    struct why card_amiss; /* why there is a file and no card; empty otherwise */
};

/* Reads the settings (conf_path may be NULL: environment and defaults), then the network, and holds it against its
 * golden pictures, or has it read samples where it has none. On failure s is zeroed and why has one line. */
enum err service_load(struct service *s, const char *conf_path, struct why *why);
void service_free(struct service *s);

/* Whether the database's directory is there and can be written; never touches the file itself. */
enum err service_check_database(const struct conf *c, struct why *why);

/* Logs what works but should not stay: plain http off this machine (R62), a weights file without its digest. */
void service_log_warnings(const struct service *s);

/* Processes of a pool: the setting, or what 0 stands for on this machine. */
int service_pool_size(const struct conf *c, enum pool pool);

#endif
