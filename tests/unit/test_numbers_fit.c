/* measure/numbers_fit: from texts alone it learns which candidates are digits. */
#include "fixture_layout.h"

#include "measure/numbers_fit.h"

static struct layout_looks looks;

/* Two atoms: "17" where they are apart, "4" where they are close, whatever the network thinks of each. */
static struct layout_lattice *example(bool close, int k)
{
    struct layout_lattice *l = lattice_new(2);

    lattice_put(l, 0, 1)->measure[LAYOUT_GAP_RIGHT] = close ? 0.02F : 0.3F;
    lattice_put(l, 0, 2)->measure[LAYOUT_INSIDE] = close ? 0.02F : 0.3F;
    lattice_put(l, 1, 2)->measure[LAYOUT_GAP_LEFT] = close ? 0.02F : 0.3F;
    memset(&looks, 0, sizeof(looks));
    look_put(&looks, 0, 1, 0.9 + 0.002 * k);
    look_put(&looks, 1, 4, 0.9);
    look_put(&looks, 2, 7, 0.9);
    return l;
}

static double probability(const struct layout_terms *t, bool close, const int *labels, int n)
{
    struct layout_lattice *l = example(close, 3);
    struct ways w;
    double log_probability;

    assert_int_equal(ways_make(&w, l, &looks, t, 0), OK);
    assert_int_equal(ways_probability_of(&w, labels, n, &log_probability), OK);
    ways_free(&w);
    free(l);
    return exp(log_probability);
}

/* Breaks when the gradient points elsewhere than to the texts: the probability of either does not become large. */
static void test_fits(void **state)
{
    static const int one[] = {4}, two[] = {1, 7};
    const struct numbers_fit how = {.epochs = 60, .seed = 1, .rate = 0.02F, .decay = 0};
    struct layout_terms t = {.trust = 0}, again = {.trust = 0};
    struct numbers_set *set;
    bool possible;

    (void)state;
    assert_int_equal(numbers_set_new(&set), OK);
    for (int i = 0; i < 40; i++) {
        struct layout_lattice *l = example(i % 2 == 0, i);

        assert_int_equal(numbers_set_add(set, l, &looks, i % 2 == 0 ? "4" : "17", &possible), OK);
        assert_true(possible);
        free(l);
    }
    assert_int_equal(numbers_fit(set, &how, &t), OK);
    assert_true(probability(&t, true, one, 1) > 0.9);
    assert_true(probability(&t, false, two, 2) > 0.9);
    assert_int_equal(numbers_fit(set, &how, &again), OK);
    assert_memory_equal(&t, &again, sizeof(t)); /* the same seed, the same terms */
    numbers_set_free(set);
}

/* Breaks when a text that no way gives is fitted to, or one of other characters is taken. */
static void test_refuses(void **state)
{
    struct numbers_set *set;
    struct layout_lattice *l = example(true, 0);
    bool possible = true;

    (void)state;
    assert_int_equal(numbers_set_new(&set), OK);
    assert_int_equal(numbers_set_add(set, l, &looks, "1234", &possible), OK);
    assert_false(possible);
    assert_int_equal(numbers_set_add(set, l, &looks, "1x", &possible), ERR_RANGE);
    assert_int_equal(numbers_set_add(set, l, &looks, "", &possible), OK); /* all left out */
    assert_true(possible);
    free(l);
    numbers_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
