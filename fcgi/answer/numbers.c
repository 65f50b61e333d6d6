#include "numbers.h"

#include <string.h>

#include "base/buf.h"

/* The second surest digit of a picture decides whether it has several: from SEVERAL on it has, below ONE it has not. A
 * digit's confidence is honest, so these are what they say. */
static const float SEVERAL = 0.7F, ONE = 0.3F;
/* The same of a second digit, where /classify is sure of one. Of 120 drawn digits beside one that the picture's edge
 * cuts, 13 have a second that is sure by 0.9, and 8 by 0.96; of 1,200 composed numbers two have none by 0.96 that have
 * one by 0.9. */
static const float MORE = 0.96F, NO_MORE = 0.6F;
/* So sure, two digits of one row are not taken for pieces of one: 2 of 800 composed numbers of two digits want it. */
static const float CERTAIN = 0.97F;
/* A row that is less sure as a whole is unsure, though each of its digits be sure: there may be one more. */
static const float ROW_UNSURE = 0.8F;
/* So many rows of which none is as likely right as wrong, and whose digits are so unsure on average, are printed text
 * or a texture: of 222 composed and drawn pages none has a mean below 0.88. */
static const float CLUTTER_ROW = 0.5F, CLUTTER_MEAN = 0.75F;
enum {
    CLUTTER_ROWS = 3,
    WITHIN_PART = 10 /* of a box's longer side: how far another may reach over it and lie in it */
};

void numbers_ask(void *ctx, int n, const uint8_t *const inputs[], struct layout_score *scores)
{
    const struct numbers_eye *eye = ctx;

    for (int i = 0; i < n; i++)
        cnn_look(eye->cnn, inputs[i], scores[i].log_probability, &scores[i].digit, eye->scratch);
}

enum err numbers_eye_open(struct numbers_eye *eye, const struct model *m, const struct cnn *cnn, void *scratch,
                          struct why *why)
{
    const char *text = model_meta(m, "numbers_terms");

    *eye = (struct numbers_eye){.cnn = cnn, .scratch = scratch, .terms = layout_terms_default};
    eye->unsure_below = m->unsure_below;
    if (text != NULL && terms_read(&eye->terms, text) != OK)
        return err_why(why, ERR_FORMAT, "numbers_terms is damaged; `digit fit-numbers` makes it anew");
    return OK;
}

const char *numbers_status_name(enum numbers_status status)
{
    static const char *const names[] = {[NUMBERS_READ] = "read",
                                        [NUMBERS_UNSURE] = "unsure",
                                        [NUMBERS_BLANK] = "blank",
                                        [NUMBERS_NO_DIGITS] = "no_digits",
                                        [NUMBERS_TOO_MANY] = "error"};

    return names[status];
}

/* Whether a digit lies in the box of the ink that /classify has read. */
static bool is_within(const struct box *in, const int b[4])
{
    const int off = (b[2] > b[3] ? b[2] : b[3]) / WITHIN_PART;

    return in->x0 >= b[0] - off && in->x1 <= b[0] + b[2] + off && in->y0 >= b[1] - off && in->y1 <= b[1] + b[3] + off;
}

/* Whether a digit stands in brackets, which were read as ones: the normaliser has taken them off. */
static bool is_in_brackets(const struct numbers *n, const struct reading *one)
{
    const struct layout_sign *s = n->reading.sign;
    const int *b = one->decoded.steps.box;

    return one->answer.verdict == VERDICT_DIGIT && layout_has_brackets(&n->lattice, &n->reading) &&
           is_within(&n->lattice.candidate[s[1].candidate].box, b) &&
           !is_within(&n->lattice.candidate[s[0].candidate].box, b) &&
           !is_within(&n->lattice.candidate[s[2].candidate].box, b);
}

/* The surest digit and the second surest. outside: those alone that are not of the ink that /classify has read. */
static void surest(const struct numbers *n, const struct reading *one, bool outside, float *first, float *second)
{
    *first = *second = 0;
    for (int i = 0; i < n->reading.signs; i++) {
        const struct layout_sign *s = &n->reading.sign[i];

        if (!layout_is_digit(s) ||
            (outside && is_within(&n->lattice.candidate[s->candidate].box, one->decoded.steps.box)))
            continue;
        if (s->confidence > *first) {
            *second = *first;
            *first = s->confidence;
        } else if (s->confidence > *second) {
            *second = s->confidence;
        }
    }
}

