/* answer/numbers: what a picture is called, one digit or several, and its JSON. */
#include "answer/numbers.h"
#include "base/buf.h"
#include "pictures.h"

static struct numbers *n;
static struct reading one;
static const struct numbers_eye eye = {.unsure_below = 0.95F};

static int setup(void **state)
{
    (void)state;
    n = calloc(1, sizeof(*n));
    memset(&one, 0, sizeof(one));
    one.name = "a.png";
    one.answer.digit = 7;
    one.answer.confidence = 0.99F;
    one.decoded.steps = (struct normalise_steps){.width = 400, .height = 300, .box = {10, 10, 200, 200}};
    (void)snprintf(one.decoded.channel, sizeof(one.decoded.channel), "luminance");
    return n == NULL;
}

static int teardown(void **state)
{
    (void)state;
    free(n);
    return 0;
}

/* Adds a row: signs at their places. */
static void add_line(const char *text, float confidence, int y)
{
    struct layout_line *v = &n->reading.line[n->reading.lines++];

    *v = (struct layout_line){.first = n->reading.signs, .confidence = confidence};
    for (int i = 0; text[i]; i++) {
        struct layout_sign *s = &n->reading.sign[n->reading.signs++];

        *s = (struct layout_sign){.candidate = -1, .text = text[i], .confidence = confidence};
        if (text[i] == ' ')
            continue;
        s->candidate = n->lattice.candidates++;
        n->lattice.candidate[s->candidate].box = (struct box){20 + 50 * i, y, 60 + 50 * i, y + 50};
        if (text[i] >= '0' && text[i] <= '9') {
            s->probability[text[i] - '0'] = 1;
            n->reading.digits++;
        }
    }
    v->signs = n->reading.signs - v->first;
}

static void judge(enum numbers_count count, enum numbers_status status, const char *text)
{
    struct buf *out = buf_new(10000);

    numbers_judge(n, &one, &eye);
    assert_int_equal(n->count, count);
    assert_int_equal(n->status, status);
    assert_int_equal(numbers_text(n, &one, false, out), OK);
    assert_int_equal(buf_add(out, "", 1), OK);
    assert_string_equal(buf_data(out), text);
    buf_free(out);
}

/* Breaks when several digits are called one, or a doubtful second one is called a number. */
static void test_count(void **state)
{
    (void)state;
    add_line("20 24", 0.99F, 100);
    judge(NUMBERS_SEVERAL, NUMBERS_READ, "20 24");
    n->reading.sign[1].confidence = 0.9F;
    judge(NUMBERS_SEVERAL, NUMBERS_UNSURE, "20 24");
    n->reading.sign[1].confidence = 0.99F;
    n->reading.line[0].confidence = 0.5F; /* there may be one digit more */
    judge(NUMBERS_SEVERAL, NUMBERS_UNSURE, "20 24");
    for (int i = 1; i < n->reading.signs; i++)
        n->reading.sign[i].confidence = 0.1F;
    judge(NUMBERS_ONE, NUMBERS_READ, "7"); /* /classify's */
    n->reading.sign[4].confidence = 0.7F;
    judge(NUMBERS_UNDECIDED, NUMBERS_UNSURE, "20 24");
    one.answer.verdict = VERDICT_UNSURE;
    n->reading.sign[4].confidence = 0.5F;
    judge(NUMBERS_UNDECIDED, NUMBERS_UNSURE, "20 24");
}

/* Breaks when two pieces of the one digit that /classify is sure of are a number, or two certain digits are one. */
static void test_pieces_of_one(void **state)
{
    (void)state;
    add_line("14", 0.9F, 30);
    for (int i = 0; i < 4; i++)
        one.decoded.steps.box[i] = i < 2 ? 0 : 500;
    judge(NUMBERS_ONE, NUMBERS_READ, "7");
    n->reading.sign[0].confidence = n->reading.sign[1].confidence = 0.99F;
    judge(NUMBERS_UNDECIDED, NUMBERS_UNSURE, "14");
    one.decoded.steps.box[2] = 10; /* both lie outside of it */
    judge(NUMBERS_SEVERAL, NUMBERS_READ, "14");
}

