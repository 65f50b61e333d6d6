/* The second half of reading: the best way through each row, how sure it is, and where spaces are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "ways.h"

/* A space: a gap as wide as a digit. Of the row's height, as digits are about two thirds as wide as high. */
static const double SPACE = 0.75;
/* The same digit at nearly the same place: boxes have this part of both in common. */
static const double SAME = 0.5;

/* A candidate is doubtful where some digit has a probability between these. */
static const double DOUBTFUL_FROM = 0.03, DOUBTFUL_TO = 0.97;
/* How far the middle of a bracket lies off its ends: of drawn ones 0.8 to 2 px. 11 % of MNIST's ones bow so far to the
 * left, and 4 % to the right. */
static const double BOW_LEAST_PX = 0.6;
enum { BOW_PARTS = 3, BOW_INK = 64 };

/* A date is so many times as probable as its signs alone say. */
static const double DATE_TIMES = 20;

static int64_t box_area(const struct box *b)
{
    return (int64_t)box_width(b) * box_height(b);
}

static bool is_same_place(const struct box *a, const struct box *b)
{
    const struct box both = {a->x0 > b->x0 ? a->x0 : b->x0, a->y0 > b->y0 ? a->y0 : b->y0,
                             a->x1 < b->x1 ? a->x1 : b->x1, a->y1 < b->y1 ? a->y1 : b->y1};
    const int64_t common = box_area(&both);

    return (double)common > SAME * (double)(box_area(a) + box_area(b) - common);
}

/* How probable it is that this label stands here, however the ink around it is cut. */
static double sign_confidence(const struct layout_lattice *l, const struct ways *w, int step)
{
    const struct way_step *s = &w->step[step];
    double sum = 0;

    for (int i = 0; i < w->n; i++)
        if (w->step[i].label == s->label &&
            (i == step || is_same_place(&l->candidate[s->candidate].box, &l->candidate[w->step[i].candidate].box)))
            sum += ways_probability(w, i);
    return sum < 1 ? sum : 1;
}

static void set_probabilities(const struct layout_score *s, struct layout_sign *sign)
{
    float sum = 0;

    for (int i = 0; i < LAYOUT_CLASSES; i++)
        sum += sign->probability[i] = expf(s->log_probability[i]);
    for (int i = 0; i < LAYOUT_CLASSES; i++)
        sign->probability[i] /= sum;
}

/* Where the digits of a row stand in cells, spaces are between cells; but a form has a cell for each digit, and there
 * are none. */
enum cells { CELLS_NONE, CELLS_FORM, CELLS_TABLE };

static bool has_wall(const struct layout_lattice *l, const struct layout_row *r, int left, int right)
{
    for (int i = l->candidate[left].from + 1; i <= l->candidate[right].from; i++)
        if (l->atom[r->first_atom + i].wall)
            return true;
    return false;
}

static enum cells cells_of(const struct layout_lattice *l, const struct layout_row *r, const struct ways *w,
                           const struct way *way)
{
    int walls = 0;

    for (int i = 1; i < way->n; i++)
        walls += has_wall(l, r, w->step[way->step[i - 1]].candidate, w->step[way->step[i]].candidate);
    return walls == 0 ? CELLS_NONE : walls == way->n - 1 && l->rows == 1 ? CELLS_FORM : CELLS_TABLE;
}

static bool has_space(const struct layout_lattice *l, const struct layout_row *r, enum cells cells, int left, int right)
{
    if (cells == CELLS_FORM)
        return false;
    if (cells == CELLS_TABLE && has_wall(l, r, left, right))
        return true;
    return l->candidate[right].box.x0 - l->candidate[left].box.x1 > SPACE * (double)r->height_px;
}

static void line_signs(const struct layout_lattice *l, const struct layout_looks *looks, const struct ways *w,
                       const struct way *way, struct layout_line *line, struct layout_reading *out)
{
    const struct layout_row *r = &l->row[line->row];
    const enum cells cells = cells_of(l, r, w, way);

    line->first = out->signs;
    for (int i = 0; i < way->n; i++) {
        const struct way_step *s = &w->step[way->step[i]];
        struct layout_sign *sign;

        if (i > 0 && has_space(l, r, cells, w->step[way->step[i - 1]].candidate, s->candidate))
            out->sign[out->signs++] = (struct layout_sign){.candidate = -1, .text = ' ', .confidence = 1};
        sign = &out->sign[out->signs++];
        *sign = (struct layout_sign){.candidate = s->candidate, .text = layout_label_chars[s->label]};
        sign->confidence = (float)sign_confidence(l, w, way->step[i]);
        if (s->label < LAYOUT_CLASSES) {
            set_probabilities(&looks->score[s->candidate], sign);
            line->digits++;
            out->digits++;
        }
    }
    line->signs = out->signs - line->first;
}

/* Those that the second look is for: a sure digit stays what it is, and what is no digit stays none. */
static void mark_doubtful(const struct ways *w, uint8_t *doubtful)
{
    for (int i = 0; i < w->n; i++) {
        const double p = w->step[i].label < LAYOUT_CLASSES ? ways_probability(w, i) : 0;

        if (p > DOUBTFUL_FROM && p < DOUBTFUL_TO)
            doubtful[w->step[i].candidate] = 1;
    }
}

