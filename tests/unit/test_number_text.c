/* What a number says: a user's text or a place laid over what was read, case by case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store/history/number_text.h"

static struct number_text t;
static struct why why;

static void read_text(const char *text)
{
    if (!number_text_read(&t, text))
        fail_msg("\"%s\" is not taken", text);
}

static enum err say_text(const char *text)
{
    why.text[0] = '\0';
    return number_text_change(
        &t, &(struct number_change){.place = -1, .label = NUMBER_UNCHECKED, .text = text, .n = strlen(text)}, &why);
}

static enum err say(int place, int label)
{
    why.text[0] = '\0';
    return number_text_change(&t, &(struct number_change){.place = place, .label = label}, &why);
}

static enum err say_digits(int place, const char *digits)
{
    why.text[0] = '\0';
    return number_text_change(&t, &(struct number_change){.place = place, .text = digits, .n = strlen(digits)}, &why);
}

static void expect(int line, const char *label, int checked, int confirmed, unsigned holds)
{
    if (strcmp(t.label, label) != 0 || t.checked != checked || t.confirmed != confirmed || t.holds != holds)
        fail_msg("line %d: \"%s\", %d checked, %d confirmed, holds %x", line, t.label, t.checked, t.confirmed, t.holds);
}

#define HOLDS(...) holds((const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))
static unsigned holds(const int *digits, size_t n)
{
    unsigned bits = 0;

    for (size_t i = 0; i < n; i++)
        bits |= 1U << digits[i];
    return bits;
}

/* Breaks when what was read is checked before anybody has said anything. */
static void as_it_was_read(void **state)
{
    (void)state;
    read_text("20:24");
    assert_int_equal(t.n, 4);
    expect(__LINE__, "20:24", 0, 0, HOLDS(0, 2, 4));
    assert_false(number_text_read(&t, ""));
    assert_false(number_text_read(&t, "-.:"));
    assert_false(number_text_read(&t, "12a"));
    assert_false(number_text_read(&t, "1\t2"));
}

/* Breaks when a text of as many digits is not laid over them one by one, or its marks are lost. */
static void texts_of_as_many_digits(void **state)
{
    (void)state;
    read_text("2021");
    assert_int_equal(say_text("20:24"), OK);
    assert_false(t.loose);
    expect(__LINE__, "20:24", 4, 3, HOLDS(0, 2, 4));
    assert_int_equal(t.place[3].label, 4);
    assert_int_equal(say_text("2021"), OK); /* it was right, after all */
    expect(__LINE__, "2021", 4, 4, HOLDS(0, 1, 2));
    assert_int_equal(say_text("-2.0/2,1"), OK);
    expect(__LINE__, "-2.0/2,1", 4, 4, HOLDS(0, 1, 2));
    assert_int_equal(say_text("20\n24"), OK);
    expect(__LINE__, "20\n24", 4, 3, HOLDS(0, 2, 4));
}

/* Breaks when spaces that a hand left by typing make another text. */
static void spaces_and_lines(void **state)
{
    (void)state;
    read_text("0 1\n23");
    assert_int_equal(say_text("  0   1 \r\n\n \n 2 3 \n"), OK);
    expect(__LINE__, "0 1\n2 3", 4, 4, HOLDS(0, 1, 2, 3));
    assert_int_equal(say_text("\n\n0123\n\n"), OK);
    expect(__LINE__, "0123", 4, 4, HOLDS(0, 1, 2, 3));
}

/* Breaks when a text with another number of digits is taken for labels, or counts as nothing. */
static void texts_of_more_or_fewer(void **state)
{
    static const struct {
        const char *read, *sent;
        int confirmed;
    } cases[] = {
        {"204", "2024", 2},  /* one was missed */
        {"2024", "204", 3},  /* one was too many */
        {"11", "8", 0},      /* nothing was right */
        {"7", "1 2 3 4", 0}, /* never below 0 */
        {"123", "9123", 2},  /* moved by one */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        read_text(cases[i].read);
        assert_int_equal(say_text(cases[i].sent), OK);
        assert_true(t.loose);
        assert_string_equal(t.label, cases[i].sent);
        assert_int_equal(t.checked, t.n);
        if (t.confirmed != cases[i].confirmed)
            fail_msg("%s for %s: %d are right", cases[i].sent, cases[i].read, t.confirmed);
        for (int k = 0; k < t.n; k++)
            assert_int_equal(t.place[k].label, NUMBER_UNCHECKED);
    }
    assert_int_equal(say(0, 7), ERR_DENIED);
    assert_non_null(strstr(why.text, "Send the whole text"));
    assert_int_equal(say(0, NUMBER_UNCHECKED), ERR_DENIED);
    assert_int_equal(say(-1, NUMBER_UNCHECKED), OK);
    assert_false(t.loose);
    expect(__LINE__, "123", 0, 0, HOLDS(1, 2, 3));
    assert_int_equal(say(0, 7), OK);
    expect(__LINE__, "723", 1, 0, HOLDS(2, 3, 7));
}

