/* Checks the answer of a child that may be compromised: every field has a range, and is copied only after it has been
 * found to be in it. The child sends bytes; nothing here assumes that they came from our own code. */
#include "decoder_wire.h"

#include <string.h>

#include "image.h"

/* name[DECODER_STEP_NAME_MAX + 1]: lower-case letters, at least one, then NULs. */
static bool name_is_good(const char *name)
{
    size_t n = 0;

    while (n < DECODER_STEP_NAME_MAX && name[n] >= 'a' && name[n] <= 'z')
        n++;
    return n > 0 && name[n] == '\0';
}

/* One line of printable ASCII, like all our sentences: the visitor sees it. */
static bool sentence_is_good(const char *text, size_t size)
{
    size_t n = 0;

    while (n < size && text[n] >= 0x20 && text[n] <= 0x7e)
        n++;
    return n > 0 && n < size && text[n] == '\0';
}

static bool refusal_is_good(const struct decoder_answer *a)
{
    return (a->error == ERR_UNSUPPORTED || a->error == ERR_LIMIT || a->error == ERR_FORMAT ||
            a->error == ERR_TRUNCATED) &&
           sentence_is_good(a->why, sizeof(a->why));
}

static bool box_is_good(const struct decoder_answer *a)
{
    const int32_t *b = a->box;

    if (a->blank)
        return b[0] == 0 && b[1] == 0 && b[2] == 0 && b[3] == 0;
    return b[0] >= 0 && b[1] >= 0 && b[2] >= 1 && b[3] >= 1 && b[2] <= a->width && b[3] <= a->height &&
           b[0] <= a->width - b[2] && b[1] <= a->height - b[3];
}

static bool refusal_is_known(const struct decoder_answer *a)
{
    return a->refusal == NORMALISE_NOT_REFUSED || (a->blank && a->refusal < NORMALISE_REFUSALS);
}

static bool steps_are_good(const struct decoder_answer *a)
{
    for (int i = 0; i < 2; i++)
        if (!(a->shift[i] >= -DECODER_SHIFT_MAX_PX && a->shift[i] <= DECODER_SHIFT_MAX_PX)) /* nor a NaN */
            return false;
    return a->width >= 1 && a->height >= 1 && a->width <= IMAGE_SIDE_MAX_PX && a->height <= IMAGE_SIDE_MAX_PX &&
           a->width * a->height <= IMAGE_AREA_MAX_PX && a->unchanged <= 1 && a->inverted <= 1 && a->blank <= 1 &&
           a->upright <= 1 && refusal_is_known(a) && box_is_good(a) && name_is_good(a->channel);
}

static bool pictures_are_good(const struct decoder_answer *a, int side_px)
{
    if (a->n_pictures < 0 || a->n_pictures > (side_px > 0 ? DECODER_STEPS_MAX : 0))
        return false;
    for (int i = 0; i < a->n_pictures; i++)
        if (a->pictures[i].w < 1 || a->pictures[i].h < 1 || a->pictures[i].w > side_px || a->pictures[i].h > side_px ||
            !name_is_good(a->pictures[i].name))
            return false;
    return true;
}

static void reply_fill(const struct decoder_answer *a, const struct decoder_area *area, struct decoder_reply *reply)
{
    memcpy(reply->input, a->input, sizeof(reply->input));
    reply->steps = (struct normalise_steps){.width = a->width,
                                            .height = a->height,
                                            .unchanged = a->unchanged != 0,
                                            .inverted = a->inverted != 0,
                                            .blank = a->blank != 0,
                                            .refusal = (enum normalise_refusal)a->refusal,
                                            .shift = {a->shift[0], a->shift[1]}};
    for (int i = 0; i < 4; i++)
        reply->steps.box[i] = a->box[i];
    reply->upright = a->upright != 0;
    memcpy(reply->channel, a->channel, sizeof(reply->channel));
    reply->n_pictures = a->n_pictures;
    for (int i = 0; i < a->n_pictures; i++) {
        struct decoder_step *s = &reply->pictures[i];

        memcpy(s->name, a->pictures[i].name, sizeof(s->name));
        s->w = a->pictures[i].w;
        s->h = a->pictures[i].h;
        s->px = decoder_area_picture(area, i);
    }
}

bool decoder_reply_check(const uint8_t *bytes, size_t n, int steps_side_px, const struct decoder_area *area,
                         enum err *answer, struct decoder_reply *reply, struct why *why)
{
    struct decoder_answer a;

    *answer = ERR_FORMAT;
    memset(reply, 0, sizeof(*reply));
    if (n != sizeof(a))
        return false;
    memcpy(&a, bytes, sizeof(a));
    if (a.error != OK) {
        if (!refusal_is_good(&a))
            return false;
        *answer = (enum err)a.error;
        if (why != NULL)
            memcpy(why->text, a.why, sizeof(why->text));
        return true;
    }
    if (!steps_are_good(&a) || !pictures_are_good(&a, steps_side_px))
        return false;
    *answer = OK;
    reply_fill(&a, area, reply);
    return true;
}

bool decoder_lattice_take(const struct decoder_reply *reply, const struct layout_lattice *from,
                          struct layout_lattice *to)
{
    if (layout_lattice_take(from, to) && to->width >= 0 && to->width <= reply->steps.width && to->height >= 0 &&
        to->height <= reply->steps.height)
        return true;
    layout_lattice_clear(to);
    return false;
}
