/* Asks the network, in two rounds: of ten digits that stand apart, only what the first round sees needs to be asked. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"

/* A piece is plainly one digit: the network knows it, nearly surely, by its score and its probability, and it is no
 * wider than a digit. */
static const float PLAIN_SCORE = 1.5F, PLAIN_LOG = -0.03F, PLAIN_WIDTH = 1.1F;

/* A digit less sure than this is looked at again: one in twenty. */
static const float AGAIN_BELOW = 0.97F;
enum { MOVES = 8, SIDE = DIGIT_SIDE_PX };

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

/* What is moved out is lost, what comes in is 0. */
static void move(const uint8_t in[DIGIT_PIXELS], int right, int down, uint8_t out[DIGIT_PIXELS])
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const int fx = x - right, fy = y - down;

            out[y * SIDE + x] = fx >= 0 && fx < SIDE && fy >= 0 && fy < SIDE ? in[fy * SIDE + fx] : 0;
        }
}

static void look_moved(const uint8_t input[DIGIT_PIXELS], layout_ask *ask, void *ctx, uint8_t moved[][DIGIT_PIXELS],
                       struct layout_score *score)
{
    const uint8_t *inputs[MOVES];
    struct layout_score scores[MOVES];
    double sum = 0;
    int n = 0;

    for (int down = -1; down <= 1; down++)
        for (int right = -1; right <= 1; right++)
            if (down != 0 || right != 0) {
                move(input, right, down, moved[n]);
                inputs[n] = moved[n];
                n++;
            }
    ask(ctx, n, inputs, scores);
    for (int k = 0; k < LAYOUT_CLASSES; k++) {
        for (int i = 0; i < MOVES; i++)
            score->log_probability[k] += scores[i].log_probability[k];
        score->log_probability[k] /= MOVES + 1;
        sum += exp((double)score->log_probability[k]);
    }
    for (int k = 0; k < LAYOUT_CLASSES; k++)
        score->log_probability[k] -= (float)log(sum);
}

enum err layout_look_again(const struct layout_lattice *l, const struct layout_reading *reading, layout_ask *ask,
                           void *ctx, struct layout_looks *looks, int *again)
{
    uint8_t(*moved)[DIGIT_PIXELS] = malloc(MOVES * sizeof(*moved));

    *again = 0;
    if (moved == NULL)
        return ERR_NOMEM;
    for (int i = 0; i < reading->signs; i++) {
        const struct layout_sign *s = &reading->sign[i];

        if (s->candidate < 0 || s->text < '0' || s->text > '9' || s->confidence >= AGAIN_BELOW)
            continue;
        look_moved(l->candidate[s->candidate].input, ask, ctx, moved, &looks->score[s->candidate]);
        ++*again;
    }
    free(moved);
    return OK;
}
