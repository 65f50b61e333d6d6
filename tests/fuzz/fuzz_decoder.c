/* Input: steps_side_px in two bytes, then what a child may have left in the shared area as its answer (R39). Whatever
 * it is, what the worker takes over is within the bounds that decoder.h promises, or nothing is taken. */
#include <stdlib.h>
#include <string.h>

#include "image/decoder_wire.h"
#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        __builtin_trap();
}

static void check_name(const char *name)
{
    const size_t n = strnlen(name, DECODER_STEP_NAME_MAX + 1);

    check(n >= 1 && n <= DECODER_STEP_NAME_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyz") == n);
}

static void check_steps(const struct normalise_steps *s)
{
    check(s->width >= 1 && s->width <= IMAGE_SIDE_MAX_PX && s->height >= 1 && s->height <= IMAGE_SIDE_MAX_PX);
    check((int64_t)s->width * s->height <= IMAGE_AREA_MAX_PX);
    for (int i = 0; i < 4; i++)
        check(s->box[i] >= 0 && s->box[i] <= IMAGE_SIDE_MAX_PX);
    check(s->box[0] + s->box[2] <= s->width && s->box[1] + s->box[3] <= s->height);
    check(!s->blank || s->box[2] == 0);
    for (int i = 0; i < 2; i++)
        check(s->shift[i] >= -28 && s->shift[i] <= 28);
}

static void check_pictures(const struct decoder_reply *r, int side_px, const struct decoder_area *area)
{
    check(r->n_pictures >= 0 && r->n_pictures <= DECODER_STEPS_MAX && (side_px > 0 || r->n_pictures == 0));
    for (int i = 0; i < r->n_pictures; i++) {
        const struct decoder_step *s = &r->pictures[i];

        check_name(s->name);
        check(s->w >= 1 && s->w <= side_px && s->h >= 1 && s->h <= side_px);
        check(s->px >= area->map && s->px + (size_t)s->w * (size_t)s->h <= area->map + area->map_bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct decoder_area area = {.bytes_max = 1000};
    const int side_px = size < 2 ? 0 : (data[0] << 8 | data[1]) % (DECODER_STEP_SIDE_MAX_PX + 1);
    struct decoder_reply reply;
    struct why why = {""};
    enum err e;
    bool good;

    if (size < 2)
        return 0;
    area.map_bytes =
        sizeof(struct decoder_answer) + area.bytes_max + (size_t)DECODER_STEPS_MAX * DECODER_STEP_MAX_BYTES;
    if (area.map == NULL && (area.map = malloc(area.map_bytes)) == NULL)
        return 0;
    good = decoder_reply_check(data + 2, size - 2, side_px, &area, &e, &reply, &why);
    check(!good || size - 2 == sizeof(struct decoder_answer));
    if (good && e == OK) {
        check_steps(&reply.steps);
        check_name(reply.channel);
        check_pictures(&reply, side_px, &area);
        return 0;
    }
    check(reply.n_pictures == 0 && reply.steps.width == 0);
    if (good) {
        check(e == ERR_UNSUPPORTED || e == ERR_LIMIT || e == ERR_FORMAT || e == ERR_TRUNCATED);
        check(strnlen(why.text, sizeof(why.text)) < sizeof(why.text) && why.text[0] != '\0');
        for (const char *p = why.text; *p != '\0'; p++)
            check(*p >= 0x20 && *p <= 0x7e);
    }
    return 0;
}
