/* The gate: stands between nginx and the two pools whose work is dear, for the hash pool orders who waits, and for the
 * large pool takes uploads in, from accounts alone. One process and one thread; no call here waits.
 *
 * It speaks FastCGI to both sides and reads no more of a request than its parameters: who somebody is, whether a
 * browser is known and what a picture's header says, workers of the main pool tell it (web/ask.h). It has neither the
 * database nor a network. */
#ifndef DIGITD_GATE_GATE_H
#define DIGITD_GATE_GATE_H

#include <stdbool.h>

#include "base/err.h"
#include "web/counts.h"

/* GATE_DRAIN: take what is in the backlog, answer everybody, end within seconds. GATE_RETIRE: a successor has the
 * socket; answer those who are here. */
enum gate_order { GATE_GO, GATE_DRAIN, GATE_RETIRE };

struct gate_settings {
    int listen_fd;       /* not blocking */
    int signal_fd;       /* readable: ask orders */
    const char *run_dir; /* of the pools' sockets */
    int hash_workers, large_workers;
    int deadline_s; /* after which the master ends a request */
    enum gate_order (*orders)(void *ctx);
    /* Before the gate waits, and when it goes on: for the scoreboard. */
    void (*rests)(void *ctx, bool rests, const struct gate_counts *counts);
    void *ctx;
};

struct gate;

/* ERR_NOMEM, ERR_IO. s is copied, but not what it points to. */
enum err gate_new(struct gate **out, const struct gate_settings *s);
void gate_free(struct gate *g);

/* Until an order ends it. ERR_IO: the kernel refused what it should not. */
enum err gate_run(struct gate *g);

#endif
