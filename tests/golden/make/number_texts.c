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
