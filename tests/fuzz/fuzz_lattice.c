/* Input: a byte that says what follows: a picture's levelled pixels, a grey picture as it is decoded (the whole way of
 * the decoder's child), or what a child may have left in the shared area as its lattice. A picture's lattice holds
 * together and keeps to its limits, whatever the picture; whatever was left as a lattice is refused, or can be read:
 * every sign of the reading is a candidate of the lattice, every confidence a probability, every box within the
 * picture. The ink that the normaliser has made of a page gives the lattice that the page alone gives. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "image/decoder_wire.h"
#include "layout/layout.h"
#include "layout/table.h"
#include "layout/terms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct layout_lattice given, lattice;
static struct layout_looks looks;
static struct layout_reading reading;
static struct layout_table table;

static void check(bool good)
{
    if (!good)
        __builtin_trap();
}

/* A network of no sense, the same for the same picture. */
static void ask(void *ctx, int n, const uint8_t *const inputs[], struct layout_score *scores)
{
    (void)ctx;
    for (int i = 0; i < n; i++) {
        unsigned sum = 0;

        for (int k = 0; k < DIGIT_PIXELS; k++)
            sum = sum * 31 + inputs[i][k];
        for (int k = 0; k < LAYOUT_CLASSES; k++)
            scores[i].log_probability[k] = -(float)(sum >> (3 * k) & 15);
        scores[i].digit = (float)(sum % 17) - 8;
    }
}

static void check_reading(void)
{
    check(reading.lines >= 0 && reading.lines <= lattice.rows);
    check(reading.signs >= 0 && reading.signs <= LAYOUT_SIGNS_MAX && reading.digits <= reading.signs);
    for (int i = 0; i < reading.lines; i++) {
        const struct layout_line *v = &reading.line[i];

        check(v->row >= 0 && v->row < lattice.rows && v->first >= 0 && v->signs >= 1 &&
              v->first + v->signs <= reading.signs);
        check(v->confidence >= 0 && v->confidence <= 1 && v->runner_up >= 0 && v->runner_up <= 1);
        check(v->other >= 0 && v->other_signs >= 0 && v->other + v->other_signs <= LAYOUT_ATOMS_MAX);
    }
    for (int i = 0; i < reading.signs; i++) {
        const struct layout_sign *s = &reading.sign[i];

        check(s->candidate >= -1 && s->candidate < lattice.candidates && s->confidence >= 0 && s->confidence <= 1);
        check(s->text == ' ' ? s->candidate == -1 : strchr(layout_label_chars, s->text) != NULL);
    }
}

static void read_lattice(void)
{
    int again;

    check(layout_look(&lattice, ask, NULL, &looks) == OK);
    check(looks.n <= lattice.candidates);
    check(layout_read(&lattice, &looks, &layout_terms_default, &reading) == OK);
    check_reading();
    check(layout_look_again(&lattice, &reading, ask, NULL, &looks, &again) == OK);
    check(layout_read(&lattice, &looks, &layout_terms_default, &reading) == OK);
    check_reading();
    layout_table_find(&lattice, &reading, &table);
    check(table.words >= 0 && table.words <= LAYOUT_ATOMS_MAX && table.columns <= table.words);
}

enum what { LEVELLED, LEFT_BY_CHILD, DECODED, WHATS };

/* The width in the first byte; what is left are pixels. False: there are none. */
static bool raster_take(const uint8_t *data, size_t size, struct raster *out)
{
    if (size < 2)
        return false;
    out->w = data[0] + 1;
    out->h = (int)((size - 1) / (size_t)out->w);
    out->px = data + 1;
    return out->h >= 1;
}

static void check_found(int w, int h)
{
    check(layout_lattice_check(&lattice));
    check(lattice.width == w && lattice.height == h);
    read_lattice();
}

/* reduced: the picture was so many times as large before, less a px. */
static void find(const struct raster *levelled, int reduced, int noise)
{
    const size_t pixels = (size_t)levelled->w * (size_t)levelled->h;
    struct picture p = {.state = PICTURE_DARKENING, .w = levelled->w, .h = levelled->h, .scale = reduced};

    p.in = (struct raster){levelled->w * reduced - (reduced > 1), levelled->h * reduced - (reduced > 1), NULL};
    p.paper.noise = noise;
    p.px = malloc(pixels);
    if (p.px == NULL)
        return;
    memcpy(p.px, levelled->px, pixels);
    check(layout_find(&p, &lattice) == OK);
    free(p.px);
    check_found(p.in.w, p.in.h);
}

static enum err child_find(void *ctx, const struct picture *levelled, const struct picture *ink)
{
    (void)ctx;
    check(layout_find(levelled, &given) == OK);
    check(layout_find_beside(levelled, ink, &lattice) == OK);
    check(given.rows == lattice.rows && given.candidates == lattice.candidates);
    check(memcmp(given.candidate, lattice.candidate, (size_t)given.candidates * sizeof(*given.candidate)) == 0);
    return OK;
}

/* As decoder_child.c does. */
static void decode(const struct raster *grey)
{
    const struct normalise_options options = {.page = child_find};
    uint8_t input[DIGIT_PIXELS];
    struct normalise_steps steps;

    layout_lattice_clear(&lattice);
    check(normalise_with(grey, &options, input, &steps) == OK);
    if (steps.unchanged)
        layout_single(input, steps.box, &lattice);
    check_found(steps.unchanged ? lattice.width : grey->w, steps.unchanged ? lattice.height : grey->h);
}

static void check_boxes(int w, int h)
{
    check(lattice.width <= w && lattice.height <= h);
    for (int i = 0; i < lattice.candidates; i++) {
        const struct box *b = &lattice.candidate[i].box;

        check(b->x0 >= 0 && b->x0 < b->x1 && b->x1 <= w && b->y0 >= 0 && b->y0 < b->y1 && b->y1 <= h);
    }
}

/* reply_less: so many px, the picture of the reply is smaller than the lattice says: then it is not taken. */
static void take(const uint8_t *data, size_t size, int reply_less)
{
    struct decoder_reply reply = {.n_pictures = 0};

    memset(&given, 0, sizeof(given));
    memcpy(&given, data, size < sizeof(given) ? size : sizeof(given));
    reply.steps.width = given.width > reply_less ? given.width - reply_less : 0;
    reply.steps.height = given.height;
    if (decoder_lattice_take(&reply, &given, &lattice)) {
        check(reply_less == 0 || given.width <= 0);
        check_boxes(reply.steps.width, reply.steps.height);
        read_lattice();
    } else {
        check(lattice.rows == 0 && lattice.candidates == 0 && lattice.width == 0 && lattice.height == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct raster in;

    if (size < 1)
        return 0;
    switch (data[0] % WHATS) {
    case LEVELLED: /* how it is looked at is in what is left of the byte */
        if (raster_take(data + 1, size - 1, &in))
            find(&in, 1 + data[0] / WHATS % 4, 4 * (1 + data[0] / WHATS / 4));
        return 0;
    case DECODED:
        if (raster_take(data + 1, size - 1, &in))
            decode(&in);
        return 0;
    default:
        take(data + 1, size - 1, data[0] >= 128);
        return 0;
    }
}
