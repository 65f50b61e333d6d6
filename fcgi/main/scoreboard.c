/* The shared pages. Layout: the master's page, then one for each worker, so that memory protection keeps a worker
 * inside its slot.
 *
 * Pitfall: both sides run at the same time without a lock, so every member is atomic, and what is read may mix two
 * requests. That is good enough for a log line and, since it needs only started_us, for the deadline. */
#include "scoreboard.h"

#include <sys/mman.h>

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    COUNTS_WORDS = sizeof(struct counts) / sizeof(uint64_t),
    GATE_WORDS = sizeof(struct gate_counts) / sizeof(uint64_t)
};

struct score {
    _Atomic int64_t started_us;
    _Atomic uint64_t requests;
    _Atomic uint64_t answered[GROUP_COUNT][COUNTS_CLASSES], decoders_lost;
    _Atomic uint64_t gate[GATE_WORDS];
    _Atomic int phase;
    _Atomic int up; /* not bool: a page of nonsense must be readable */
    _Atomic char route[SCORE_ROUTE_MAX + 1];
    _Atomic char id[SCORE_ID_MAX + 1];
};

struct control {
    _Atomic bool steady;
    _Atomic uint64_t counts[COUNTS_WORDS];
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_CHAR_LOCK_FREE == 2, "atomics must work between processes");
_Static_assert(sizeof(struct score) <= 4096, "a slot is one page, and pages are 4096 bytes at least");

struct scoreboard {
    unsigned char *map; /* (1 + slots) pages */
    size_t page;        /* bytes */
    int slots;
};

static struct control *scoreboard_control(const struct scoreboard *b)
{
    return (struct control *)(void *)b->map;
}

enum err scoreboard_new(struct scoreboard **out, int slots)
{
    struct scoreboard *b;
    void *map;

    *out = NULL;
    if (slots < 1)
        return ERR_RANGE;
    b = calloc(1, sizeof(*b));
    if (b == NULL)
        return ERR_NOMEM;
    b->page = (size_t)sysconf(_SC_PAGESIZE);
    b->slots = slots;
    map = mmap(NULL, (size_t)(slots + 1) * b->page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) {
        free(b);
        return ERR_NOMEM;
    }
    b->map = map;
    scoreboard_set_steady(b, true);
    *out = b;
    return OK;
}

void scoreboard_free(struct scoreboard *b)
{
    if (b == NULL)
        return;
    (void)munmap(b->map, (size_t)(b->slots + 1) * b->page); /* holes are allowed */
    free(b);
}

struct score *scoreboard_slot(struct scoreboard *b, int i)
{
    if (i < 0 || i >= b->slots)
        return NULL;
    return (struct score *)(void *)(b->map + (size_t)(i + 1) * b->page);
}

void scoreboard_set_steady(struct scoreboard *b, bool steady)
{
    atomic_store(&scoreboard_control(b)->steady, steady);
}

bool scoreboard_steady(const struct scoreboard *b)
{
    return atomic_load(&scoreboard_control(b)->steady);
}

void scoreboard_publish(struct scoreboard *b, const struct counts *m)
{
    uint64_t words[COUNTS_WORDS];

    memcpy(words, m, sizeof(words));
    for (size_t i = 0; i < COUNTS_WORDS; i++)
        atomic_store_explicit(&scoreboard_control(b)->counts[i], words[i], memory_order_relaxed);
}

void scoreboard_counts(const struct scoreboard *b, struct counts *out)
{
    uint64_t words[COUNTS_WORDS] = {0};

    for (size_t i = 0; i < COUNTS_WORDS; i++)
        words[i] = atomic_load_explicit(&scoreboard_control(b)->counts[i], memory_order_relaxed);
    memcpy(out, words, sizeof(words));
}

enum err scoreboard_restrict(struct scoreboard *b, int i)
{
    for (int other = 0; other < b->slots; other++)
        if (other != i && munmap(b->map + (size_t)(other + 1) * b->page, b->page) != 0)
            return ERR_IO;
    if (mprotect(b->map, b->page, PROT_READ) != 0)
        return ERR_IO;
    /* The worker's decoder child gets neither page. */
    return madvise(b->map, b->page, MADV_DONTFORK) == 0 &&
                   madvise(b->map + (size_t)(i + 1) * b->page, b->page, MADV_DONTFORK) == 0
               ? OK
               : ERR_IO;
}

