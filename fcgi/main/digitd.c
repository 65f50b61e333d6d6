/* digitd: the service. Options, the order of start-up, and one clear line if it fails.
 *
 * The order matters: settings, then the network (read and repacked once, tested with its golden pictures), then whether
 * a decoder child can be started, then lock, database and sockets, then fork. Nothing from a client is read here. */
#include <sys/stat.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "image/sandbox.h"
#include "web/route.h"
#include "master.h"

enum { EXIT_USAGE = 2, PATH_BYTES_MAX = 4096 };

static const char usage[] =
    "usage: digitd [-c FILE] [-t]\n"
    "  -c, --config FILE  settings file; each setting can also be given as DIGITD_NAME in the environment\n"
    "  -t, --test         check the settings, the weights and the database directory, then exit\n"
    "      --version      print the version\n"
    "  -h, --help         print this help\n"
    "SIGTERM stops it once the requests in progress are answered; SIGHUP reloads the settings and the weights.\n";

static int fail(const struct why *why)
{
    (void)fprintf(stderr, "digitd: %s\n", why->text);
    return EXIT_FAILURE;
}

static int check(const char *conf_path)
{
    struct service service;
    struct why why = {""};
    enum err e = service_load(&service, conf_path, &why);

    if (e == OK)
        e = service_check_database(&service.conf, &why);
    if (e == OK && service.slow_hash.text[0] != '\0') {
        why = service.slow_hash;
        e = ERR_RANGE;
    }
    if (e != OK) {
        service_free(&service);
        return fail(&why);
    }
    service_log_warnings(&service);
    (void)printf("digitd: settings and weights are good (sha256 %s, kernels %s)\n", service.model->sha256,
                 cnn_path_name(service.cnn));
    service_free(&service);
    return EXIT_SUCCESS;
}

/* Starts and ends one decoder child: if the kernel refuses the sandbox or libgd lacks a codec, that is one clear line
 * now and not a crash loop later (R12). */
static enum err decoder_try(struct why *why)
{
    struct decoder *d = NULL;
    enum err e = decoder_new(&d, ROUTE_PICTURES_MAX_BYTES, why);

    decoder_free(d);
    if (e == OK && !sandbox_is_whole())
        log_text(LOG_WARN, "sandbox_left_out",
                 "built with sanitizers: decoders run without a system call filter and without a memory limit");
    return e;
}

static int serve(const char *conf_path)
{
    struct service service;
    struct master *master;
    struct why why = {""};
    enum err e;
    int status;

    (void)close_range(STDERR_FILENO + 1, ~0U,
                      0); /* workers must not inherit descriptors that a careless parent left open */
    e = service_load(&service, conf_path, &why);
    if (e == OK)
        e = master_log_open(&service.conf, &why);
    if (e == OK)
        e = decoder_try(&why);
    if (e != OK) {
        service_free(&service);
        return fail(&why);
    }
    if (master_new(&master, &service, conf_path, &why) != OK)
        return fail(&why);
    status = master_run(master);
    master_free(master);
    return status;
}

/* Restarts this program with all library functions bound at once, if it was not started that way. Debian's libraries
 * are bound lazily: at the first call of a function the loader saves the vector registers on the stack, and with them
 * the end of a password that memcpy has just moved (seen on Debian 13, R49). If the restart fails, the program
 * continues. */
static void bind_now(char **argv)
{
    const char *set = getenv("LD_BIND_NOW");
    char path[PATH_BYTES_MAX];
    ssize_t n;

    if (set != NULL && set[0] != '\0')
        return;
    n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (n <= 0 || (size_t)n >= sizeof(path) - 1 || setenv("LD_BIND_NOW", "1", 1) != 0)
        return;
    path[n] = '\0';
    (void)execv(path, argv);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"test", no_argument, NULL, 't'},
                                            {"version", no_argument, NULL, 'V'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *conf_path = NULL;
    bool test = false;
    int c;

    while ((c = getopt_long(argc, argv, "c:th", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            conf_path = optarg;
            break;
        case 't':
            test = true;
            break;
        case 'V':
            return puts("digitd " DIGITD_VERSION) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        case 'h':
            return fputs(usage, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        default:
            return EXIT_USAGE; /* getopt has said why, in one line */
        }
    }
    if (optind < argc) {
        (void)fprintf(stderr, "digitd: unexpected argument \"%s\"; see digitd --help\n", argv[optind]);
        return EXIT_USAGE;
    }
    if (!test)
        bind_now(argv);
    (void)umask(027);
    return test ? check(conf_path) : serve(conf_path);
}
