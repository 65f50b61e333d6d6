/* The normaliser's pipeline: its table, its driver, a piece of ink by itself, and the boxes that all stages share. */
#include "fixture_stage.h"

#include "normalise/normalise.h"

/* Breaks when a stage does not take what the one before it leaves, the ends are not a raster and a digit, or a name is
 * no word that a client may be told. */
static void test_table(void **state)
{
    enum picture_state at = PICTURE_RASTER;

    (void)state;
    for (int i = 0; i < NORMALISE_STAGES; i++) {
        const struct normalise_stage *s = &normalise_stages[i];

        assert_int_equal(s->from, at);
        assert_true(s->to == at || (int)s->to == (int)at + 1);
        assert_non_null(s->run);
        assert_int_equal(strspn(s->name, "abcdefghijklmnopqrstuvwxyz"), strlen(s->name));
        assert_true(s->seen == NULL || (strlen(s->seen) > 0 && strlen(s->seen) <= 15));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(s->name, normalise_stages[k].name);
        at = s->to;
    }
    assert_int_equal(at, PICTURE_DIGIT);
}

/* A 7 with a speck, dark on light, drawn anew each time. */
static uint8_t *seven(void)
{
    uint8_t *px = canvas(300, 240, 230);

    fill(px, 300, 90, 50, 110, 18, 40);
    fill(px, 300, 160, 60, 18, 130, 40);
    fill(px, 300, 20, 20, 5, 5, 40);
    return px;
}

/* Breaks when the driver stops too early or too late, or going on from where it stopped gives another 28x28 than one
 * way through. */
static void test_until_each_state(void **state)
{
    uint8_t *px = seven(), out[PIXELS];

    (void)state;
    (void)run(px, 300, 240, out);
    for (enum picture_state s = PICTURE_TONES; s <= PICTURE_DIGIT; s++) {
        struct picture p = {.in = {.w = 300, .h = 240, .px = px}};

        assert_int_equal(normalise_run_until(&p, s, NULL), OK);
        assert_int_equal(p.state, s);
        assert_int_equal(normalise_run_until(&p, PICTURE_DIGIT, NULL), OK);
        assert_int_equal(p.state, PICTURE_DIGIT);
        assert_memory_equal(p.digit, out, PIXELS);
        picture_free(&p);
    }
    free(px);
}

/* Breaks when ink is not all of the page's ink, for who looks for several digits: parts has taken the speck already. */
static void test_ink_of_the_page(void **state)
{
    uint8_t *px = seven();
    struct picture p = {.in = {.w = 300, .h = 240, .px = px}};

    (void)state;
    assert_int_equal(normalise_run_until(&p, PICTURE_INK, NULL), OK);
    EXPECT_RANGE(&p, BOX(20, 20, 25, 25), 255, 255);
    EXPECT_BOX(&p.box, 0, 0, 0, 0);
    assert_int_equal(normalise_run_until(&p, PICTURE_SMALL, NULL), OK);
    EXPECT_RANGE(&p, BOX(20, 20, 25, 25), 0, 0);
    EXPECT_BOX(&p.box, 90, 50, 200, 190);
    picture_free(&p);
    free(px);
}

/* Breaks when a piece of ink by itself comes out otherwise than as the only one of its picture; or one that is not
 * there is read. */
static void test_piece(void **state)
{
    uint8_t *px = seven(), out[PIXELS], piece[PIXELS];
    struct picture p = {.in = {.w = 300, .h = 240, .px = px}};
    const struct normalise_steps steps = run(px, 300, 240, out);
    struct raster ink;
    double shift[2];

    (void)state;
    assert_int_equal(normalise_run_until(&p, PICTURE_INK, NULL), OK);
    ink = (struct raster){.w = p.w, .h = p.h, .px = p.px};
    assert_int_equal(normalise_piece(&ink, &BOX(90, 50, 200, 190), piece, shift), OK);
    assert_memory_equal(piece, out, PIXELS);
    assert_memory_equal(shift, steps.shift, sizeof(shift));
    assert_int_equal(normalise_piece(&ink, &BOX(90, 50, 90, 190), piece, shift), ERR_RANGE);
    assert_int_equal(normalise_piece(&ink, &BOX(90, 50, 301, 190), piece, shift), ERR_RANGE);
    assert_int_equal(normalise_piece(&ink, &BOX(-1, 50, 200, 190), piece, shift), ERR_RANGE);
    picture_free(&p);
    free(px);
}

static enum err does_nothing(struct picture *p)
{
    p->scale++;
    return OK;
}

