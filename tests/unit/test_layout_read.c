/* layout_look, layout_read, layout_look_again, layout_table_find: from a lattice and a network to text. */
#include "fixture_layout.h"

#include "layout/table.h"

static struct layout_looks looks;
static struct layout_reading reading;
static struct layout_table table;

static const char *text_of(int line)
{
    static char text[LAYOUT_SIGNS_MAX + 1];
    const struct layout_line *v = &reading.line[line];

    for (int i = 0; i < v->signs; i++)
        text[i] = reading.sign[v->first + i].text;
    text[v->signs] = '\0';
    return text;
}

static void read(const struct layout_lattice *l)
{
    const struct layout_terms t = terms_plain(1, 3);

    assert_int_equal(layout_read(l, &looks, &t, &reading), OK);
}

/* A row of digits, each an atom; x: where each begins, 40 px wide. */
static struct layout_lattice *number(const char *digits, const int *x)
{
    const int n = (int)strlen(digits);
    struct layout_lattice *l = lattice_new(n);

    memset(&looks, 0, sizeof(looks));
    for (int i = 0; i < n; i++) {
        struct layout_candidate *c = lattice_put(l, i, i + 1);

        c->box.x0 = x[i];
        c->box.x1 = x[i] + 40;
        look_put(&looks, i, digits[i] - '0', 0.99);
    }
    return l;
}

/* Breaks when a gap as wide as a digit is no space, or a small one is. */
static void test_spaces(void **state)
{
    static const int x[] = {0, 50, 140, 200};
    struct layout_lattice *l = number("2024", x);

    (void)state;
    read(l);
    assert_int_equal(reading.lines, 1);
    assert_string_equal(text_of(0), "20 24");
    assert_int_equal(reading.digits, 4);
    assert_true(reading.line[0].confidence > 0.8F && reading.line[0].confidence < 1);
    assert_true(reading.line[0].runner_up < reading.line[0].confidence);
    assert_true(reading.line[0].other_signs > 0);
    for (int i = 0; i < reading.signs; i++)
        if (reading.sign[i].candidate >= 0) {
            float sum = 0;

            for (int k = 0; k < LAYOUT_CLASSES; k++)
                sum += reading.sign[i].probability[k];
            assert_true(fabsf(sum - 1) < 1e-4F);
            assert_true(reading.sign[i].confidence > 0.9F);
        }
    free(l);
}

/* Breaks when a row without a digit becomes a line, or leaves signs behind for the next one. */
static void test_a_row_without_a_digit(void **state)
{
    static const int x[] = {0, 60};
    struct layout_lattice *l = number("24", x);

    (void)state;
    l->rows = 2; /* the first atom alone, and the other beneath it */
    l->row[0].atoms = l->row[0].candidates = 1;
    l->row[1] = (struct layout_row){.first_atom = 1, .atoms = 1, .first = 1, .candidates = 1, .height_px = 50};
    l->row[1].box = BOX(0, 60, 100, 110);
    l->candidate[1] = (struct layout_candidate){.row = 1, .to = 1, .box = BOX(0, 60, 40, 110)};
    l->candidate[1].measure[LAYOUT_HEIGHT] = 1;
    assert_true(layout_lattice_check(l));
    for (int k = 0; k < LAYOUT_CLASSES; k++)
        looks.score[0].log_probability[k] = -20; /* leaving it out is worth more */
    read(l);
    assert_int_equal(reading.lines, 1);
    assert_int_equal(reading.line[0].row, 1);
    assert_int_equal(reading.line[0].first, 0);
    assert_string_equal(text_of(0), "4");
    assert_int_equal(reading.signs, 1);
    assert_int_equal(reading.line[0].other + reading.line[0].other_signs, reading.others);
    free(l);
}

/* Breaks when the cells of a form make spaces, or those of a table do not. */
static void test_cells(void **state)
{
    static const int x[] = {0, 90, 180, 270};
    struct layout_lattice *l = number("2024", x);

    (void)state;
    for (int i = 1; i < 4; i++)
        l->atom[i].wall = 1;
    read(l);
    assert_string_equal(text_of(0), "2024");
    l->atom[1].wall = l->atom[3].wall = 0;
    l->candidate[1].box = BOX(45, 0, 85, 50);
    l->candidate[3].box = BOX(225, 0, 265, 50);
    read(l);
    assert_string_equal(text_of(0), "20 24");
    free(l);
}

struct asked {
    int n, calls;
    const struct layout_lattice *l;
    float digit; /* of candidates that are not cut */
};

