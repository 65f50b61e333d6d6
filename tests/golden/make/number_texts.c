/* What the numbers say. */
#include <stdio.h>

#include "number.h"

int number_length(struct number *n)
{
    static const int share[DIGITS_MAX] = {6, 16, 22, 22, 13, 9, 5, 3, 2, 2}; /* of 100 */
    int at = rng_index(&n->job.r, 100), length = 0;

    while (at >= share[length])
        at -= share[length++];
    return length + 1;
}

static void date(struct number *n, bool continental, char *text, size_t max)
{
    struct job *j = &n->job;
    const int day = between_int(j, 1, 28), month = between_int(j, 1, 12), year = between_int(j, 1950, 2049);
    const bool padded = rng_below(&j->r, 2), brief = rng_below(&j->r, 2);
    const int shown = brief ? year % 100 : year;

    if (rng_below(&j->r, 4) == 0) {
        (void)snprintf(text, max, "%d-%02d-%02d", year, month, day);
        return;
    }
    if (continental)
        (void)snprintf(text, max, padded ? "%02d.%02d.%02d" : "%d.%d.%02d", day, month, shown);
    else
        (void)snprintf(text, max, padded ? "%02d/%02d/%02d" : "%d/%d/%02d", month, day, shown);
}

static void clock_time(struct number *n, char *text, size_t max)
{
    struct job *j = &n->job;
    const int hour = between_int(j, 0, 23), minute = between_int(j, 0, 59), second = between_int(j, 0, 59);

    if (rng_below(&j->r, 5) == 0)
        (void)snprintf(text, max, "%d:%02d:%02d", hour, minute, second);
    else
        (void)snprintf(text, max, "%d:%02d", hour, minute);
}

static void decimal(struct number *n, bool continental, bool negative, char *text, size_t max)
{
    struct job *j = &n->job;
    const int places = between_int(j, 1, 3), below = places == 1 ? 9 : places == 2 ? 99 : 999;
    const int whole = rng_below(&j->r, 3) ? between_int(j, 0, 99) : between_int(j, 100, 9999);

    (void)snprintf(text, max, "%s%d%c%0*d", negative ? "-" : "", whole, continental ? ',' : '.', places,
                   between_int(j, 0, below));
}

static void grouped(struct number *n, bool continental, char *text, size_t max)
{
    const int thousands = between_int(&n->job, 1, 99), rest = between_int(&n->job, 0, 999);

    (void)snprintf(text, max, "%d%c%03d", thousands, continental ? '.' : ',', rest);
}

void number_text(struct number *n, char text[DIGITS_MAX * 2 + 1])
{
    const size_t max = DIGITS_MAX * 2 + 1;
    const bool continental = n->hand == HAND_CONTINENTAL || (n->hand == HAND_MNIST && rng_below(&n->job.r, 2));

    switch (rng_below(&n->job.r, 9)) {
    case 0:
    case 1:
        date(n, continental, text, max);
        break;
    case 2:
    case 3:
        clock_time(n, text, max);
        break;
    case 4:
    case 5:
        decimal(n, continental, false, text, max);
        break;
    case 6:
        decimal(n, continental, true, text, max);
        break;
    case 7:
        (void)snprintf(text, max, "-%d", between_int(&n->job, 1, 9999));
        break;
    default:
        grouped(n, continental, text, max);
        break;
    }
}

/* A E F H K L M N R V W X, a c d e f h k m n p r w. */
const char *const number_letters[NUMBER_LETTERS] = {
    "M10 100 L50 0 L92 100 M25 62 L77 62",
    "M85 2 L15 2 L15 98 L88 98 M15 50 L75 50",
    "M15 100 L15 2 L85 2 M15 48 L72 48",
    "M12 0 L12 100 M88 0 L88 100 M12 50 L88 50",
    "M15 0 L15 100 M85 2 L17 55 L90 100",
    "M15 0 L15 98 L80 98",
    "M5 100 L15 0 L50 70 L85 0 L95 100",
    "M12 100 L12 0 L88 100 L88 0",
    "M15 100 L15 2 S50 -2 80 14 74 46 17 54 L85 100",
    "M5 0 L50 100 L95 0",
    "M2 0 L26 100 L50 25 L74 100 L98 0",
    "M10 0 L90 100 M90 0 L10 100",
    "M80 44 S50 32 22 50 20 86 46 98 78 76 80 44 L80 88 S84 100 96 102",
    "M82 52 S56 34 30 50 24 88 48 100 70 98 84 86",
    "M76 50 S50 40 26 54 20 88 46 100 72 86 78 64 M80 0 L78 86 S82 100 94 100",
    "M18 68 L82 62 S76 38 48 40 18 66 26 90 56 102 84 88",
    "M84 12 S66 -2 52 16 46 60 46 100 M20 46 L76 44",
    "M18 0 L18 100 M18 60 S40 38 64 44 78 66 78 100",
    "M20 0 L20 100 M70 40 L22 72 L76 100",
    "M8 42 L8 100 M8 58 S28 38 44 50 48 74 48 100 M48 58 S68 38 84 50 90 74 90 100",
    "M18 40 L18 100 M18 60 S40 38 64 46 78 68 78 100",
    "M20 36 L20 132 M20 50 S48 32 74 48 70 88 44 98 20 88 20 80",
    "M25 40 L25 100 M25 62 S42 44 58 42 68 42 76 48",
    "M6 40 L28 100 L50 58 L72 100 L94 40"};

/* Euro, dollar, pound, percent, number sign, plus, equals, star, arrow, brackets, tick. */
const char *const number_signs[NUMBER_SIGNS] = {
    "M88 14 S60 -4 34 14 20 50 34 88 60 104 88 86 M6 40 L66 38 M6 60 L62 58",
    "M82 16 S52 0 26 16 30 44 50 50 80 62 76 86 40 100 16 84 M50 -12 L50 112",
    "M80 12 S56 -6 42 14 46 60 40 86 L20 98 L88 96 M22 54 L68 52",
    "M90 0 L10 100 M24 4 S40 10 36 24 20 36 10 22 24 4 24 4 M78 66 S94 72 90 86 74 98 64 84 78 66 78 66",
    "M34 0 L22 100 M72 0 L60 100 M4 34 L96 32 M0 68 L92 66",
    "M50 22 L50 84 M18 54 L82 52",
    "M16 42 L84 40 M16 66 L84 64",
    "M50 10 L50 60 M26 22 L74 50 M74 20 L26 52",
    "M2 54 L96 52 M66 28 L97 52 L68 78",
    "M64 0 L30 0 L30 100 L64 100"};
