/* POSIX threads around one counter. Signals stay with the caller's thread: the others block them all. */
#include "parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct helper {
    struct parallel *p;
    int thread;
    pthread_t id;
};

struct parallel {
    int threads; /* the caller included */
    struct helper *helpers;
    pthread_mutex_t lock;
    pthread_cond_t begin, done;
    unsigned long round; /* of work: a helper that has seen this number waits */
    int busy;
    bool stop;
    size_t pieces;
    atomic_size_t next;
    void (*fn)(void *, size_t, int);
    void *ctx;
};

static void work(struct parallel *p, int thread)
{
    for (;;) {
        size_t piece = atomic_fetch_add(&p->next, 1);
        if (piece >= p->pieces)
            return;
        p->fn(p->ctx, piece, thread);
    }
}

static void *helper_main(void *arg)
{
    struct helper *h = arg;
    struct parallel *p = h->p;
    unsigned long seen = 0;
    for (;;) {
        pthread_mutex_lock(&p->lock);
        while (p->round == seen && !p->stop)
            pthread_cond_wait(&p->begin, &p->lock);
        seen = p->round;
        bool stop = p->stop;
        pthread_mutex_unlock(&p->lock);
        if (stop)
            return NULL;
        work(p, h->thread);
        pthread_mutex_lock(&p->lock);
        if (--p->busy == 0)
            pthread_cond_signal(&p->done);
        pthread_mutex_unlock(&p->lock);
    }
}

struct parallel *parallel_new(int threads)
{
    struct parallel *p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    p->threads = 1;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->begin, NULL);
    pthread_cond_init(&p->done, NULL);
    p->helpers = calloc((size_t)(threads > 1 ? threads : 1), sizeof(*p->helpers));
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (int i = 1; p->helpers && i < threads; i++) {
        struct helper *h = &p->helpers[i];
        *h = (struct helper){.p = p, .thread = i};
        if (pthread_create(&h->id, NULL, helper_main, h) != 0)
            break;
        p->threads++;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (!p->helpers || p->threads < threads) {
        parallel_free(p);
        return NULL;
    }
    return p;
}

void parallel_free(struct parallel *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->begin);
    pthread_mutex_unlock(&p->lock);
    for (int i = 1; i < p->threads; i++)
        pthread_join(p->helpers[i].id, NULL);
    pthread_cond_destroy(&p->done);
    pthread_cond_destroy(&p->begin);
    pthread_mutex_destroy(&p->lock);
    free(p->helpers);
    free(p);
}

int parallel_threads(const struct parallel *p)
{
    return p->threads;
}

void parallel_run(struct parallel *p, size_t pieces, void (*fn)(void *, size_t, int), void *ctx)
{
    pthread_mutex_lock(&p->lock);
    p->fn = fn;
    p->ctx = ctx;
    p->pieces = pieces;
    atomic_store(&p->next, 0);
    p->busy = p->threads - 1;
    p->round++;
    pthread_cond_broadcast(&p->begin);
    pthread_mutex_unlock(&p->lock);
    work(p, 0);
    pthread_mutex_lock(&p->lock);
    while (p->busy > 0)
        pthread_cond_wait(&p->done, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

int parallel_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? n : 1;
}
