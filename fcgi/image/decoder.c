/* The worker's side of the decoder child: forks it, sends requests, waits, trusts nothing, ends it.
 *
 * Pitfalls:
 * - The channel is SOCK_SEQPACKET: a message comes whole or not at all, and its end is seen at once (recv gives 0).
 * - A child that dies before it has taken the ask leaves it unread, and the kernel then says ECONNRESET (or EPIPE to
 *   the ask): the picture is innocent, ERR_BUSY. Once it has taken it, its death is the picture's fault.
 * - What a picture may cost is processor time: on a busy machine a good one may take any time at all. So the child's
 *   clock is asked, and only if the answer has not come within a second. (A limit of the kernel's, RLIMIT_CPU, would
 *   count all the pictures of a process together.)
 * - SO_RCVTIMEO is that second: one system call instead of poll and recv.
 * - What lies in the shared area is wiped by this side, which alone is sure to do so (R35). */
#include "decoder.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "decoder_wire.h"

enum { LOOK_MS = 1000 };

/* Why the child is gone. LOSS_BEFORE: it was dead before it took a picture. LOSS_LATE: it works, but not fast enough.
 */
enum loss { LOSS_NONE, LOSS_BEFORE, LOSS_DIED, LOSS_STALLED, LOSS_NONSENSE, LOSS_LATE };

struct decoder {
    int channel; /* -1: closed */
    pid_t pid;   /* 0: waited for */
    struct decoder_area area;
    uint64_t serial;
    struct decoder_reply told; /* the last one: its pictures are wiped before the next */
    enum loss loss;
    int status; /* of wait, once lost */
};

static void decoder_reap(struct decoder *d)
{
    if (d->channel >= 0)
        (void)close(d->channel);
    d->channel = -1;
    if (d->pid <= 0)
        return;
    (void)kill(d->pid, SIGKILL); /* if it is already dead, wait returns its own status */
    while (waitpid(d->pid, &d->status, 0) < 0 && errno == EINTR)
        ;
    d->pid = 0;
}

static void decoder_lose(struct decoder *d, enum loss loss)
{
    d->loss = loss;
    decoder_reap(d);
}

static void decoder_wipe_pictures(struct decoder *d)
{
    for (int i = 0; i < d->told.n_pictures; i++)
        memset(decoder_area_picture(&d->area, i), 0, (size_t)d->told.pictures[i].w * (size_t)d->told.pictures[i].h);
    memset(&d->told, 0, sizeof(d->told));
}

static enum err decoder_channel(int ends[2])
{
    const struct timeval wait = {.tv_sec = LOOK_MS / 1000, .tv_usec = LOOK_MS % 1000 * 1000L};

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return ERR_IO;
    return setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0 ? OK : ERR_IO;
}

static enum err decoder_area_new(struct decoder_area *area, size_t bytes_max)
{
    const size_t n = decoder_area_lattice_at(bytes_max) + sizeof(struct layout_lattice);
    void *map = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED)
        return ERR_NOMEM;
    *area = (struct decoder_area){map, bytes_max, n};
    return OK;
}