/* to[size], always ended by a NUL. */
static void text_store(_Atomic char *to, size_t size, const char *from)
{
    size_t i = 0;

    for (; from != NULL && i + 1 < size && from[i] != '\0'; i++)
        atomic_store_explicit(&to[i], from[i], memory_order_relaxed);
    atomic_store_explicit(&to[i], '\0', memory_order_relaxed);
}

static void text_load(char *to, size_t size, const _Atomic char *from)
{
    size_t i = 0;

    for (; i + 1 < size; i++) {
        to[i] = atomic_load_explicit(&from[i], memory_order_relaxed);
        if (to[i] == '\0')
            break;
    }
    to[i] = '\0';
}

void score_up(struct score *s)
{
    atomic_store(&s->up, 1);
}

void score_begin(struct score *s, int64_t now_us)
{
    text_store(s->route, sizeof(s->route), NULL);
    text_store(s->id, sizeof(s->id), NULL);
    atomic_store(&s->phase, PHASE_READ);
    atomic_store(&s->started_us, now_us);
}

void score_phase(struct score *s, enum phase phase)
{
    atomic_store(&s->phase, (int)phase);
}

void score_route(struct score *s, const char *route, const char *id)
{
    text_store(s->route, sizeof(s->route), route);
    text_store(s->id, sizeof(s->id), id);
}

void score_end(struct score *s, bool answered)
{
    atomic_store(&s->started_us, 0);
    atomic_store(&s->phase, PHASE_IDLE);
    if (answered)
        atomic_fetch_add(&s->requests, 1);
}

void score_count(struct score *s, enum counts_group group, int status)
{
    if (group >= 0 && group < GROUP_COUNT && status >= 100 && status < 100 * (COUNTS_CLASSES + 1))
        atomic_fetch_add(&s->answered[group][status / 100 - 1], 1);
}

void score_decoder_lost(struct score *s)
{
    atomic_fetch_add(&s->decoders_lost, 1);
}

void score_gate(struct score *s, const struct gate_counts *counts)
{
    uint64_t words[GATE_WORDS];

    memcpy(words, counts, sizeof(words));
    for (size_t i = 0; i < GATE_WORDS; i++)
        atomic_store_explicit(&s->gate[i], words[i], memory_order_relaxed);
}

void score_add(const struct score *s, struct counts *to)
{
    uint64_t gate[GATE_WORDS];

    for (size_t g = 0; g < GROUP_COUNT; g++)
        for (size_t c = 0; c < COUNTS_CLASSES; c++)
            to->answered[g][c] += atomic_load(&s->answered[g][c]);
    to->decoders_lost += atomic_load(&s->decoders_lost);
    memcpy(gate, &to->gate, sizeof(gate));
    for (size_t i = 0; i < GATE_WORDS; i++)
        gate[i] += atomic_load_explicit(&s->gate[i], memory_order_relaxed);
    memcpy(&to->gate, gate, sizeof(gate));
}

void score_reset(struct score *s)
{
    for (size_t g = 0; g < GROUP_COUNT; g++)
        for (size_t c = 0; c < COUNTS_CLASSES; c++)
            atomic_store(&s->answered[g][c], 0);
    atomic_store(&s->decoders_lost, 0);
    for (size_t i = 0; i < GATE_WORDS; i++)
        atomic_store(&s->gate[i], 0);
    atomic_store(&s->up, 0);
    atomic_store(&s->requests, 0);
    atomic_store(&s->started_us, 0);
    atomic_store(&s->phase, PHASE_IDLE);
    text_store(s->route, sizeof(s->route), NULL);
    text_store(s->id, sizeof(s->id), NULL);
}

void score_read(const struct score *s, int64_t now_us, struct score_view *out)
{
    int phase = atomic_load(&s->phase);

    memset(out, 0, sizeof(*out));
    out->started_us = atomic_load(&s->started_us);
    if (out->started_us < 0 || out->started_us > now_us)
        out->started_us = now_us; /* nonsense: busy since just now */
    out->phase = phase >= PHASE_IDLE && phase < PHASE_COUNT ? (enum phase)phase : PHASE_IDLE;
    out->up = atomic_load(&s->up) != 0;
    out->requests = atomic_load(&s->requests);
    text_load(out->route, sizeof(out->route), s->route);
    text_load(out->id, sizeof(out->id), s->id);
}

const char *phase_name(enum phase phase)
{
    static const char *const names[PHASE_COUNT] = {"idle", "read", "decode", "infer", "database", "hash", "reply"};

    return phase >= PHASE_IDLE && phase < PHASE_COUNT ? names[phase] : "?";
}
