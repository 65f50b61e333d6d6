/* The child: one picture after the other, out of the shared area, until the channel closes.
 *
 * Pitfalls:
 * - Whatever goes wrong here ends this process and no other; nothing here may return into the worker's code.
 * - Memory that is asked for and not there is the picture's fault (the limit is ours, the machine has more): a refusal,
 *   never the 503 that a worker without memory would give.
 * - The answer lies in the shared area, and the worker zeroes it once it has it: nothing of the last picture is there
 *   when the next one is read. */
#include "decoder_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image.h"
#include "sandbox.h"
#include "shrink.h"

struct child {
    int channel;
    const struct decoder_area *area;
    struct decoder_answer *answer; /* in the area */
    int steps_side_px;
};

static void child_see(void *ctx, const char *name, int w, int h, const uint8_t *px)
{
    struct child *c = ctx;
    const int i = c->answer->n_pictures;
    const struct raster whole = {w, h, px};
    int made_w, made_h;

    if (i >= DECODER_STEPS_MAX || c->steps_side_px == 0)
        return;
    shrink(&whole, c->steps_side_px, decoder_area_picture(c->area, i), &made_w, &made_h);
    c->answer->pictures[i].w = made_w;
    c->answer->pictures[i].h = made_h;
    (void)snprintf(c->answer->pictures[i].name, sizeof(c->answer->pictures[i].name), "%s", name);
    c->answer->n_pictures++;
}

static void child_tell_steps(struct decoder_answer *a, const struct normalise_steps *s)
{
    a->width = s->width;
    a->height = s->height;
    a->unchanged = s->unchanged;
    a->inverted = s->inverted;
    a->blank = s->blank;
    a->refusal = (uint8_t)s->refusal;
    for (int i = 0; i < 4; i++)
        a->box[i] = s->box[i];
    a->shift[0] = s->shift[0];
    a->shift[1] = s->shift[1];
}

static enum err child_find(void *ctx, const struct picture *levelled, const struct picture *ink)
{
    const struct child *c = ctx;

    return layout_find_beside(levelled, ink, decoder_area_lattice(c->area));
}

static enum err child_read(struct child *c, const struct decoder_ask *ask, struct why *why)
{
    const struct normalise_trace trace = {child_see, c};
    const struct normalise_options options = {.invert = (enum normalise_invert)ask->invert,
                                              .center = (enum normalise_center)ask->center,
                                              .trace = ask->steps_side_px > 0 ? &trace : NULL,
                                              .page = ask->lattice ? child_find : NULL,
                                              .page_ctx = c};
    struct normalise_steps steps;
    struct image img;
    enum err e = image_decode(decoder_area_bytes(c->area), (size_t)ask->n, &img, why);

    if (e == OK)
        e = normalise_with(&img.raster, &options, c->answer->input, &steps);
    if (e == OK && ask->lattice && steps.unchanged)
        layout_single(c->answer->input, steps.box, decoder_area_lattice(c->area));
    if (e == OK) {
        child_tell_steps(c->answer, &steps);
        c->answer->upright = img.upright;
        (void)snprintf(c->answer->channel, sizeof(c->answer->channel), "%s", img.channel);
    }
    image_free(&img);
    if (e == ERR_NOMEM)
        e = err_why(
            why, ERR_FORMAT,
            "The picture takes too much memory to read. Make it smaller, or save it again as PNG, and send that.");
    return e;
}

static void child_refuse(struct child *c, enum err e, const struct why *why)
{
    memset(c->answer, 0, sizeof(*c->answer));
    c->answer->error = (int32_t)e;
    (void)snprintf(c->answer->why, sizeof(c->answer->why), "%s", why->text);
}

/* false: the channel is closed. */
static bool child_send(const struct child *c, uint64_t serial)
{
    return write(c->channel, &serial, sizeof(serial)) == (ssize_t)sizeof(serial);
}

static bool child_serve(struct child *c)
{
    struct decoder_ask ask;
    struct why why = {""};
    enum err e;

    if (read(c->channel, &ask, sizeof(ask)) != (ssize_t)sizeof(ask))
        return false;
    c->steps_side_px = ask.steps_side_px;
    e = child_read(c, &ask, &why);
    if (e != OK)
        child_refuse(c, e, &why);
    return child_send(c, ask.serial);
}

static int by_byte(const void *a, const void *b)
{
    return *(const uint8_t *)a - *(const uint8_t *)b;
}

/* R38: does everything now that would later be initialised lazily with a system call that the sandbox forbids. In
 * glibc: qsort asks for the size of the memory the first time it gets much data; stderr, if the parent gave it a
 * buffer, checks its kind of file the first time that libpng warns. */
static enum err child_warm_up(struct why *why)
{
    enum { SIDE = 64 };
    uint8_t px[SIDE * SIDE], out[DIGIT_PIXELS];
    const struct raster raster = {SIDE, SIDE, px};
    struct normalise_steps steps;
    enum err e = image_warm_up(why);

    for (int i = 0; i < SIDE * SIDE; i++)
        px[i] = i % SIDE > 20 && i % SIDE < 30 && i > 16 * SIDE && i < 48 * SIDE ? 0 : 255;
    if (e == OK)
        e = normalise(&raster, out, &steps);
    qsort(px, sizeof(px), 1, by_byte);
    (void)fputs("a line for /dev/null\n", stderr);
    return e;
}

_Noreturn void decoder_child_run(int channel, pid_t parent, const struct decoder_area *area)
{
    struct child c = {.area = area, .answer = decoder_area_answer(area)};
    struct why why = {""};
    enum err e = sandbox_enter(&channel, parent, &why);

    c.channel = channel;
    if (e == OK)
        e = child_warm_up(&why);
    if (e == OK)
        e = sandbox_close(&why);
    if (e != OK)
        child_refuse(&c, e, &why);
    if (child_send(&c, 0) && e == OK)
        while (child_serve(&c))
            ;
    _exit(0);
}
