/* The beginning of a worker's answer: for the client, or for the gate? Pure.
 *
 * What a worker says to the gate is a header (web/ask.h): whose request this is, or that a picture belongs to the large
 * pool. Everything else goes on to the client as it came. */
#ifndef DIGITD_GATE_TOLD_H
#define DIGITD_GATE_TOLD_H

#include "record.h"

enum told_kind {
    TOLD_OPEN,   /* its head has not ended yet */
    TOLD_CLIENT, /* for the client */
    TOLD_WHO,    /* account tells */
    TOLD_LARGE   /* the large pool is to answer */
};

enum { TOLD_HEAD_MAX = 4096 };

struct told {
    enum told_kind kind;
    uint64_t account; /* 0: nobody in particular */
    struct record_reader reader;
    char head[TOLD_HEAD_MAX + 1];
    size_t head_n;
};

void told_init(struct told *a);

/* Looks at the next bytes[n] of the answer, until it is no longer TOLD_OPEN. What is no FastCGI, or has a longer
 * head, is for the client, whose web server knows what to do about it. */
void told_look(struct told *a, const uint8_t *bytes, size_t n);

#endif
