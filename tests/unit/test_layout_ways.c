/* layout/ways.c and layout/terms.c: all ways through a row against a plain recursion over them, and the terms as text.
 */
#include "fixture_layout.h"

#include "base/buf.h"

static struct layout_looks looks;

/* Every way from a node on: calls see for each with its labels and its value. */
static void each_way(const struct ways *w, int node, int *labels, int n, double value,
                     void (*see)(void *ctx, const int *labels, int n, double value), void *ctx)
{
    if (node == w->nodes - 1) {
        see(ctx, labels, n, value);
        return;
    }
    each_way(w, node + 1, labels, n, value + w->skip[node], see, ctx);
    for (int i = 0; i < w->n; i++)
        if (w->step[i].from == node) {
            labels[n] = w->step[i].label;
            each_way(w, w->step[i].to, labels, n + (w->step[i].label != LAYOUT_NOTHING), value + w->step[i].value, see,
                     ctx);
        }
}

struct sums {
    double all, same, best;
    const int *labels;
    int n;
};

static void add_up(void *ctx, const int *labels, int n, double value)
{
    struct sums *s = ctx;

    s->all += exp(value);
    if (n == s->n && memcmp(labels, s->labels, (size_t)n * sizeof(*labels)) == 0)
        s->same += exp(value);
    s->best = value > s->best ? value : s->best;
}

/* Three atoms, of which neighbours may be one digit. */
static struct layout_lattice *three(void)
{
    struct layout_lattice *l = lattice_new(3);

    lattice_put(l, 0, 1);
    lattice_put(l, 0, 2);
    lattice_put(l, 1, 2);
    lattice_put(l, 1, 3);
    lattice_put(l, 2, 3);
    memset(&looks, 0, sizeof(looks));
    look_put(&looks, 0, 1, 0.9);
    look_put(&looks, 1, 4, 0.8);
    look_put(&looks, 2, 7, 0.6);
    look_put(&looks, 3, 3, 0.3);
    look_put(&looks, 4, 0, 0.99);
    return l;
}

/* Breaks when a probability is not the share of the ways that have it, or the best way is not the best. */
static void test_against_recursion(void **state)
{
    struct layout_lattice *l = three();
    const struct layout_terms t = terms_plain(1, 2);
    struct way best[WAYS_BEST];
    struct ways w;
    double log_probability, sum = 0;
    int labels[8], n;

    (void)state;
    assert_int_equal(ways_make(&w, l, &looks, &t, 0), OK);
    assert_int_equal(ways_best(&w, best, &n), OK);
    assert_int_equal(n, WAYS_BEST);
    for (int i = 0; i < n; i++) {
        int of[8];
        struct sums s = {.best = -1e9, .labels = of, .n = best[i].n};

        for (int k = 0; k < best[i].n; k++)
            of[k] = w.step[best[i].step[k]].label;
        each_way(&w, 0, labels, 0, 0, add_up, &s);
        assert_true(fabs(log(s.all) - w.before[w.nodes - 1]) < 1e-9);
        assert_true(fabs(w.after[0] - w.before[w.nodes - 1]) < 1e-9);
        assert_int_equal(ways_probability_of(&w, of, best[i].n, &log_probability), OK);
        assert_true(fabs(log_probability - log(s.same / s.all)) < 1e-9);
        if (i == 0)
            assert_true(fabs(best[0].value - s.best) < 1e-9);
        else
            assert_true(best[i].value <= best[i - 1].value);
    }
    assert_int_equal(best[0].n, 3);
    assert_int_equal(w.step[best[0].step[1]].label, 7);
    for (int i = 0; i < w.n; i++) /* of all that may come first, one does, unless the first atom is left out */
        if (w.step[i].from == 0)
            sum += ways_probability(&w, i);
    sum += exp(w.skip[0] + w.after[1] - w.after[0]);
    assert_true(fabs(sum - 1) < 1e-9);
    for (int i = 0; i < n; i++)
        way_free(&best[i]);
    ways_free(&w);
    free(l);
}

/* Breaks when what the network was not asked about is a way. */
static void test_unseen(void **state)
{
    struct layout_lattice *l = three();
    const struct layout_terms t = terms_plain(1, 2);
    struct ways w;

    (void)state;
    looks.seen[4] = 0;
    assert_int_equal(ways_make(&w, l, &looks, &t, 0), OK);
    for (int i = 0; i < w.n; i++)
        assert_int_not_equal(w.step[i].candidate, 4);
    ways_free(&w);
    free(l);
}

