/* A process of the service: how it ends, and what it hears. */
#include "process.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include <unistd.h>

#include "base/log.h"

/* A log-in flood, or a heap of photos, leaves the processor to small pictures. But a photo is what many come for:
 * beside a busy main pool it gets three times as much of a processor as a hash. */
enum { HASH_NICE = 10, LARGE_NICE = 5 };

enum err process_harden(const struct worker_place *place)
{
    const struct rlimit none = {0, 0};

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
        return ERR_IO;
#ifndef __SANITIZE_ADDRESS__ /* the leak checker is a ptrace */
    if (prctl(PR_SET_DUMPABLE, 0) != 0)
        return ERR_IO;
#endif
    if (place->pool == POOL_HASH || place->pool == POOL_LARGE)
        (void)setpriority(PRIO_PROCESS, 0, place->pool == POOL_HASH ? HASH_NICE : LARGE_NICE);
    return getppid() == place->master ? OK : ERR_IO; /* it may have died before prctl */
}

/* A terminal sends SIGINT and SIGHUP to the whole process group, a supervisor perhaps SIGTERM; the master decides what
 * they mean. */
enum err process_signals(int *fd)
{
    static const int ignored[] = {SIGPIPE, SIGINT, SIGHUP, SIGTERM};
    sigset_t set;

    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        if (signal(ignored[i], SIG_IGN) == SIG_ERR)
            return ERR_IO;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, WORKER_SIGNAL_DRAIN);
    (void)sigaddset(&set, WORKER_SIGNAL_RETIRE);
    if (sigprocmask(SIG_SETMASK, &set, NULL) != 0)
        return ERR_IO;
    *fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return *fd >= 0 ? OK : ERR_IO;
}

bool process_is_called(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0 &&
           (sigismember(&pending, WORKER_SIGNAL_DRAIN) == 1 || sigismember(&pending, WORKER_SIGNAL_RETIRE) == 1);
}

void process_store_open(struct app *app, bool *failed)
{
    struct why why = {""};

    if (app->store != NULL)
        return;
    if (store_open(&app->store, app->conf->database, &why) == OK) {
        if (*failed)
            log_text(LOG_INFO, "database_back", app->conf->database);
        *failed = false;
        return;
    }
    app->store = NULL;
    if (!*failed)
        log_text(LOG_ERROR, "database_missing", why.text);
    *failed = true;
}
