#include "number_text.h"

#include <string.h>

static const char marks[] = "-.,:/";

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* strchr would find the NUL, too. */
static bool is_text(char c)
{
    return is_digit(c) || c == ' ' || c == '\n' || memchr(marks, c, sizeof(marks) - 1) != NULL;
}

static int digits_in(const char *text)
{
    int n = 0;

    for (; *text != '\0'; text++)
        n += is_digit(*text);
    return n;
}

/* Takes out what a deleted digit, or a hand that types, leaves: two spaces in a row, spaces at the ends of a line, and
 * lines without anything. Works in place. */
static void tidy(char *text)
{
    size_t n = 0;

    for (const char *c = text; *c != '\0'; c++) {
        const bool begins = n == 0 || text[n - 1] == '\n';

        if ((*c == ' ' && (begins || text[n - 1] == ' ')) || (*c == '\n' && begins))
            continue;
        if (*c == '\n' && text[n - 1] == ' ')
            n--;
        text[n++] = *c;
    }
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\n'))
        n--;
    text[n] = '\0';
}

/* The fewest digits that must be changed, left out or put in to make one text's of the other's (Levenshtein). */
static int distance(const struct number_text *t, const char *label)
{
    int row[NUMBER_DIGITS_MAX + 1];
    int done = 0;

    for (int i = 0; i <= t->n; i++)
        row[i] = i;
    for (; *label != '\0'; label++) {
        int before = done; /* row[0] of the line above */

        if (!is_digit(*label))
            continue;
        row[0] = ++done;
        for (int i = 1; i <= t->n; i++) {
            const int changed = before + (t->place[i - 1].digit != *label - '0');
            const int moved = (row[i] < row[i - 1] ? row[i] : row[i - 1]) + 1;

            before = row[i];
            row[i] = changed < moved ? changed : moved;
        }
    }
    return row[t->n];
}

/* What stands in the place of a digit. */
static size_t place_text(const struct number_place *p, char out[NUMBER_SPLIT_MAX])
{
    const size_t n = strlen(p->split);

    if (p->label == NUMBER_NO_DIGIT)
        return 0;
    if (p->label == NUMBER_SPLIT) {
        memcpy(out, p->split, n);
        return n;
    }
    out[0] = (char)('0' + (p->label == NUMBER_UNCHECKED ? p->digit : p->label));
    return 1;
}

/* NUMBER_LABEL_MAX is enough: only a place can take more than the one byte that it has in the text. */
static void label_make(struct number_text *t)
{
    const char *from = t->sent[0] == '\0' ? t->text : t->sent;
    size_t n = 0;

    for (int place = 0; *from != '\0'; from++)
        if (!is_digit(*from) || t->loose)
            t->label[n++] = *from;
        else if (place < t->n)
            n += place_text(&t->place[place++], t->label + n);
    t->label[n] = '\0';
    tidy(t->label);
    if (digits_in(t->label) == 0)
        t->label[0] = '\0'; /* a lone mark is no number */
}

void number_text_settle(struct number_text *t)
{
    t->checked = t->confirmed = 0;
    t->holds = 0;
    label_make(t);
    for (const char *c = t->label; *c != '\0'; c++)
        if (is_digit(*c))
            t->holds |= 1U << (*c - '0');
    for (int i = 0; i < t->n; i++) {
        t->checked += t->place[i].label != NUMBER_UNCHECKED;
        t->confirmed += t->place[i].label == t->place[i].digit;
    }
    if (t->loose) {
        const int wrong = distance(t, t->label);

        t->checked = t->n;
        t->confirmed = wrong < t->n ? t->n - wrong : 0;
    }
}

bool number_text_read(struct number_text *t, const char *text)
{
    const size_t n = strlen(text);

    memset(t, 0, sizeof(*t));
    for (size_t i = 0; i < n; i++)
        if (!is_text(text[i]))
            return false;
    if (n > NUMBER_TEXT_MAX || digits_in(text) == 0 || digits_in(text) > NUMBER_DIGITS_MAX)
        return false;
    memcpy(t->text, text, n + 1);
    for (; *text != '\0'; text++)
        if (is_digit(*text))
            t->place[t->n++] = (struct number_place){.digit = *text - '0', .label = NUMBER_UNCHECKED};
    number_text_settle(t);
    return true;
}

/* Forgets what was said. */
static void places_set(struct number_text *t, int label)
{
    t->sent[0] = '\0';
    t->loose = false;
    for (int i = 0; i < t->n; i++)
        t->place[i] = (struct number_place){.digit = t->place[i].digit, .label = label};
}

_Static_assert(NUMBER_SENT_MAX + NUMBER_SENT_DIGIT * NUMBER_DIGITS_MAX <= NUMBER_TEXT_MAX, "what may be sent fits");