/* Breaks when terms do not come back as they were written, or anything else is taken for terms. */
static void test_terms_text(void **state)
{
    static const char *const bad[] = {"", "{}", "[]", "[1,2]", "null"};
    struct layout_terms t = layout_terms_default, back = {0};
    struct buf *text = buf_new(1 << 16);
    float a[TERMS_NUMBERS], b[TERMS_NUMBERS];

    (void)state;
    assert_int_equal(terms_write(&t, text), OK);
    assert_int_equal(buf_add(text, "", 1), OK);
    assert_int_equal(terms_read(&back, buf_data(text)), OK);
    memcpy(a, &t, sizeof(a));
    memcpy(b, &back, sizeof(b));
    for (int i = 0; i < TERMS_NUMBERS; i++)
        assert_true(fabsf(a[i] - b[i]) <= 1e-4F * fabsf(a[i]) + 1e-6F);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(terms_read(&back, bad[i]), ERR_FORMAT);
    buf_reset(text);
    t.trust = 1e9F;
    assert_int_equal(terms_write(&t, text), OK);
    assert_int_equal(buf_add(text, "", 1), OK);
    assert_int_equal(terms_read(&back, buf_data(text)), ERR_FORMAT);
    buf_free(text);
}

/* Breaks when a candidate of a digit's size may be a full stop, or a dot below may not, and so on. */
static void test_may_be(void **state)
{
    static const struct {
        float height, width, middle, pieces;
        const char *marks;
    } cases[] = {
        {1, 0.6F, 0, 1, "/"},     {0.1F, 0.1F, 0.45F, 1, ".,"}, {0.1F, 0.4F, 0, 1, "-"},
        {0.6F, 0.15F, 0, 2, ":"}, {0.3F, 0.15F, 0.5F, 1, ".,"}, {0.1F, 0.1F, -0.4F, 1, ""},
    };
    struct layout_score score = {{0}, 0};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct layout_candidate c = {.to = 1};

        c.measure[LAYOUT_HEIGHT] = cases[i].height;
        c.measure[LAYOUT_WIDTH] = cases[i].width;
        c.measure[LAYOUT_MIDDLE] = cases[i].middle;
        c.measure[LAYOUT_PIECES] = cases[i].pieces;
        for (int k = LAYOUT_CLASSES; k < LAYOUT_NOTHING; k++)
            if (terms_may_be(&c, &score, k) != (strchr(cases[i].marks, layout_label_chars[k]) != NULL))
                fail_msg("case %zu: %c", i, layout_label_chars[k]);
        c.cut = 1;
        for (int k = LAYOUT_CLASSES; k < LAYOUT_NOTHING; k++)
            assert_false(terms_may_be(&c, &score, k));
    }
}

/* Breaks when a letter gives text, or costs what the digits beside it are worth. */
static void test_nothing(void **state)
{
    static const int rest[] = {1, 0};
    struct layout_lattice *l = three();
    struct layout_terms t = terms_plain(1, 2);
    struct way best[WAYS_BEST];
    struct ways w;
    double log_probability, without;
    int n;

    (void)state;
    t.label_out[LAYOUT_NOTHING] = 0.5F;
    look_put(&looks, 1, 4, 0.1); /* whatever lies in the middle is not like a digit */
    look_put(&looks, 2, 7, 0.1);
    look_put(&looks, 3, 3, 0.1);
    assert_int_equal(ways_make(&w, l, &looks, &t, 0), OK);
    assert_int_equal(ways_best(&w, best, &n), OK);
    assert_int_equal(best[0].n, 2);
    assert_int_equal(w.step[best[0].step[0]].label, 1);
    assert_int_equal(w.step[best[0].step[1]].label, 0);
    assert_true(fabs(best[0].value - (2.5 + log(0.9) + log(0.99))) < 1e-5);
    assert_int_equal(ways_probability_of(&w, rest, 2, &log_probability), OK);
    for (int i = 0; i < n; i++)
        way_free(&best[i]);
    ways_free(&w);
    t.label_out[LAYOUT_NOTHING] = -20;
    assert_int_equal(ways_make(&w, l, &looks, &t, 0), OK);
    assert_int_equal(ways_probability_of(&w, rest, 2, &without), OK);
    assert_true(log_probability > without + 0.1);
    ways_free(&w);
    free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_recursion), cmocka_unit_test(test_unseen),
        cmocka_unit_test(test_terms_text),        cmocka_unit_test(test_may_be),
        cmocka_unit_test(test_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
