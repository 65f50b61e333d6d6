/* Asks the network, in two rounds: of ten digits that stand apart, only what the first round sees needs to be asked. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"

/* A piece is plainly one digit: the network knows it, nearly surely, by its score and its probability, and it is no
 * wider than a digit. */
static const float PLAIN_SCORE = 1.5F, PLAIN_LOG = -0.03F, PLAIN_WIDTH = 1.1F;

enum { SIDE = DIGIT_SIDE_PX };

static void ask_some(const struct layout_lattice *l, const int *which, int n, layout_ask *ask, void *ctx,
                     struct layout_score *room, struct layout_looks *out)
{
    const uint8_t *inputs[LAYOUT_CANDIDATES_MAX];

    for (int i = 0; i < n; i++)
        inputs[i] = l->candidate[which[i]].input;
    if (n > 0)
        ask(ctx, n, inputs, room);
    for (int i = 0; i < n; i++) {
        out->score[which[i]] = room[i];
        out->seen[which[i]] = 1;
    }
    out->n += n;
}

static bool is_plain(const struct layout_candidate *c, const struct layout_score *s)
{
    float best = s->log_probability[0];

    for (int i = 1; i < LAYOUT_CLASSES; i++)
        best = s->log_probability[i] > best ? s->log_probability[i] : best;
    return s->digit >= PLAIN_SCORE && best >= PLAIN_LOG && c->measure[LAYOUT_WIDTH] <= PLAIN_WIDTH;
}

/* Marks the atoms of groups that are plainly one digit. */
static void find_plain(const struct layout_lattice *l, const struct layout_looks *looks,
                       uint8_t plain[LAYOUT_ATOMS_MAX])
{
    memset(plain, 0, LAYOUT_ATOMS_MAX);
    for (int i = 0; i < l->candidates; i++) {
        const struct layout_candidate *c = &l->candidate[i];
        const int first = l->row[c->row].first_atom;

        if (looks->seen[i] && l->atom[first + c->from].group == l->atom[first + c->to - 1].group &&
            is_plain(c, &looks->score[i]))
            memset(plain + first + c->from, 1, (size_t)(c->to - c->from));
    }
}

enum err layout_look(const struct layout_lattice *l, layout_ask *ask, void *ctx, struct layout_looks *out)
{
    struct layout_score *room = calloc((size_t)l->candidates + 1, sizeof(*room));
    uint8_t plain[LAYOUT_ATOMS_MAX];
    int *which = calloc((size_t)l->candidates + 1, sizeof(*which)), n = 0;
    enum err e = ERR_NOMEM;

    memset(out, 0, sizeof(*out));
    if (room == NULL || which == NULL)
        goto out;
    for (int i = 0; i < l->candidates; i++)
        if (!l->candidate[i].cut)
            which[n++] = i;
    ask_some(l, which, n, ask, ctx, room, out);
    find_plain(l, out, plain);
    n = 0;
    for (int i = 0; i < l->candidates; i++) {
        const struct layout_candidate *c = &l->candidate[i];
        const int first = l->row[c->row].first_atom;

        if (c->cut && memchr(plain + first + c->from, 0, (size_t)(c->to - c->from)) != NULL)
            which[n++] = i;
    }
    ask_some(l, which, n, ask, ctx, room, out);
    e = OK;
out:
    free(room);
    free(which);
    return e;
}

/* How a candidate is seen again: moved by px, leaning, turned, smaller or larger, about the middle of its mass. A digit
 * stays what it is through all of these, but the answer to one that is hard to tell often does not. */
struct view {
    float right, down; /* px */
    float lean, turn;  /* px a px */
    float wide, high;  /* times */
};
static const struct view views[] = {
    {-1, -1, 0, 0, 1, 1},       {0, -1, 0, 0, 1, 1},       {1, -1, 0, 0, 1, 1},    {-1, 0, 0, 0, 1, 1},
    {1, 0, 0, 0, 1, 1},         {-1, 1, 0, 0, 1, 1},       {0, 1, 0, 0, 1, 1},     {1, 1, 0, 0, 1, 1},
    {0, 0, 0.15F, 0, 1, 1},     {0, 0, -0.15F, 0, 1, 1},   {0, 0, 0, 0.12F, 1, 1}, {0, 0, 0, -0.12F, 1, 1},
    {0, 0, 0, 0, 0.88F, 0.94F}, {0, 0, 0, 0, 1.1F, 1.05F},
};
enum { VIEWS = sizeof(views) / sizeof(*views), MIDDLE = DIGIT_SIDE_PX / 2 };

static float pixel(const uint8_t *in, int x, int y)
{
    return x >= 0 && x < SIDE && y >= 0 && y < SIDE ? (float)in[y * SIDE + x] : 0;
}

/* Between pixels bilinear. What is moved out is lost, what comes in is 0. */
static void see(const uint8_t in[DIGIT_PIXELS], const struct view *v, uint8_t out[DIGIT_PIXELS])
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const float dx = ((float)(x - MIDDLE) - v->right) / v->wide, dy = ((float)(y - MIDDLE) - v->down) / v->high;
            const float fx = MIDDLE + dx + (v->lean + v->turn) * dy, fy = MIDDLE + dy - v->turn * dx;
            const int ix = (int)floorf(fx), iy = (int)floorf(fy);
            const float px = fx - (float)ix, py = fy - (float)iy;
            const float top = pixel(in, ix, iy) * (1 - px) + pixel(in, ix + 1, iy) * px;
            const float low = pixel(in, ix, iy + 1) * (1 - px) + pixel(in, ix + 1, iy + 1) * px;

            out[y * SIDE + x] = (uint8_t)(top + (low - top) * py + 0.5F);
        }
}

static void look_differently(const uint8_t input[DIGIT_PIXELS], layout_ask *ask, void *ctx,
                             uint8_t seen[][DIGIT_PIXELS], struct layout_score *score)
{
    const uint8_t *inputs[VIEWS];
    struct layout_score scores[VIEWS];
    double sum = 0;

    for (int i = 0; i < VIEWS; i++) {
        see(input, &views[i], seen[i]);
        inputs[i] = seen[i];
    }
    ask(ctx, VIEWS, inputs, scores);
    for (int k = 0; k < LAYOUT_CLASSES; k++) {
        for (int i = 0; i < VIEWS; i++)
            score->log_probability[k] += scores[i].log_probability[k];
        score->log_probability[k] /= VIEWS + 1;
        sum += exp((double)score->log_probability[k]);
    }
    for (int k = 0; k < LAYOUT_CLASSES; k++)
        score->log_probability[k] -= (float)log(sum);
    for (int i = 0; i < VIEWS; i++)
        score->digit += scores[i].digit;
    score->digit /= VIEWS + 1;
}

enum err layout_look_again(const struct layout_lattice *l, const struct layout_reading *reading, layout_ask *ask,
                           void *ctx, struct layout_looks *looks, int *again)
{
    uint8_t(*seen)[DIGIT_PIXELS] = malloc(VIEWS * sizeof(*seen));

    *again = 0;
    if (seen == NULL)
        return ERR_NOMEM;
    for (int i = 0; i < l->candidates; i++) {
        if (!reading->doubtful[i])
            continue;
        look_differently(l->candidate[i].input, ask, ctx, seen, &looks->score[i]);
        ++*again;
    }
    free(seen);
    return OK;
}