/* Whether two digits of a row are as good as certain: hardly ever are pieces of one digit that. */
static bool has_pair(const struct layout_reading *r)
{
    for (int i = 0; i < r->lines; i++) {
        int certain = 0;

        for (int k = r->line[i].first; k < r->line[i].first + r->line[i].signs; k++)
            certain += layout_is_digit(&r->sign[k]) && r->sign[k].confidence >= CERTAIN;
        if (certain > 1)
            return true;
    }
    return false;
}

static bool is_clutter(const struct layout_reading *r)
{
    float sum = 0;

    for (int i = 0; i < r->lines; i++)
        if (r->line[i].confidence >= CLUTTER_ROW)
            return false;
    for (int i = 0; i < r->signs; i++)
        sum += layout_is_digit(&r->sign[i]) ? r->sign[i].confidence : 0;
    return r->lines >= CLUTTER_ROWS && sum < CLUTTER_MEAN * (float)r->digits;
}

/* Where /classify is sure of a digit, there are several if another digit lies outside of its ink: what lies inside are
 * pieces of it, as a broken 8 is two zeros. Else the second surest digit decides. */
static enum numbers_count count(const struct numbers *n, const struct reading *one)
{
    float first, second, other, next;

    surest(n, one, false, &first, &second);
    if (one->answer.verdict == VERDICT_DIGIT) {
        surest(n, one, true, &other, &next);
        other = second < other ? second : other;
        if (one->decoded.steps.unchanged || is_in_brackets(n, one) || (other < NO_MORE && !has_pair(&n->reading)))
            return NUMBERS_ONE;
        return other < MORE ? NUMBERS_UNDECIDED : NUMBERS_SEVERAL;
    }
    if (one->answer.verdict == VERDICT_NOT_A_DIGIT && is_clutter(&n->reading))
        return NUMBERS_NONE;
    if (second >= SEVERAL)
        return NUMBERS_SEVERAL;
    if (one->answer.verdict == VERDICT_NOT_A_DIGIT && first < ONE)
        return NUMBERS_NONE;
    if (second < ONE || one->decoded.steps.unchanged)
        return NUMBERS_ONE;
    return NUMBERS_UNDECIDED;
}

/* Whether there is a mark that is surely one. */
static bool has_mark(const struct layout_reading *r)
{
    for (int i = 0; i < r->signs; i++)
        if (r->sign[i].candidate >= 0 && !layout_is_digit(&r->sign[i]) && r->sign[i].confidence >= SEVERAL)
            return true;
    return false;
}

static enum numbers_status status(const struct numbers *n, const struct reading *one, const struct numbers_eye *eye)
{
    if (n->full || n->reading.digits > LAYOUT_DIGITS_MAX)
        return NUMBERS_TOO_MANY;
    if (one->decoded.steps.blank && n->reading.digits == 0)
        return NUMBERS_BLANK;
    if (n->count == NUMBERS_NONE)
        return NUMBERS_NO_DIGITS;
    if (n->one)
        return one->answer.verdict == VERDICT_DIGIT ? NUMBERS_READ : NUMBERS_UNSURE;
    if (n->count == NUMBERS_UNDECIDED)
        return NUMBERS_UNSURE;
    if (n->count == NUMBERS_ONE && !has_mark(&n->reading)) /* of a picture in which /classify finds none */
        return NUMBERS_UNSURE;
    for (int i = 0; i < n->reading.signs; i++)
        if (layout_is_digit(&n->reading.sign[i]) && n->reading.sign[i].confidence < eye->unsure_below)
            return NUMBERS_UNSURE;
    for (int i = 0; i < n->reading.lines; i++)
        if (n->reading.line[i].confidence < ROW_UNSURE)
            return NUMBERS_UNSURE;
    return NUMBERS_READ;
}

void numbers_judge(struct numbers *n, const struct reading *one, const struct numbers_eye *eye)
{
    n->count = count(n, one);
    n->one = n->count == NUMBERS_ONE && one->answer.verdict != VERDICT_NOT_A_DIGIT &&
             !(n->reading.digits == 1 && has_mark(&n->reading));
    n->status = status(n, one, eye);
}

enum err numbers_read(struct numbers *n, const struct reading *one, struct numbers_eye *eye)
{
    int again = 0;
    enum err e = OK;

    n->full = n->lattice.full != 0;
    if (n->full)
        layout_lattice_clear(&n->lattice);
    e = layout_look(&n->lattice, numbers_ask, eye, &n->looks);
    if (e == OK)
        e = layout_read(&n->lattice, &n->looks, &eye->terms, &n->reading);
    if (e == OK)
        e = layout_look_again(&n->lattice, &n->reading, numbers_ask, eye, &n->looks, &again);
    if (e == OK && again > 0)
        e = layout_read(&n->lattice, &n->looks, &eye->terms, &n->reading);
    if (e != OK)
        return e;
    numbers_judge(n, one, eye);
    layout_table_find(&n->lattice, &n->reading, &n->table);
    return OK;
}

