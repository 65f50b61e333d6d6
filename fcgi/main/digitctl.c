/* digitctl: administration (fcgi/ctl). This file only prepares the process before it handles a password. */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "ctl/ctl.h"

int main(int argc, char **argv)
{
    int fd;

    do /* a missing standard descriptor would be given to the database */
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    (void)close_range(STDERR_FILENO + 1, ~0U,
                      0); /* mail_command must not inherit descriptors that a careless parent left open */
    (void)umask(077);
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* R49: no core file, no ptrace by the same user */
    (void)prctl(PR_SET_DUMPABLE, 0);
    return (int)ctl_run(argc, argv, environ);
}