/* Breaks when /classify's answer is not taken where there is one digit, or is where it has none, or drops a minus. */
static void test_one(void **state)
{
    (void)state;
    add_line("3", 0.99F, 100);
    judge(NUMBERS_ONE, NUMBERS_READ, "7");
    one.answer.verdict = VERDICT_UNSURE;
    judge(NUMBERS_ONE, NUMBERS_UNSURE, "7");
    one.answer.verdict = VERDICT_NOT_A_DIGIT;
    judge(NUMBERS_ONE, NUMBERS_UNSURE, "3");
    n->reading.sign[0].confidence = 0.2F;
    judge(NUMBERS_NONE, NUMBERS_NO_DIGITS, "");
    teardown(NULL);
    setup(NULL);
    add_line("-3", 0.99F, 100);
    judge(NUMBERS_ONE, NUMBERS_READ, "-3");
}

/* Breaks when two loops of a broken 8 are two rows, or two rows that /classify saw one of are one digit. */
static void test_pieces(void **state)
{
    (void)state;
    add_line("0", 0.99F, 30);
    add_line("0", 0.99F, 120);
    judge(NUMBERS_ONE, NUMBERS_READ, "7");
    one.decoded.steps.box[3] = 80;
    judge(NUMBERS_SEVERAL, NUMBERS_READ, "0\n0");
    one.decoded.steps.box[3] = 200;
    one.answer.verdict = VERDICT_NOT_A_DIGIT;
    judge(NUMBERS_SEVERAL, NUMBERS_READ, "0\n0");
    one.answer.verdict = VERDICT_DIGIT;
    add_line("0 1234", 0.99F, 140); /* its last two are out of the box */
    judge(NUMBERS_SEVERAL, NUMBERS_READ, "0\n0\n0 1234");
    teardown(NULL);
    setup(NULL);
    add_line("00", 0.99F, 30); /* one row: digits side by side, of which /classify saw one */
    judge(NUMBERS_UNDECIDED, NUMBERS_UNSURE, "00");
}

/* An arc of 20 px: off px to the left in the middle. */
static void draw_arc(int sign, int off)
{
    uint8_t *input = n->lattice.candidate[n->reading.sign[sign].candidate].input;

    memset(input, 0, DIGIT_PIXELS);
    for (int y = 4; y < 24; y++) {
        const int from_middle = y < 14 ? 13 - y : y - 14;

        input[y * DIGIT_SIDE_PX + 14 - off * (100 - from_middle * from_middle) / 100] = 255;
    }
}

/* Breaks when (7) is 171, or when three digits are one because the outer ones lean, or bow the same way. */
static void test_brackets(void **state)
{
    (void)state;
    add_line("171", 0.99F, 50);
    memcpy(one.decoded.steps.box, (int[]){68, 48, 45, 55}, sizeof(one.decoded.steps.box));
    draw_arc(0, 3);
    draw_arc(2, -3);
    judge(NUMBERS_ONE, NUMBERS_READ, "7");
    draw_arc(2, 3);
    judge(NUMBERS_SEVERAL, NUMBERS_READ, "171");
    draw_arc(0, 0);
    draw_arc(2, -3);
    judge(NUMBERS_SEVERAL, NUMBERS_READ, "171");
    draw_arc(0, 3);
    memset(n->lattice.candidate[0].input, 0, DIGIT_PIXELS); /* nothing, which has no middle */
    judge(NUMBERS_SEVERAL, NUMBERS_READ, "171");
    draw_arc(0, 3);
    one.decoded.steps.box[2] = 150; /* the normaliser took the last one for a part of the digit */
    judge(NUMBERS_SEVERAL, NUMBERS_READ, "171");
    one.decoded.steps.box[2] = 45;
    one.answer.verdict = VERDICT_UNSURE;
    judge(NUMBERS_SEVERAL, NUMBERS_READ, "171");
    teardown(NULL);
    setup(NULL);
    add_line("1 1", 0.99F, 50); /* a space, which is no candidate, stands in them */
    draw_arc(0, 3);
    draw_arc(2, -3);
    assert_false(layout_has_brackets(&n->lattice, &n->reading));
}