static bool has_text(const struct numbers *n)
{
    return n->status == NUMBERS_READ || n->status == NUMBERS_UNSURE;
}

/* The signs from first on, into text. */
static void copy_signs(const struct numbers *n, int first, int signs, bool plain, char *text)
{
    size_t length = 0;

    for (int i = first; i < first + signs; i++)
        if (!plain || layout_is_digit(&n->reading.sign[i]))
            text[length++] = n->reading.sign[i].text;
    text[length] = '\0';
}

void numbers_row(const struct numbers *n, const struct reading *one, int row, bool plain, char *text)
{
    if (n->one)
        memcpy(text, (char[]){(char)('0' + one->answer.digit), '\0'}, 2);
    else
        copy_signs(n, n->reading.line[row].first, n->reading.line[row].signs, plain, text);
}

enum err numbers_text(const struct numbers *n, const struct reading *one, bool plain, struct buf *out)
{
    char text[NUMBERS_CELL_MAX];

    for (int i = 0; i < numbers_rows(n); i++) {
        numbers_row(n, one, i, plain, text);
        if (i > 0)
            (void)buf_add(out, "\n", 1);
        (void)buf_add_str(out, text);
    }
    return buf_status(out);
}

int numbers_rows(const struct numbers *n)
{
    return !has_text(n) ? 0 : n->one ? 1 : n->reading.lines;
}

int numbers_columns(const struct numbers *n)
{
    return n->one || n->table.columns == 0 ? 1 : n->table.columns;
}

void numbers_cell(const struct numbers *n, const struct reading *one, int row, int column, bool plain, char *cell)
{
    cell[0] = '\0';
    if (n->one || n->table.columns == 0) {
        numbers_row(n, one, row, plain, cell);
        return;
    }
    for (int i = 0; i < n->table.words; i++)
        if (n->table.word[i].line == row && n->table.word[i].column == column)
            copy_signs(n, n->table.word[i].first, n->table.word[i].signs, plain, cell);
}

float numbers_confidence(const struct numbers *n, const struct reading *one)
{
    float all = 1;

    if (n->one || numbers_rows(n) == 0)
        return one->answer.confidence;
    for (int i = 0; i < n->reading.lines; i++)
        all *= n->reading.line[i].confidence;
    return all;
}

enum unsure numbers_unsure_because(const struct numbers *n, const struct reading *one)
{
    if (n->one)
        return one->answer.unsure_because;
    return n->status == NUMBERS_UNSURE ? UNSURE_CONFIDENCE : UNSURE_NOT;
}

bool numbers_are_several(const struct numbers *n)
{
    return n->count == NUMBERS_SEVERAL && numbers_rows(n) > 0;
}

bool numbers_may_be_several(const struct numbers *n, const struct answer *a)
{
    return n->count == NUMBERS_UNDECIDED && a->verdict == VERDICT_UNSURE && numbers_rows(n) > 0;
}

/* What was not read: no digit, and no text. */
static void forget(struct numbers *n)
{
    layout_lattice_clear(&n->lattice);
    n->looks.n = 0;
    n->reading.lines = n->reading.signs = n->reading.digits = n->reading.others = 0;
    n->table.columns = n->table.words = 0;
    n->full = n->one = false;
    n->count = NUMBERS_ONE;
    n->status = NUMBERS_NO_DIGITS;
}

void numbers_doubt(const struct numbers *n, struct answer *a)
{
    if (n->status == NUMBERS_TOO_MANY) {
        a->verdict = VERDICT_NOT_A_DIGIT;
        a->unsure_because = UNSURE_NOT;
    } else if (n->count == NUMBERS_UNDECIDED && a->verdict != VERDICT_NOT_A_DIGIT) {
        a->verdict = VERDICT_UNSURE;
        a->unsure_because = (enum unsure)(a->unsure_because | UNSURE_UNFAMILIAR);
    }
}

enum err numbers_classify(struct numbers *n, struct reading *one, struct numbers_eye *eye)
{
    enum err e = OK;

    if (one->decoded.steps.unchanged)
        forget(n);
    else
        e = numbers_read(n, one, eye);
    if (e == OK)
        numbers_doubt(n, &one->answer);
    return e;
}
