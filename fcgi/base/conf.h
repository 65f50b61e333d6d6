/* The settings. One const table has the name, kind, range and default of each; everything else follows from it.
 *
 * A file has lines `name = value`; comments start with '#'. The environment overrides the file: DIGITD_NAME. A setting
 * that is unknown, malformed, out of range or given twice is a start-up error; its message names the file and line, or
 * the variable. */
#ifndef DIGITD_BASE_CONF_H
#define DIGITD_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

enum { CONF_TEXT_MAX = 512, CONF_ORIGINS_MAX = 16, CONF_HISTORY_MAX = 20000 };

/* One of our own origins: what the browser's address bar shows before the path. */
struct conf_origin {
    bool https;
    char origin[CONF_TEXT_MAX]; /* "https://digits.example.org", as in the Origin header: default port left out */
    char host[CONF_TEXT_MAX];   /* "digits.example.org" or "localhost:8080", as in the Host header, lower case */
    char path[CONF_TEXT_MAX];   /* "/" or "/digits/": begins and ends with a slash */
};

struct conf {
    char site_url[CONF_TEXT_MAX * 4];
    char run_dir[CONF_TEXT_MAX];  /* sockets, pid file, lock: 0750 */
    char database[CONF_TEXT_MAX]; /* SQLite file; its directory holds the WAL and the writer's lock */
    char weights[CONF_TEXT_MAX];
    char log_file[CONF_TEXT_MAX]; /* empty: standard error */
    char log_level[16];
    int main_workers;  /* processes; 0: as many as cores */
    int hash_workers;  /* processes; 0: half the cores, at least one */
    int large_workers; /* processes */
    int request_deadline_s;
    int max_requests;                 /* a worker is replaced after about this many; 0: never */
    int socket_mode;                  /* octal, of the listening sockets */
    char sign_up[16];                 /* open, closed, invitation */
    int password_min_length;          /* code points */
    int password_cost;                /* of yescrypt: 5 (13 ms, 16 MiB) to 11 */
    char mail_command[CONF_TEXT_MAX]; /* program and arguments, spaces between; empty: this site sends no mail */
    char mail_from[CONF_TEXT_MAX];
    int session_idle_h;
    int session_max_days;
    int sessions_per_user;
    int history_max_per_user; /* digits */

    struct conf_origin origins[CONF_ORIGINS_MAX]; /* site_url, taken apart */
    int n_origins;
};

/* Fills c from the defaults, then the file (NULL: none), then the environment (NAME=value strings, NULL-terminated;
 * NULL: none). */
enum err conf_load(struct conf *c, const char *path, char *const *environ_vars, struct why *why);

/* The origin whose host equals the Host header (ignoring case), or NULL. host need not be NUL-terminated. */
const struct conf_origin *conf_origin_of_host(const struct conf *c, const char *host, size_t n);

/* Calls fn for each setting with its name, default, unit or choices, and one line of help. For documentation and
 * checks. */
void conf_each(void (*fn)(const char *name, const char *dflt, const char *unit, const char *help, void *ctx),
               void *ctx);

#endif