/* The processor time that the child has had, in us; -1: nobody knows. */
static int64_t decoder_cpu_us(const struct decoder *d)
{
    struct timespec t;
    clockid_t id;

    if (clock_getcpuclockid(d->pid, &id) != 0 || clock_gettime(id, &t) != 0)
        return -1;
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* Whether the child has worked for longer than a picture may take. first_us: its clock at the first look, before which
 * it had LOOK_MS at most. */
static bool decoder_overworked(int64_t first_us, int64_t now_us)
{
    return first_us >= 0 && now_us - first_us > (DECODER_CPU_MS - LOOK_MS) * INT64_C(1000);
}

/* Waits for the child's message and copies its answer from shared memory, whatever they contain. *loss: why there is
 * none. */
static bool decoder_receive(const struct decoder *d, int64_t until_us, struct decoder_answer *answer, enum loss *loss)
{
    uint64_t message[2] = {0}; /* room to see that one is too long */
    int64_t first_us = -1, cpu_us = -1;
    ssize_t n;

    for (;;) {
        n = recv(d->channel, message, sizeof(message), 0);
        if (n >= 0 || (errno != EAGAIN && errno != EINTR))
            break;
        cpu_us = decoder_cpu_us(d);
        first_us = first_us < 0 ? cpu_us : first_us;
        if (decoder_overworked(first_us, cpu_us) || clock_mono_us() + LOOK_MS * INT64_C(1000) > until_us) {
            *loss = decoder_overworked(first_us, cpu_us) ? LOSS_STALLED : LOSS_LATE;
            return false;
        }
    }
    if (n == (ssize_t)sizeof(message[0]) && message[0] == d->serial) {
        memcpy(answer, decoder_area_answer(&d->area), sizeof(*answer));
        memset(decoder_area_answer(&d->area), 0, sizeof(*answer));
        return true;
    }
    *loss = n > 0 ? LOSS_NONSENSE : n == 0 ? LOSS_DIED : errno == ECONNRESET ? LOSS_BEFORE : LOSS_NONSENSE;
    return false;
}

/* The child's first message: it is ready, or why not. It has not read a picture yet, so it is trusted. */
static enum err decoder_greet(struct decoder *d, struct why *why)
{
    struct decoder_answer first;
    enum loss loss;

    if (!decoder_receive(d, clock_mono_us() + DECODER_WAIT_MS * INT64_C(1000), &first, &loss))
        return err_why(why, ERR_IO, "decoder: the child process did not start");
    first.why[sizeof(first.why) - 1] = '\0';
    if (first.error != OK)
        return err_why(why, first.error > OK && first.error < ERR_COUNT ? (enum err)first.error : ERR_IO, "%s",
                       first.why);
    return OK;
}

enum err decoder_new(struct decoder **out, size_t bytes_max, struct why *why)
{
    struct decoder *d = calloc(1, sizeof(*d));
    const pid_t self = getpid();
    int ends[2] = {-1, -1};
    enum err e;

    *out = NULL;
    if (d == NULL)
        return err_why(why, ERR_NOMEM, "decoder: out of memory");
    d->channel = -1;
    e = decoder_area_new(&d->area, bytes_max);
    if (e == OK)
        e = decoder_channel(ends);
    if (e == OK) {
        d->pid = fork();
        if (d->pid == 0)
            decoder_child_run(ends[1], self, &d->area);
        if (d->pid < 0)
            e = ERR_IO;
    }
    if (e != OK)
        (void)err_why(why, e, "decoder: %s", strerror(errno));
    d->channel = ends[0];
    if (ends[1] >= 0)
        (void)close(ends[1]);
    if (e == OK)
        e = decoder_greet(d, why);
    if (e != OK) {
        decoder_free(d);
        return e;
    }
    *out = d;
    return OK;
}

static bool decoder_ask(struct decoder *d, const struct decoder_request *request)
{
    const struct decoder_ask ask = {.serial = ++d->serial,
                                    .n = request->n,
                                    .invert = (int32_t)request->invert,
                                    .center = (int32_t)request->center,
                                    .steps_side_px = request->steps_side_px,
                                    .lattice = request->lattice != NULL};

    memcpy(decoder_area_bytes(&d->area), request->bytes, request->n);
    /* The queue has room for one request at a time; if the child has filled it on purpose, this does not wait. */
    return send(d->channel, &ask, sizeof(ask), MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(ask);
}

/* The answer to what was asked, or why the child is lost. */
static enum err decoder_take(struct decoder *d, const struct decoder_request *request, struct decoder_reply *reply,
                             struct why *why)
{
    const int64_t until_us =
        request->until_us != 0 ? request->until_us : clock_mono_us() + DECODER_WAIT_MS * INT64_C(1000);
    struct decoder_answer answer;
    enum loss loss = LOSS_NONSENSE;
    enum err e;

    if (decoder_receive(d, until_us, &answer, &loss) &&
        decoder_reply_check((const uint8_t *)&answer, sizeof(answer), request->steps_side_px, &d->area, &e, reply,
                            why) &&
        (e != OK || request->lattice == NULL ||
         decoder_lattice_take(reply, decoder_area_lattice(&d->area), request->lattice)))
        return e;
    memset(reply, 0, sizeof(*reply));
    decoder_lose(d, loss);
    switch (loss) {
    case LOSS_BEFORE:
        return ERR_BUSY;
    case LOSS_LATE:
        return err_why(why, ERR_BUSY, "The machine is too busy to read this picture in time. Send it again.");
    case LOSS_STALLED:
        return err_why(why, ERR_FORMAT,
                       "The picture takes too long to read. Make it smaller, or save it again as PNG, and send that.");
    default:
        return err_why(why, ERR_FORMAT,
                       "The picture cannot be read. Save it again, for example as PNG, and send that.");
    }
}

enum err decoder_read(struct decoder *d, const struct decoder_request *request, struct decoder_reply *reply,
                      struct why *why)
{
    enum err e;

    memset(reply, 0, sizeof(*reply));
    if (request->lattice != NULL)
        layout_lattice_clear(request->lattice);
    if (d->loss != LOSS_NONE)
        return ERR_BUSY;
    if (request->n > d->area.bytes_max)
        return err_why(why, ERR_LIMIT, "The file is too large. Make the picture smaller.");
    if (request->steps_side_px < 0 || request->steps_side_px > DECODER_STEP_SIDE_MAX_PX)
        return ERR_RANGE;
    decoder_wipe_pictures(d);
    if (decoder_ask(d, request)) {
        e = decoder_take(d, request, reply, why);
    } else {
        decoder_lose(d, LOSS_BEFORE);
        e = ERR_BUSY;
    }
    memset(decoder_area_bytes(&d->area), 0, request->n);
    if (request->lattice != NULL) /* what a refused picture has left there is not known */
        memset(decoder_area_lattice(&d->area), 0,
               e == OK ? layout_lattice_bytes(request->lattice) : sizeof(*request->lattice));
    d->told = *reply;
    return e;
}

bool decoder_lost(const struct decoder *d)
{
    return d->loss != LOSS_NONE;
}

int decoder_pid(const struct decoder *d)
{
    return (int)d->pid;
}

int decoder_fd(const struct decoder *d)
{
    return d->channel;
}

void decoder_heard(struct decoder *d)
{
    uint8_t byte;

    if (d->loss == LOSS_NONE)
        decoder_lose(d, recv(d->channel, &byte, 1, MSG_DONTWAIT) > 0 ? LOSS_NONSENSE : LOSS_BEFORE);
}

void decoder_log_loss(const struct decoder *d, const char *request_id)
{
    static const char *const events[] = {"decoder_alive",   "decoder_died",     "decoder_died",
                                         "decoder_stalled", "decoder_nonsense", "decoder_late"};
    const bool by_sandbox = WIFSIGNALED(d->status) && WTERMSIG(d->status) == SIGSYS;
    struct log_line l;

    log_begin(&l, LOG_WARN, by_sandbox ? "sandbox_kill" : events[d->loss]);
    log_str(&l, "id", request_id);
    log_int(&l, WIFSIGNALED(d->status) ? "signal" : "status",
            WIFSIGNALED(d->status) ? WTERMSIG(d->status) : WEXITSTATUS(d->status));
    log_end(&l);
}

void decoder_free(struct decoder *d)
{
    if (d == NULL)
        return;
    decoder_reap(d);
    if (d->area.map != NULL)
        (void)munmap(d->area.map, d->area.map_bytes);
    free(d);
}