/* Breaks when a page of text is a page of unsure numbers, or a page of numbers that are hard to read is nothing. */
static void test_clutter(void **state)
{
    (void)state;
    one.answer.verdict = VERDICT_NOT_A_DIGIT;
    add_line("12", 0.4F, 50);
    add_line("34", 0.3F, 150);
    n->reading.sign[0].confidence = n->reading.sign[1].confidence = 0.9F;
    judge(NUMBERS_SEVERAL, NUMBERS_UNSURE, "12\n34"); /* two rows are few */
    add_line("5", 0.49F, 250);
    judge(NUMBERS_NONE, NUMBERS_NO_DIGITS, "");
    n->reading.line[2].confidence = 0.5F;
    judge(NUMBERS_SEVERAL, NUMBERS_UNSURE, "12\n34\n5");
    n->reading.line[2].confidence = 0.49F;
    n->reading.sign[4].confidence = 1.4F; /* 3.9 of five */
    judge(NUMBERS_SEVERAL, NUMBERS_UNSURE, "12\n34\n5");
    n->reading.sign[4].confidence = 0.49F;
    one.answer.verdict = VERDICT_UNSURE; /* /classify sees something */
    judge(NUMBERS_SEVERAL, NUMBERS_UNSURE, "12\n34\n5");
}

/* Breaks when nothing, and too much, are told as anything else. */
static void test_none(void **state)
{
    (void)state;
    one.answer.verdict = VERDICT_NOT_A_DIGIT;
    judge(NUMBERS_NONE, NUMBERS_NO_DIGITS, "");
    one.decoded.steps.blank = true;
    judge(NUMBERS_NONE, NUMBERS_BLANK, "");
    one.decoded.steps.blank = false;
    n->full = true;
    judge(NUMBERS_NONE, NUMBERS_TOO_MANY, "");
    assert_string_equal(numbers_status_name(n->status), "error");
}

/* Breaks when a member is missing, a box is not in px of the picture, or an empty cell of a table is filled. */
static void test_json(void **state)
{
    struct json *o = json_new_object(), *rows, *digit;
    int64_t v;

    (void)state;
    add_line("1.2", 0.99F, 100);
    add_line("3", 0.99F, 200);
    n->table.columns = 2;
    n->table.words = 2;
    n->table.word[0] = (struct layout_word){.line = 0, .first = 0, .signs = 3, .column = 0};
    n->table.word[1] = (struct layout_word){.line = 1, .first = 3, .signs = 1, .column = 1};
    numbers_judge(n, &one, &eye);
    assert_int_equal(numbers_set(o, n, &one, &eye, &(struct numbers_form){.inputs = true}), OK);
    assert_string_equal(json_get_str(o, "status", NULL), "read");
    assert_true(json_is_null(json_get(o, "unsure_because")));
    assert_string_equal(json_get_str(o, "text", NULL), "1.2\n3");
    rows = json_get(o, "rows");
    assert_int_equal(json_len(rows), 2);
    assert_string_equal(json_get_str(json_at(rows, 0), "text", NULL), "1.2");
    digit = json_at(json_get(json_at(rows, 0), "digits"), 1);
    assert_true(json_is_null(json_get(digit, "digit")));
    assert_string_equal(json_get_str(digit, "mark", NULL), ".");
    digit = json_at(json_get(json_at(rows, 0), "digits"), 2);
    assert_true(json_get_int(digit, "digit", &v) && v == 2);
    assert_true(json_is_null(json_get(digit, "mark")));
    assert_true(json_int(json_at(json_get(digit, "box"), 0), &v) && v == 120);
    assert_true(json_int(json_at(json_get(digit, "box"), 2), &v) && v == 40);
    assert_int_equal(json_len(json_get(digit, "probabilities")), 10);
    assert_non_null(json_get_str(digit, "input", NULL));
    assert_string_equal(json_str(json_at(json_at(json_get(o, "cells"), 0), 0), NULL), "1.2");
    assert_string_equal(json_str(json_at(json_at(json_get(o, "cells"), 0), 1), NULL), "");
    assert_string_equal(json_str(json_at(json_at(json_get(o, "cells"), 1), 1), NULL), "3");
    assert_non_null(json_get(o, "preprocessing"));
    json_free(o);
}

/* Breaks when ?plain=1 leaves a mark or a space, or takes a mark from the list of signs. */
static void test_plain(void **state)
{
    struct json *o = json_new_object(), *row;

    (void)state;
    add_line("-1.2 3", 0.99F, 100);
    add_line("-", 0.9F, 200); /* nothing plain in it */
    n->table = (struct layout_table){.columns = 2, .words = 3};
    n->table.word[0] = (struct layout_word){.line = 0, .first = 0, .signs = 4, .column = 0};
    n->table.word[1] = (struct layout_word){.line = 0, .first = 5, .signs = 1, .column = 1};
    n->table.word[2] = (struct layout_word){.line = 1, .first = 6, .signs = 1, .column = 1};
    numbers_judge(n, &one, &eye);
    assert_int_equal(numbers_set(o, n, &one, &eye, &(struct numbers_form){.plain = true}), OK);
    assert_string_equal(json_get_str(o, "text", NULL), "123\n");
    row = json_at(json_get(o, "rows"), 0);
    assert_string_equal(json_get_str(row, "text", NULL), "123");
    assert_int_equal(json_len(json_get(row, "digits")), 5);
    assert_null(json_get(json_at(json_get(row, "digits"), 1), "input"));
    assert_string_equal(json_str(json_at(json_at(json_get(o, "cells"), 0), 0), NULL), "12");
    assert_string_equal(json_str(json_at(json_at(json_get(o, "cells"), 1), 1), NULL), "");
    json_free(o);
}

