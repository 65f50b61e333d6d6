/* The least that a FastCGI program on libfcgi can do: read the request's body to its end and answer a constant. What
 * digitd's requests cost is told as a multiple of this (requests.mjs).
 *
 *     constant_responder SOCKET PROCESSES
 *
 * It listens as digitd does, and each process serves one connection at a time. It checks nothing and writes no log.
 * SIGTERM ends all of them. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcgiapp.h>

enum { BACKLOG = 512, PROCESSES_MAX = 64 };

/* As long as digitd's own answer to one digit, give or take. */
static const char reply[] = "Status: 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n\r\n"
                            "{\"digit\":7,\"confidence\":0.998,\"probabilities\":[0.0001,0.0001,0.0003,0.0004,0.0001,"
                            "0.0001,0.0001,0.998,0.0002,0.0006],\"verdict\":\"sure\",\"inverted\":false,\"looks\":1}\n";

static int listen_at(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(at.sun_path))
        return -1;
    memcpy(at.sun_path, path, strlen(path) + 1);
    (void)unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, BACKLOG) != 0 ||
        chmod(path, 0666) != 0)
        return -1;
    return fd;
}

static int serve(int fd)
{
    static char body[1 << 16];
    FCGX_Request request;
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || FCGX_Init() != 0 || FCGX_InitRequest(&request, fd, 0) != 0)
        return 1;
    while (FCGX_Accept_r(&request) == 0) {
        while (FCGX_GetStr(body, sizeof(body), request.in) > 0)
            ;
        FCGX_PutStr(reply, (int)sizeof(reply) - 1, request.out);
        FCGX_Finish_r(&request);
    }
    return 1;
}

int main(int argc, char **argv)
{
    int processes = argc == 3 ? atoi(argv[2]) : 0;
    if (processes < 1 || processes > PROCESSES_MAX) {
        (void)fprintf(stderr, "usage: constant_responder SOCKET PROCESSES (1 to %d)\n", PROCESSES_MAX);
        return 2;
    }
    int fd = listen_at(argv[1]);
    if (fd < 0) {
        perror(argv[1]);
        return 1;
    }
    for (int i = 0; i < processes; i++) {
        pid_t pid = fork();
        if (pid == 0)
            return serve(fd);
        if (pid < 0) {
            perror("fork");
            return 1;
        }
    }
    while (wait(NULL) > 0)
        ;
    return 1;
}
