/* What users say of a number: the first line is what was read, each further one a change. After each the number holds
 * together, and a refusal leaves it as it was. A line ends with a NUL; a change of a place begins with 'p' and the
 * place and 1 as a byte; that of the whole with nothing. Then come 'n', 'u', or 't' and a text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/history/number_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(int good)
{
    if (!good)
        abort();
}

static void check_number(const struct number_text *t)
{
    struct number_text again = *t;
    unsigned holds = 0;
    int digits = 0;

    number_text_settle(&again);
    check(memcmp(&again, t, sizeof(*t)) == 0);
    check(t->n >= 1 && t->n <= NUMBER_DIGITS_MAX && strlen(t->label) <= NUMBER_LABEL_MAX);
    check(t->confirmed >= 0 && t->confirmed <= t->checked && t->checked <= t->n);
    check(!t->loose || (t->checked == t->n && t->sent[0] != '\0'));
    for (const char *c = t->label; *c != '\0'; c++) {
        check(strchr("0123456789-.,:/ \n", *c) != NULL);
        if (*c >= '0' && *c <= '9') {
            holds |= 1U << (*c - '0');
            digits++;
        }
    }
    check(holds == t->holds && (digits > 0) == (t->label[0] != '\0'));
    for (int i = 0; i < t->n; i++) {
        const struct number_place *p = &t->place[i];

        check(p->digit >= 0 && p->digit <= 9 && p->label >= NUMBER_UNCHECKED && p->label <= NUMBER_SPLIT);
        check((p->label == NUMBER_SPLIT) == (strlen(p->split) >= 2) && (!t->loose || p->label == NUMBER_UNCHECKED));
    }
}

static struct number_change change_of(const char *line, size_t n)
{
    struct number_change c = {.place = -1};

    if (n >= 2 && line[0] == 'p') {
        c.place = (uint8_t)line[1] - 1;
        line += 2;
        n -= 2;
    }
    c.label = n > 0 && line[0] == 'n' ? NUMBER_NO_DIGIT : n > 0 && line[0] == 'u' ? NUMBER_UNCHECKED : (int)n - 3;
    if (n > 0 && line[0] == 't') {
        c.text = line + 1;
        c.n = n - 1;
    }
    return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *text = malloc(n + 1), *line = text, *end = text + n;
    static struct number_text t, before;

    check(text != NULL);
    memcpy(text, bytes, n);
    *end = '\0';
    if (number_text_read(&t, line)) {
        check_number(&t);
        for (line += strlen(line) + 1; line < end; line += strlen(line) + 1) {
            const struct number_change change = change_of(line, strlen(line));
            struct why why = {""};

            before = t;
            if (number_text_change(&t, &change, &why) != OK)
                check(why.text[0] != '\0' && memcmp(&t, &before, sizeof(t)) == 0);
            check_number(&t);
        }
    }
    free(text);
    return 0;
}
