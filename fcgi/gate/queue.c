/* A list, searched from end to end: at most some hundred wait, and each of them for work that takes far longer. */
#include "queue.h"

#include <math.h>

/* In whole tries: counts fade, and who came first must not change with every second. */
static double tries_of(const struct queue *q, const struct queue_entry *e, int64_t now_us)
{
    return floor(rate_tries_of(q->tries, e->who, now_us) + 0.5);
}

/* Whether a is taken before b. */
static bool goes_before(const struct queue *q, const struct queue_entry *a, const struct queue_entry *b, int64_t now_us)
{
    double a_tries, b_tries;

    if (q->tries == NULL)
        return a->turn != b->turn ? a->turn < b->turn : a->serial < b->serial;
    if (a->known != b->known)
        return a->known;
    a_tries = tries_of(q, a, now_us);
    b_tries = tries_of(q, b, now_us);
    return a_tries < b_tries || (a_tries <= b_tries && a->serial < b->serial);
}

void queue_add(struct queue *q, struct queue_entry *e)
{
    e->serial = ++q->serial;
    e->turn = q->turn;
    for (const struct queue_entry *i = q->first; i != NULL; i = i->after)
        if (i->who == e->who && i->turn >= e->turn)
            e->turn = i->turn + 1;
    e->before = q->last;
    e->after = NULL;
    *(q->last == NULL ? &q->first : &q->last->after) = e;
    q->last = e;
    e->waits = true;
    q->n++;
}

void queue_drop(struct queue *q, struct queue_entry *e)
{
    if (!e->waits)
        return;
    *(e->before == NULL ? &q->first : &e->before->after) = e->after;
    *(e->after == NULL ? &q->last : &e->after->before) = e->before;
    e->before = e->after = NULL;
    e->waits = false;
    q->n--;
}

static struct queue_entry *queue_next(const struct queue *q, int64_t now_us)
{
    struct queue_entry *best = q->first;

    for (struct queue_entry *i = best; i != NULL; i = i->after)
        if (i != best && goes_before(q, i, best, now_us))
            best = i;
    return best;
}

struct queue_entry *queue_final(const struct queue *q, int64_t now_us)
{
    struct queue_entry *worst = q->first;

    for (struct queue_entry *i = worst; i != NULL; i = i->after)
        if (i != worst && goes_before(q, worst, i, now_us))
            worst = i;
    return worst;
}

struct queue_entry *queue_take(struct queue *q, int64_t now_us)
{
    struct queue_entry *e = queue_next(q, now_us);

    if (e == NULL)
        return NULL;
    q->turn = e->turn > q->turn ? e->turn : q->turn;
    queue_drop(q, e);
    return e;
}

size_t queue_ahead(const struct queue *q, const struct queue_entry *e, int64_t now_us)
{
    size_t n = 0;

    for (const struct queue_entry *i = q->first; i != NULL; i = i->after)
        n += i != e && goes_before(q, i, e, now_us);
    return n;
}
