/* Shared only by master.c (what the master owns) and master_run.c (what it does). */
#ifndef DIGITD_MAIN_MASTER_PARTS_H
#define DIGITD_MAIN_MASTER_PARTS_H

#include <sys/types.h>

#include <signal.h>

#include "backoff.h"
#include "master.h"
#include "scoreboard.h"

#define SECOND_US INT64_C(1000000)

/* A place for one worker. */
struct seat {
    enum pool pool;
    int index;          /* in its pool */
    pid_t pid;          /* 0: empty */
    int64_t restart_us; /* when an empty seat may be filled again */
    bool overdue;       /* killed by us at its deadline */
    bool retired;       /* a gate that answers those it has, while another one takes new ones */
};

struct master {
    struct service service;
    const char *conf_path;
    struct scoreboard *board;
    struct seat *seats;
    int n_seats;
    int listen_fd[POOL_COUNT];
    char socket_path[POOL_COUNT][CONF_TEXT_MAX + 16];
    int lock_fd;
    sigset_t signals; /* blocked; read by sigtimedwait */
    struct backoff backoff;
    struct counts past; /* of workers that have exited */
    bool ready, stopping;
    bool emptying;   /* stopping, and the gate has ended: the workers may */
    int64_t stop_us; /* when the remaining workers are killed */
};

/* Removes the names of a pool's socket, or of all, so there are no new connections. Those in the backlog remain. */
void master_socket_remove(struct master *m, enum pool pool);
void master_sockets_remove(struct master *m);

#endif