/* Breaks when a stage is given a picture of another state than it takes, or one that leaves the wrong state gets by. */
static void test_wrong_state(void **state)
{
    const struct normalise_stage idle = {"idle", PICTURE_TONES, PICTURE_INK, does_nothing, NULL};
    struct picture p = {.state = PICTURE_INK};

    (void)state;
    for (int i = 0; i < NORMALISE_STAGES; i++)
        if (normalise_stages[i].from != PICTURE_INK)
            assert_int_equal(normalise_run_stage(&normalise_stages[i], &p, NULL), ERR_RANGE);
    assert_int_equal(normalise_run_stage(&idle, &p, NULL), ERR_RANGE);
    assert_int_equal(p.scale, 0); /* it was not run */
    p.state = PICTURE_TONES;
    assert_int_equal(normalise_run_stage(&idle, &p, NULL), ERR_RANGE);
    assert_int_equal(p.scale, 1);
}

/* Breaks when a picture without ink does not tell where it was refused and why, or one with ink does. */
static void test_refusals(void **state)
{
    uint8_t *px = canvas(300, 240, 200), out[PIXELS], *digit = seven();
    struct picture p = {.in = {.w = 300, .h = 240, .px = px}};
    struct normalise_steps s;

    (void)state;
    s = run(px, 300, 240, out);
    assert_true(s.blank);
    assert_int_equal(s.refusal, NORMALISE_NO_CONTRAST);
    assert_string_equal(normalise_refusal_stage(s.refusal), "threshold");
    for (int i = 0; i < 100; i++)
        fill(px, 300, 20 + i % 10 * 26, 20 + i / 10 * 20, 6, 6, 30);
    s = run(px, 300, 240, out);
    assert_true(s.blank);
    assert_int_equal(s.refusal, NORMALISE_ONLY_NOISE);
    assert_string_equal(normalise_refusal_stage(s.refusal), "parts");
    for (enum normalise_refusal r = NORMALISE_NO_CONTRAST; r < NORMALISE_REFUSALS; r++) {
        bool known = false;

        for (int i = 0; i < NORMALISE_STAGES; i++)
            known |= strcmp(normalise_stages[i].name, normalise_refusal_stage(r)) == 0;
        assert_true(known && strlen(normalise_refusal_reason(r)) > 0);
    }
    assert_int_equal(normalise_run_until(&p, PICTURE_DIGIT, NULL), OK); /* and goes no further */
    assert_int_equal(p.state, PICTURE_INK);
    picture_free(&p);
    s = run(digit, 300, 240, out);
    assert_int_equal(s.refusal, NORMALISE_NOT_REFUSED);
    assert_null(normalise_refusal_stage(s.refusal));
    free(digit);
    free(px);
}

/* Breaks when one of a box's sides is off by one, or an empty one has any. */
static void test_boxes(void **state)
{
    struct box b = BOX_NONE, turned;
    const struct box right = BOX(14, 4, 20, 6), below = BOX(2, 30, 4, 31), beside = BOX(5, 4, 6, 6);

    (void)state;
    assert_int_equal(box_width(&b) + box_height(&b) + box_longest(&b) + box_shortest(&b), 0);
    box_add(&b, 3, 4);
    EXPECT_BOX(&b, 3, 4, 4, 5);
    box_add(&b, 4, 9);
    EXPECT_BOX(&b, 3, 4, 5, 10);
    assert_int_equal(box_longest(&b), 6);
    assert_int_equal(box_shortest(&b), 2);
    assert_int_equal(box_gap(&b, &right), 9);
    assert_int_equal(box_gap(&right, &b), 9);
    assert_int_equal(box_gap(&b, &below), 20);
    assert_int_equal(box_gap(&below, &b), 20);
    assert_int_equal(box_gap(&b, &beside), 0);
    turned = box_turned(&b);
    EXPECT_BOX(&turned, 4, 3, 10, 5);
    box_join(&b, &right);
    EXPECT_BOX(&b, 3, 4, 20, 10);
}

/* Breaks when a box does not grow over faint ink beside it, over fainter, by more than a sixteenth, or off the picture.
 */
static void test_box_grow(void **state)
{
    struct picture p = picture_new(PICTURE_INK, 200, 200, 0);
    const struct raster ink = {.w = 200, .h = 200, .px = p.px};
    struct box b = BOX(0, 60, 50, 140);

    (void)state;
    picture_fill(&p, BOX(0, 60, 120, 140), 40);
    picture_fill(&p, BOX(10, 57, 12, 60), 33);
    picture_fill(&p, BOX(10, 140, 12, 150), 32);
    box_grow(&b, &ink, 33);
    EXPECT_BOX(&b, 0, 57, 55, 140);
    picture_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table), cmocka_unit_test(test_until_each_state), cmocka_unit_test(test_ink_of_the_page),
        cmocka_unit_test(test_piece), cmocka_unit_test(test_wrong_state),      cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_boxes), cmocka_unit_test(test_box_grow),
    };

    return cmocka_run_group_tests_name("stages", tests, NULL, NULL);
}
