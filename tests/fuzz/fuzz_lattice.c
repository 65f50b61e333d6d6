/* Input: a byte that says which half, then a picture's levelled pixels, or what a child may have left in the shared
 * area as its lattice. A picture's lattice holds together and keeps to its limits, whatever the picture; whatever was
 * left as a lattice is refused, or can be read: every sign of the reading is a candidate of the lattice, every
 * confidence a probability. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

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

/* The width in the first byte; what is left are pixels. */
static void find(const uint8_t *data, size_t size)
{
    struct picture p = {.state = PICTURE_DARKENING, .scale = 1};

    if (size < 2)
        return;
    p.w = data[0] + 1;
    p.h = (int)((size - 1) / (size_t)p.w);
    p.paper.noise = 4;
    if (p.h < 1)
        return;
    p.in = (struct raster){p.w, p.h, data + 1};
    p.px = malloc((size_t)p.w * (size_t)p.h);
    if (p.px == NULL)
        return;
    memcpy(p.px, data + 1, (size_t)p.w * (size_t)p.h);
    check(layout_find(&p, &lattice) == OK);
    free(p.px);
    check(layout_lattice_check(&lattice));
    check(lattice.width == p.w && lattice.height == p.h);
    read_lattice();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    if (data[0] % 2 == 0) {
        find(data + 1, size - 1);
        return 0;
    }
    memset(&given, 0, sizeof(given));
    memcpy(&given, data + 1, size - 1 < sizeof(given) ? size - 1 : sizeof(given));
    if (layout_lattice_take(&given, &lattice))
        read_lattice();
    else
        check(lattice.rows == 0 && lattice.candidates == 0);
    return 0;
}