/* As what is kept counts by its digits, so does the room for a text: a history may be exported whole. */
static size_t sent_max(const struct number_text *t)
{
    const size_t read = strlen(t->text), usual = NUMBER_SENT_MAX + NUMBER_SENT_DIGIT * (size_t)t->n;

    return read > usual ? read : usual;
}

/* A text that somebody typed, without the \r of a line's end. ERR_FORMAT. */
static enum err sent_take(const struct number_text *t, const struct number_change *change,
                          char sent[NUMBER_TEXT_MAX + 1], struct why *why)
{
    const size_t max = sent_max(t);
    size_t n = 0;

    for (size_t i = 0; i < change->n; i++) {
        if (change->text[i] == '\r' && i + 1 < change->n && change->text[i + 1] == '\n')
            continue;
        if (!is_text(change->text[i]))
            return err_why(why, ERR_FORMAT,
                           "The text of a number is made of the digits 0 to 9, in this form and no other, of the marks "
                           "- . , : / and of spaces and line breaks.");
        if (n == max)
            return err_why(why, ERR_FORMAT, "The text of a number with %d digits may have %zu characters.", t->n, max);
        sent[n++] = change->text[i];
    }
    sent[n] = '\0';
    tidy(sent);
    if (digits_in(sent) == 0)
        return err_why(why, ERR_FORMAT,
                       "The text of a number has at least one digit. If the picture shows none, send \"not_a_digit\".");
    return OK;
}

static enum err change_text(struct number_text *t, const struct number_change *change, struct why *why)
{
    char sent[NUMBER_TEXT_MAX + 1];
    enum err e = sent_take(t, change, sent, why);
    int place = 0;

    if (e != OK)
        return e;
    places_set(t, NUMBER_UNCHECKED);
    memcpy(t->sent, sent, sizeof(sent));
    t->loose = digits_in(sent) != t->n;
    for (const char *c = sent; !t->loose && *c != '\0'; c++)
        if (is_digit(*c))
            t->place[place++].label = *c - '0';
    return OK;
}

static enum err change_whole(struct number_text *t, const struct number_change *change, struct why *why)
{
    if (change->text != NULL)
        return change_text(t, change, why);
    if (change->label != NUMBER_NO_DIGIT && change->label != NUMBER_UNCHECKED)
        return err_why(why, ERR_FORMAT,
                       "This is a number: its label is its whole text, such as \"20:24\", or \"not_a_digit\", or null "
                       "to take a correction back. To correct one digit, send its place, too.");
    places_set(t, change->label);
    return OK;
}

/* One digit as text is a digit. */
static enum err change_digits(struct number_place *p, const struct number_change *change, struct why *why)
{
    bool good = change->n >= 1 && change->n <= NUMBER_SPLIT_MAX;

    for (size_t i = 0; good && i < change->n; i++)
        good = is_digit(change->text[i]);
    if (!good)
        return err_why(why, ERR_FORMAT,
                       "The label of a place is a digit from 0 to 9, two or three digits as text (\"47\") if they were "
                       "read as one, \"not_a_digit\", or null to take a correction back.");
    if (change->n == 1) {
        p->label = change->text[0] - '0';
        return OK;
    }
    p->label = NUMBER_SPLIT;
    memcpy(p->split, change->text, change->n);
    return OK;
}

static enum err change_place(struct number_text *t, const struct number_change *change, struct why *why)
{
    struct number_place p = {.label = change->label};
    enum err e;

    if (t->loose)
        return err_why(why, ERR_DENIED,
                       "Its corrected text has more or fewer digits than were read, so nobody knows which is where. "
                       "Send the whole text, or first null to take it back.");
    if (change->place >= t->n)
        return err_why(why, ERR_RANGE, "The number has %d digits: their places are 0 to %d.", t->n, t->n - 1);
    p.digit = t->place[change->place].digit;
    if (change->text != NULL && (e = change_digits(&p, change, why)) != OK)
        return e;
    if (p.label < NUMBER_UNCHECKED || p.label > NUMBER_SPLIT || (p.label == NUMBER_SPLIT) != (p.split[0] != '\0'))
        return change_digits(&p, &(struct number_change){.n = 0}, why);
    t->place[change->place] = p;
    return OK;
}

enum err number_text_change(struct number_text *t, const struct number_change *change, struct why *why)
{
    enum err e = change->place < 0 ? change_whole(t, change, why) : change_place(t, change, why);

    if (e != OK)
        return e;
    number_text_settle(t);
    if (t->checked == 0)
        t->sent[0] = '\0'; /* the last place was taken back, and its marks go, too */
    number_text_settle(t);
    return OK;
}