/* Breaks when a place changes another, or what it changes is lost with the next. */
static void places(void **state)
{
    (void)state;
    read_text("-3.14");
    assert_int_equal(say(1, 7), OK);
    expect(__LINE__, "-3.74", 1, 0, HOLDS(3, 4, 7));
    assert_int_equal(say(0, 3), OK); /* confirmed */
    expect(__LINE__, "-3.74", 2, 1, HOLDS(3, 4, 7));
    assert_int_equal(say(1, NUMBER_UNCHECKED), OK);
    expect(__LINE__, "-3.14", 1, 1, HOLDS(1, 3, 4));
    assert_int_equal(say(0, NUMBER_UNCHECKED), OK);
    expect(__LINE__, "-3.14", 0, 0, HOLDS(1, 3, 4));
    assert_int_equal(say(0, NUMBER_UNCHECKED), OK); /* of nothing */
    assert_int_equal(say(3, 1), ERR_RANGE);
    assert_string_equal(why.text, "The number has 3 digits: their places are 0 to 2.");
    assert_int_equal(say(NUMBER_DIGITS_MAX - 1, 1), ERR_RANGE);
    expect(__LINE__, "-3.14", 0, 0, HOLDS(1, 3, 4));
}

/* Breaks when a box that was deleted leaves a hole in the text, or cannot be had again. */
static void deleted(void **state)
{
    (void)state;
    read_text("0 1 2\n3\n45");
    assert_int_equal(say(1, NUMBER_NO_DIGIT), OK);
    expect(__LINE__, "0 2\n3\n45", 1, 0, HOLDS(0, 2, 3, 4, 5));
    assert_int_equal(say(3, NUMBER_NO_DIGIT), OK);
    expect(__LINE__, "0 2\n45", 2, 0, HOLDS(0, 2, 4, 5));
    assert_int_equal(say(0, NUMBER_NO_DIGIT), OK);
    expect(__LINE__, "2\n45", 3, 0, HOLDS(2, 4, 5));
    assert_int_equal(say(1, NUMBER_UNCHECKED), OK);
    expect(__LINE__, "1 2\n45", 2, 0, HOLDS(1, 2, 4, 5));
    read_text("-7");
    assert_int_equal(say(0, NUMBER_NO_DIGIT), OK);
    expect(__LINE__, "", 1, 0, 0); /* a lone mark is no number */
    assert_int_equal(say(-1, NUMBER_UNCHECKED), OK);
    expect(__LINE__, "-7", 0, 0, HOLDS(7));
}

/* Breaks when digits that were read as one count as one, or as right. */
static void split(void **state)
{
    (void)state;
    read_text("20:8");
    assert_int_equal(say_digits(1, "47"), OK);
    expect(__LINE__, "247:8", 1, 0, HOLDS(2, 4, 7, 8));
    assert_int_equal(t.place[1].label, NUMBER_SPLIT);
    assert_int_equal(say_digits(1, "123"), OK);
    expect(__LINE__, "2123:8", 1, 0, HOLDS(1, 2, 3, 8));
    assert_int_equal(say_digits(1, "0"), OK); /* one digit as text is a digit */
    expect(__LINE__, "20:8", 1, 1, HOLDS(0, 2, 8));
    assert_string_equal(t.place[1].split, "");
    assert_int_equal(say_digits(1, "47"), OK);
    assert_int_equal(say(1, NUMBER_NO_DIGIT), OK);
    assert_string_equal(t.place[1].split, "");
    expect(__LINE__, "2:8", 1, 0, HOLDS(2, 8));
    assert_int_equal(say_digits(1, "47"), OK);
    assert_int_equal(say(1, NUMBER_UNCHECKED), OK);
    expect(__LINE__, "20:8", 0, 0, HOLDS(0, 2, 8));
}

/* Breaks when "no digit" of the whole is not that of each, or is not undone by what is said next. */
static void no_digit_at_all(void **state)
{
    (void)state;
    read_text("12:30");
    assert_int_equal(say(-1, NUMBER_NO_DIGIT), OK);
    expect(__LINE__, "", 4, 0, 0);
    assert_int_equal(say(2, 3), OK);
    expect(__LINE__, ":3", 4, 1, HOLDS(3));
    assert_int_equal(say_text("12:30"), OK);
    expect(__LINE__, "12:30", 4, 4, HOLDS(0, 1, 2, 3));
    assert_int_equal(say(-1, NUMBER_NO_DIGIT), OK);
    assert_int_equal(say(-1, NUMBER_UNCHECKED), OK);
    expect(__LINE__, "12:30", 0, 0, HOLDS(0, 1, 2, 3));
}

/* Breaks when the marks of a text that was sent are forgotten by a place, or outlive what was said. */
static void places_of_a_sent_text(void **state)
{
    (void)state;
    read_text("1230");
    assert_int_equal(say_text("12:38"), OK);
    assert_int_equal(say(3, 9), OK);
    expect(__LINE__, "12:39", 4, 3, HOLDS(1, 2, 3, 9));
    assert_int_equal(say(3, NUMBER_UNCHECKED), OK); /* as it was read, within the marks that were sent */
    expect(__LINE__, "12:30", 3, 3, HOLDS(0, 1, 2, 3));
    for (int i = 0; i < 3; i++)
        assert_int_equal(say(i, NUMBER_UNCHECKED), OK);
    expect(__LINE__, "1230", 0, 0, HOLDS(0, 1, 2, 3));
    assert_string_equal(t.sent, "");
}