/* Knows a candidate by its first pixel. */
static void ask(void *ctx, int n, const uint8_t *const inputs[], struct layout_score *scores)
{
    struct asked *a = ctx;

    a->n += n;
    a->calls += n > 0;
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < LAYOUT_CLASSES; k++)
            scores[i].log_probability[k] = k == inputs[i][0] % 10 ? -0.001F : -9;
        scores[i].digit = a->digit;
    }
}

/* Two atoms of one piece, which may be cut. */
static struct layout_lattice *pair(void)
{
    struct layout_lattice *l = lattice_new(2);

    l->atom[1].group = 0;
    lattice_put(l, 0, 1)->cut = 1;
    lattice_put(l, 0, 2)->measure[LAYOUT_WIDTH] = 0.9F;
    lattice_put(l, 1, 2)->cut = 1;
    return l;
}

/* Breaks when the parts of what is plainly one digit are asked about, or those of anything else are not. */
static void test_two_rounds(void **state)
{
    struct layout_lattice *l = pair();
    struct asked a = {.l = l, .digit = 5};

    (void)state;
    assert_int_equal(layout_look(l, ask, &a, &looks), OK);
    assert_int_equal(a.n, 1);
    assert_int_equal(looks.n, 1);
    assert_true(!looks.seen[0] && looks.seen[1] && !looks.seen[2]);
    a = (struct asked){.l = l, .digit = -1};
    assert_int_equal(layout_look(l, ask, &a, &looks), OK);
    assert_int_equal(a.n, 3);
    assert_int_equal(a.calls, 2);
    l->candidate[1].measure[LAYOUT_WIDTH] = 1.4F;
    a = (struct asked){.l = l, .digit = 5};
    assert_int_equal(layout_look(l, ask, &a, &looks), OK);
    assert_int_equal(a.n, 3);
    free(l);
}

/* Breaks when a sure digit is looked at again, or a doubtful one is not, or its answer does not count. */
static void test_second_look(void **state)
{
    static const int x[] = {0, 50};
    struct layout_lattice *l = number("24", x);
    struct asked a = {.l = l, .digit = 5};
    int again;

    (void)state;
    looks.n = 1;
    look_put(&looks, 1, 4, 0.5);
    l->candidate[1].input[DIGIT_SIDE_PX + 1] = 9; /* moved to the first pixel in one of them */
    read(l);
    assert_true(reading.sign[1].confidence < 0.97F);
    assert_int_equal(layout_look_again(l, &reading, ask, &a, &looks, &again), OK);
    assert_int_equal(again, 1);
    assert_int_equal(a.n, 14);
    assert_true(looks.score[1].log_probability[0] > looks.score[1].log_probability[4]); /* nearly all zeros */
    read(l);
    assert_string_equal(text_of(0), "20");
    free(l);
}

/* Breaks when words that stand over one another are not a column, an empty cell is filled, or a page of text is a
 * table. */
static void test_table(void **state)
{
    static const int x[2][3] = {{0, 200, 400}, {20, 410, 455}};
    static const int columns[] = {0, 1, 2, 0, 2};
    struct layout_lattice *l = calloc(1, sizeof(*l));

    (void)state;
    assert_non_null(l);
    memset(&reading, 0, sizeof(reading));
    for (int line = 0; line < 2; line++) {
        reading.line[line] = (struct layout_line){.row = line, .first = reading.signs};
        for (int i = 0; i < 3; i++) {
            l->candidate[l->candidates].box = BOX(x[line][i], 100 * line, x[line][i] + 40, 100 * line + 50);
            if (i > 0 && x[line][i] - x[line][i - 1] > 80)
                reading.sign[reading.signs++] = (struct layout_sign){.candidate = -1, .text = ' '};
            reading.sign[reading.signs++] = (struct layout_sign){.candidate = l->candidates++, .text = '1'};
        }
        reading.line[line].signs = reading.signs - reading.line[line].first;
    }
    reading.lines = 2;
    layout_table_find(l, &reading, &table);
    assert_int_equal(table.columns, 3);
    assert_int_equal(table.words, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(table.word[i].column, columns[i]);
    assert_int_equal(table.word[4].signs, 2);
    l->candidate[0].box.x1 = 205; /* it reaches over the gap: one column has two words of a row */
    layout_table_find(l, &reading, &table);
    assert_int_equal(table.columns, 0);
    l->candidate[0].box.x1 = 40;
    reading.lines = 1; /* one row with gaps is no table */
    layout_table_find(l, &reading, &table);
    assert_int_equal(table.columns, 0);
    free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spaces),     cmocka_unit_test(test_a_row_without_a_digit), cmocka_unit_test(test_cells),
        cmocka_unit_test(test_two_rounds), cmocka_unit_test(test_second_look),           cmocka_unit_test(test_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
