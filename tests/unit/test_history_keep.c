/* Which answer is kept of what was read in a picture: a digit, none, a number, or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above it */
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "web/api/history.h"

static struct numbers *n;
static struct reading one;
static struct history_keep keep;

/* /classify says that it is this digit, or none (-1). */
static void classified(int digit)
{
    memset(&one, 0, sizeof(one));
    one.name = "page.png";
    one.answer.verdict = digit < 0 ? VERDICT_NOT_A_DIGIT : VERDICT_DIGIT;
    one.answer.digit = digit < 0 ? 0 : digit;
    one.answer.confidence = 0.9F;
    memset(one.decoded.input, 99, DIGIT_PIXELS);
}

/* The picture reads so; its i-th sign is candidate i, in a box of its own. */
static void read_as(const char *text, enum numbers_status status)
{
    struct layout_reading *r = &n->reading;
    struct layout_line *line = r->line;

    memset(n, 0, sizeof(*n));
    n->status = status;
    n->count = NUMBERS_SEVERAL;
    r->lines = 1;
    line->confidence = 0.5F;
    for (int i = 0; text[i] != '\0'; i++) {
        struct layout_candidate *c = &n->lattice.candidate[i];

        if (text[i] == '\n') {
            line++;
            *line = (struct layout_line){.first = r->signs, .confidence = 0.5F};
            r->lines++;
            continue;
        }
        c->box = (struct box){10 * i, 20, 10 * i + 7, 28};
        memset(c->input, i, DIGIT_PIXELS);
        r->sign[r->signs] =
            (struct layout_sign){.candidate = text[i] == ' ' ? -1 : i, .text = text[i], .confidence = 0.75F};
        r->sign[r->signs++].probability[3] = 0.75F;
        r->digits += text[i] >= '0' && text[i] <= '9';
        line->signs++;
    }
    keep.n = 0;
    history_keep_add_number(&keep, n, &one, NULL);
}

static void expect_row(int line, int digit, enum store_history_status status, int first_px)
{
    if (keep.n != 1 || keep.numbers[0] != NULL || keep.lost[0] || keep.rows[0].digit != digit ||
        keep.rows[0].status != status || keep.rows[0].picture[0] != first_px ||
        strcmp(keep.rows[0].name, "page.png") != 0)
        fail_msg("line %d: %d kept, digit %d, status %d, picture of %d", line, keep.n, keep.rows[0].digit,
                 (int)keep.rows[0].status, keep.rows[0].picture[0]);
    history_keep_free(&keep);
    assert_int_equal(keep.n, 0);
}

/* Breaks when one digit is not kept as /classify would keep it, or nothing is kept as a number. */
static void one_digit_or_none(void **state)
{
    (void)state;
    classified(7);
    read_as("7", NUMBERS_READ);
    n->one = true; /* the answer is /classify's */
    keep.n = 0;
    history_keep_add_number(&keep, n, &one, NULL);
    expect_row(__LINE__, 7, STORE_HISTORY_DIGIT, 99);
    one.answer.verdict = VERDICT_UNSURE;
    one.answer.unsure_because = UNSURE_UNFAMILIAR;
    history_keep_add_number(&keep, n, &one, NULL);
    assert_int_equal(keep.rows[0].unsure_because, UNSURE_UNFAMILIAR);
    expect_row(__LINE__, 7, STORE_HISTORY_UNSURE, 99);
    classified(-1);
    read_as("", NUMBERS_NO_DIGITS);
    expect_row(__LINE__, STORE_HISTORY_NONE, STORE_HISTORY_NOT_A_DIGIT, 99);
    read_as("", NUMBERS_BLANK);
    expect_row(__LINE__, STORE_HISTORY_NONE, STORE_HISTORY_NOT_A_DIGIT, 99);
    read_as("-", NUMBERS_UNSURE); /* marks alone are no number */
    expect_row(__LINE__, STORE_HISTORY_NONE, STORE_HISTORY_NOT_A_DIGIT, 99);
    read_as("4", NUMBERS_UNSURE); /* found by the reading alone */
    assert_int_equal(keep.rows[0].unsure_because, UNSURE_CONFIDENCE);
    assert_true(keep.rows[0].confidence == 0.75F && keep.rows[0].probabilities[3] == 0.75F);
    expect_row(__LINE__, 4, STORE_HISTORY_UNSURE, 0);
    read_as("1234", NUMBERS_TOO_MANY); /* which was answered with a problem */
    assert_int_equal(keep.n, 0);
}

/* Breaks when a digit gets another's box, picture or row, or a mark or a space takes a place. */
static void numbers(void **state)
{
    const struct store_number *number;

    (void)state;
    classified(-1);
    read_as("-3.1 4\n56", NUMBERS_UNSURE);
    assert_int_equal(keep.n, 1);
    number = keep.numbers[0];
    assert_non_null(number);
    assert_string_equal(number->text.text, "-3.1 4\n56");
    assert_string_equal(number->name, "page.png");
    assert_int_equal(number->text.n, 5);
    assert_int_equal(number->status, STORE_HISTORY_UNSURE);
    assert_true(number->confidence == 0.25F); /* of both rows */
    for (int i = 0; i < 5; i++) {
        static const int at[] = {1, 3, 5, 7, 8};
        const struct store_number_digit *d = &number->digit[i];

        assert_int_equal(d->picture[0], at[i]);
        assert_true(d->box[0] == 10 * at[i] && d->box[1] == 20 && d->box[2] == 7 && d->box[3] == 8);
        assert_int_equal(d->line, i > 2);
        assert_true(d->confidence == 0.75F && d->probabilities[3] == 0.75F);
    }
    history_keep_free(&keep);
    read_as("-7", NUMBERS_READ); /* one digit, but with a mark */
    assert_string_equal(keep.numbers[0]->text.text, "-7");
    assert_int_equal(keep.numbers[0]->status, STORE_HISTORY_READ);
    history_keep_free(&keep);
}

/* Breaks when the answers of a request change places, or a further one writes over those before it. */
static void in_order(void **state)
{
    (void)state;
    classified(5);
    read_as("20", NUMBERS_READ);
    history_keep_add(&keep, &one, NULL);
    history_keep_add_number(&keep, n, &one, NULL);
    assert_int_equal(keep.n, 3);
    assert_true(keep.numbers[0] != NULL && keep.numbers[1] == NULL && keep.numbers[2] != NULL);
    assert_int_equal(keep.rows[1].digit, 5);
    history_keep_free(&keep);
}

static int make_room(void **state)
{
    (void)state;
    n = calloc(1, sizeof(*n));
    return n == NULL;
}

static int free_room(void **state)
{
    (void)state;
    free(n);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_digit_or_none),
        cmocka_unit_test(numbers),
        cmocka_unit_test(in_order),
    };

    return cmocka_run_group_tests_name("history_keep", tests, make_room, free_room);
}