/* The answer of /classify to what is in n. */
static struct json *classified(void)
{
    struct json *o = json_new_object();

    assert_int_equal(numbers_set_classified(o, n, &one), OK);
    return o;
}

/* Breaks when /classify tells one digit of several, or leaves out a member of its answer. */
static void test_classified(void **state)
{
    struct json *o;
    int64_t digit;
    double confidence;

    (void)state;
    add_line("20", 0.97F, 100);
    add_line("24", 0.8F, 200);
    memcpy(one.decoded.steps.box, (int[]){20, 100, 40, 50}, sizeof(one.decoded.steps.box));
    numbers_judge(n, &one, &eye);
    assert_true(numbers_are_several(n));
    o = classified();
    assert_string_equal(json_get_str(o, "status", NULL), "several");
    assert_string_equal(json_get_str(o, "text", NULL), "20\n24");
    assert_true(json_is_null(json_get(o, "digit")) && json_is_null(json_get(o, "probabilities")) &&
                json_is_null(json_get(o, "unsure_because")));
    assert_true(json_get_num(o, "confidence", &confidence) && confidence > 0.775 && confidence < 0.777);
    json_free(o);
    n->count = NUMBERS_ONE;
    o = classified();
    assert_string_equal(json_get_str(o, "status", NULL), "digit");
    assert_true(json_get_int(o, "digit", &digit) && digit == 7 && json_is_null(json_get(o, "text")));
    assert_int_equal(json_len(json_get(o, "probabilities")), 10);
    json_free(o);
}

static void expect_verdict(int line, enum verdict verdict, enum unsure because, const char *text)
{
    struct json *o = classified();
    const char *was = json_get_str(o, "text", NULL);

    if (one.answer.verdict != verdict || one.answer.unsure_because != because || (text == NULL) != (was == NULL) ||
        (text != NULL && strcmp(text, was) != 0))
        fail_msg("line %d: verdict %d, because %d, text %s", line, (int)one.answer.verdict,
                 (int)one.answer.unsure_because, was == NULL ? "(none)" : was);
    json_free(o);
}

/* Breaks when an answer that the rest of the picture speaks against stays a sure one, or when it costs its reason. */
static void test_doubt(void **state)
{
    (void)state;
    add_line("20", 0.99F, 100);
    n->reading.sign[1].confidence = 0.65F;
    memcpy(one.decoded.steps.box, (int[]){20, 100, 40, 50}, sizeof(one.decoded.steps.box));
    numbers_judge(n, &one, &eye);
    numbers_doubt(n, &one.answer);
    expect_verdict(__LINE__, VERDICT_UNSURE, UNSURE_UNFAMILIAR, "20");
    one.answer.unsure_because = UNSURE_CONFIDENCE;
    numbers_doubt(n, &one.answer);
    expect_verdict(__LINE__, VERDICT_UNSURE, UNSURE_BOTH, "20");
    one.answer.verdict = VERDICT_NOT_A_DIGIT;
    one.answer.unsure_because = UNSURE_NOT;
    numbers_judge(n, &one, &eye);
    numbers_doubt(n, &one.answer);
    expect_verdict(__LINE__, VERDICT_NOT_A_DIGIT, UNSURE_NOT, NULL);
    one.answer.verdict = VERDICT_DIGIT;
    n->full = true;
    numbers_judge(n, &one, &eye);
    numbers_doubt(n, &one.answer);
    expect_verdict(__LINE__, VERDICT_NOT_A_DIGIT, UNSURE_NOT, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pieces_of_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_brackets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clutter, setup, teardown),
        cmocka_unit_test_setup_teardown(test_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_json, setup, teardown),
        cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_classified, setup, teardown),
        cmocka_unit_test_setup_teardown(test_doubt, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