/* Breaks when what is no text is taken, changes anything, or is refused without a word of what would do. */
static void what_is_refused(void **state)
{
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {"", "at least one digit"},
        {" \n ", "at least one digit"},
        {"-.,:/", "at least one digit"},
        {"12a", "digits 0 to 9"},
        {"1+2", "digits 0 to 9"},
        {"12\t30", "digits 0 to 9"},
        {"12\x1b[31m", "digits 0 to 9"},
        {"1\r2", "digits 0 to 9"},                     /* no line's end */
        {"\xd9\xa1\xd9\xa2", "digits 0 to 9"},         /* 12 in Arabic-Indic digits */
        {"\xef\xbc\x91\xef\xbc\x92", "digits 0 to 9"}, /* 12, full width */
        {"\xe2\x88\x92"
         "7",
         "digits 0 to 9"}, /* a minus sign that is no hyphen */
        {"1\xc2\xa0"
         "2",
         "digits 0 to 9"}, /* a space that does not break */
        {"\xff", "digits 0 to 9"},
    };
    struct number_text before;
    char longest[100];

    (void)state;
    read_text("12");
    assert_int_equal(say(0, 7), OK);
    before = t;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (say_text(cases[i].text) != ERR_FORMAT || strstr(why.text, cases[i].sentence) == NULL)
            fail_msg("\"%s\": %s", cases[i].text, why.text);
        assert_memory_equal(&t, &before, sizeof(t));
    }
    assert_int_equal(number_text_change(&t, &(struct number_change){.place = -1, .text = "1\0002", .n = 3}, &why),
                     ERR_FORMAT);
    memset(longest, '1', sizeof(longest) - 1);
    longest[64 + 2 * 8 + 1] = '\0';
    assert_int_equal(say_text(longest), ERR_FORMAT);
    assert_string_equal(why.text, "The text of a number with 2 digits may have 80 characters.");
    assert_int_equal(say(-1, 7), ERR_FORMAT); /* of a number, a digit is no label */
    assert_non_null(strstr(why.text, "send its place"));
    for (int label = 11; label < 13; label++)
        assert_int_equal(say(0, label), ERR_FORMAT);
    assert_int_equal(say(0, -2), ERR_FORMAT);
    assert_int_equal(say_digits(0, ""), ERR_FORMAT);
    assert_int_equal(say_digits(0, "1234"), ERR_FORMAT);
    assert_int_equal(say_digits(0, "4."), ERR_FORMAT);
    assert_int_equal(say_digits(0, "seven"), ERR_FORMAT);
    assert_non_null(strstr(why.text, "\"47\""));
    assert_memory_equal(&t, &before, sizeof(t));
    longest[64 + 2 * 8] = '\0';
    assert_int_equal(say_text(longest), OK); /* far more digits than were read, but a text */
    assert_true(t.loose && t.confirmed == 0);
}

/* Breaks when the largest of everything does not fit. */
static void the_largest(void **state)
{
    char text[NUMBER_TEXT_MAX + 1];

    (void)state;
    memset(text, ':', NUMBER_TEXT_MAX);
    text[NUMBER_TEXT_MAX] = '\0';
    memset(text + NUMBER_TEXT_MAX - NUMBER_DIGITS_MAX, '5', NUMBER_DIGITS_MAX);
    read_text(text);
    assert_int_equal(t.n, NUMBER_DIGITS_MAX);
    assert_int_equal(say_text(text), OK); /* what was read can be confirmed, however long it is */
    assert_int_equal(t.confirmed, NUMBER_DIGITS_MAX);
    for (int i = 0; i < NUMBER_DIGITS_MAX; i++)
        assert_int_equal(say_digits(i, "678"), OK);
    assert_int_equal(strlen(t.label), NUMBER_LABEL_MAX);
    assert_int_equal(t.holds, HOLDS(6, 7, 8));
    memset(text, ':', 1000);
    memset(text + 1000, '5', 2);
    text[1002] = '\0';
    read_text(text);
    assert_int_equal(say_text(text), OK);
    assert_int_equal(t.confirmed, 2);
    memset(text, '5', NUMBER_DIGITS_MAX + 1);
    text[NUMBER_DIGITS_MAX + 1] = '\0';
    assert_false(number_text_read(&t, text)); /* one digit more */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_it_was_read),
        cmocka_unit_test(texts_of_as_many_digits),
        cmocka_unit_test(spaces_and_lines),
        cmocka_unit_test(texts_of_more_or_fewer),
        cmocka_unit_test(places),
        cmocka_unit_test(deleted),
        cmocka_unit_test(split),
        cmocka_unit_test(no_digit_at_all),
        cmocka_unit_test(places_of_a_sent_text),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(the_largest),
    };

    return cmocka_run_group_tests_name("number_text", tests, NULL, NULL);
}
