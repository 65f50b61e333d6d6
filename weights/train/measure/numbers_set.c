/* From a lattice and its text to a sample: what the terms see of each candidate, and no more. */
#include "numbers_set.h"

#include <stdlib.h>
#include <string.h>

enum err numbers_set_new(struct numbers_set **out)
{
    *out = calloc(1, sizeof(**out));
    return *out ? OK : ERR_NOMEM;
}

static void sample_free(struct sample *s)
{
    free(s->c);
    free(s->skip);
    free(s->text);
}

void numbers_set_free(struct numbers_set *set)
{
    for (size_t i = 0; set && i < set->n; i++)
        sample_free(&set->sample[i]);
    if (set)
        free(set->sample);
    free(set);
}

static int by_end(const void *a, const void *b)
{
    const struct sample_candidate *p = a, *q = b;

    return p->to != q->to ? p->to - q->to : p->from - q->from;
}

static enum err sample_make(struct sample *s, const struct layout_lattice *l, const struct layout_looks *looks,
                            const char *text)
{
    *s = (struct sample){.nodes = l->atoms + 1};
    s->c = malloc(((size_t)looks->n + 1) * sizeof(*s->c));
    s->skip = malloc(((size_t)l->atoms + 1) * sizeof(*s->skip));
    s->text = malloc(strlen(text) + 1);
    if (!s->c || !s->skip || !s->text)
        return ERR_NOMEM;
    for (int i = 0; i < l->atoms; i++)
        terms_skip_inputs(&l->atom[i], s->skip[i]);
    for (int i = 0; i < l->candidates; i++) {
        struct sample_candidate *c = &s->c[s->n];
        const int first = l->row[l->candidate[i].row].first_atom;

        if (!looks->seen[i])
            continue;
        *c = (struct sample_candidate){.from = first + l->candidate[i].from, .to = first + l->candidate[i].to};
        terms_inputs(&l->candidate[i], &looks->score[i], c->x);
        memcpy(c->log_probability, looks->score[i].log_probability, sizeof(c->log_probability));
        for (int k = 0; k < LAYOUT_CLASSES; k++)
            c->own[k] = terms_own(&looks->score[i], k);
        for (int k = 0; k < LAYOUT_LABELS; k++)
            if (terms_may_be(&l->candidate[i], &looks->score[i], k))
                c->may |= (uint16_t)(1U << k);
        s->n++;
    }
    qsort(s->c, (size_t)s->n, sizeof(*s->c), by_end);
    for (; *text; text++) {
        const char *at = strchr(layout_label_chars, *text);

        if (!at)
            return ERR_RANGE;
        s->text[s->n_text++] = (uint8_t)(at - layout_label_chars);
    }
    return OK;
}

/* Whether some way gives the text: reach[node][labels so far]. */
static bool sample_possible(const struct sample *s)
{
    const size_t width = (size_t)s->n_text + 1;
    uint8_t *reach = calloc((size_t)s->nodes * width, 1);
    int at = 0;
    bool possible;

    if (!reach)
        return false;
    reach[0] = 1;
    for (int i = 1; i < s->nodes; i++) {
        memcpy(reach + (size_t)i * width, reach + (size_t)(i - 1) * width, width);
        for (; at < s->n && s->c[at].to == i; at++) {
            const uint8_t *from = reach + (size_t)s->c[at].from * width;

            for (size_t k = 0; k < width && (s->c[at].may >> LAYOUT_NOTHING & 1); k++)
                reach[(size_t)i * width + k] |= from[k];
            for (int k = 0; k < s->n_text; k++)
                if ((s->c[at].may >> s->text[k] & 1) && from[k])
                    reach[(size_t)i * width + (size_t)k + 1] = 1;
        }
    }
    possible = reach[(size_t)s->nodes * width - 1] != 0;
    free(reach);
    return possible;
}

enum err numbers_set_add(struct numbers_set *set, const struct layout_lattice *l, const struct layout_looks *looks,
                         const char *text, bool *possible)
{
    struct sample s;
    enum err e = OK;

    *possible = false;
    if (set->n == set->room) {
        const size_t room = 2 * set->room + 64;
        struct sample *more = calloc(room, sizeof(*more));

        if (!more)
            return ERR_NOMEM;
        if (set->n > 0)
            memcpy(more, set->sample, set->n * sizeof(*more));
        free(set->sample);
        set->sample = more;
        set->room = room;
    }
    e = sample_make(&s, l, looks, text);
    *possible = e == OK && sample_possible(&s);
    if (*possible)
        set->sample[set->n++] = s;
    else
        sample_free(&s);
    return e;
}