static enum err way_probability(const struct ways *w, const struct way *way, float *out)
{
    int *labels = malloc(((size_t)way->n + 1) * sizeof(*labels));
    double log_probability = 0;
    enum err e;

    if (labels == NULL)
        return ERR_NOMEM;
    for (int i = 0; i < way->n; i++)
        labels[i] = w->step[way->step[i]].label;
    e = ways_probability_of(w, labels, way->n, &log_probability);
    *out = log_probability < 0 ? (float)exp(log_probability) : 1;
    free(labels);
    return e;
}

static bool is_date(const struct ways *w, const struct way *way)
{
    char text[DATE_SIGNS];

    if (way->n > DATE_SIGNS)
        return false;
    for (int i = 0; i < way->n; i++)
        text[i] = layout_label_chars[w->step[way->step[i]].label];
    return date_is(text, way->n);
}

/* Puts the best way first, if one as long is a date and so much more probable, and tells how sure it and the next one
 * are. */
static enum err judge(const struct ways *w, struct way best[WAYS_BEST], int n, struct layout_line *line)
{
    double all = 1;
    float sure[2] = {0};
    enum err e = OK;

    for (int i = 1; i < n; i++) {
        const struct way way = best[i];

        if (!is_date(w, &way) || way.n != best[0].n || is_date(w, &best[0]) ||
            way.value + log(DATE_TIMES) < best[0].value)
            continue;
        memmove(best + 1, best, (size_t)i * sizeof(*best));
        best[0] = way;
    }
    for (int i = 0; e == OK && i < n && i < 2; i++) {
        e = way_probability(w, &best[i], &sure[i]);
        if (is_date(w, &best[i])) {
            all += (DATE_TIMES - 1) * (double)sure[i];
            sure[i] *= (float)DATE_TIMES;
        }
    }
    line->confidence = (float)((double)sure[0] / all);
    line->runner_up = (float)((double)sure[1] / all);
    return e;
}

static enum err read_row(const struct layout_lattice *l, const struct layout_looks *looks,
                         const struct layout_terms *terms, int row, struct layout_reading *out)
{
    struct layout_line *line = &out->line[out->lines];
    struct way best[WAYS_BEST] = {{0}};
    struct ways w;
    enum err e = ways_make(&w, l, looks, terms, row);
    int n = 0;

    *line = (struct layout_line){.row = row, .other = out->others};
    if (e == OK)
        mark_doubtful(&w, out->doubtful);
    if (e == OK)
        e = ways_best(&w, best, &n);
    if (e == OK)
        e = judge(&w, best, n, line);
    if (e == OK && n > 0)
        line_signs(l, looks, &w, &best[0], line, out);
    for (int i = 0; e == OK && n > 1 && i < best[1].n; i++)
        out->other[out->others++] = layout_label_chars[w.step[best[1].step[i]].label];
    line->other_signs = out->others - line->other;
    if (e == OK && line->digits > 0) {
        out->lines++;
    } else {
        out->signs -= line->signs;
        out->others = line->other;
    }
    for (int i = 0; i < WAYS_BEST; i++)
        way_free(&best[i]);
    ways_free(&w);
    return e;
}

enum err layout_read(const struct layout_lattice *l, const struct layout_looks *looks, const struct layout_terms *terms,
                     struct layout_reading *out)
{
    enum err e = OK;

    memset(out, 0, sizeof(*out));
    for (int i = 0; e == OK && i < l->rows; i++)
        e = read_row(l, looks, terms, i, out);
    return e;
}

/* How far the middle of a stroke that was read as a 1 lies to the left of its ends, in px of the 28x28; negative: to
 * the right. */
static double bow(const uint8_t input[DIGIT_PIXELS])
{
    double sum[BOW_PARTS] = {0}, x_sum[BOW_PARTS] = {0};
    int top = DIGIT_SIDE_PX, bottom = -1;

    for (int i = 0; i < DIGIT_PIXELS; i++)
        if (input[i] >= BOW_INK) {
            top = i / DIGIT_SIDE_PX < top ? i / DIGIT_SIDE_PX : top;
            bottom = i / DIGIT_SIDE_PX;
        }
    for (int y = top; y <= bottom; y++)
        for (int x = 0; x < DIGIT_SIDE_PX; x++) {
            const int part = (y - top) * BOW_PARTS / (bottom - top + 1);

            sum[part] += input[y * DIGIT_SIDE_PX + x];
            x_sum[part] += (double)input[y * DIGIT_SIDE_PX + x] * x;
        }
    if (sum[0] <= 0 || sum[1] <= 0 || sum[2] <= 0)
        return 0;
    return (x_sum[0] / sum[0] + x_sum[2] / sum[2]) / 2 - x_sum[1] / sum[1];
}

bool layout_has_brackets(const struct layout_lattice *l, const struct layout_reading *r)
{
    const struct layout_sign *s = r->sign;

    return r->lines == 1 && r->signs == 3 && s[0].text == '1' && s[1].candidate >= 0 && s[2].text == '1' &&
           bow(l->candidate[s[0].candidate].input) >= BOW_LEAST_PX &&
           bow(l->candidate[s[2].candidate].input) <= -BOW_LEAST_PX;
}
