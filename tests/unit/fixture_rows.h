/* Adds answers to a history. */
#ifndef DIGITD_TESTS_FIXTURE_ROWS_H
#define DIGITD_TESTS_FIXTURE_ROWS_H

#include <stdlib.h>
#include <string.h>

#include "store/history/store_history.h"
#include "store/history/store_number.h"

static inline enum err rows_add(struct store *s, int64_t user, struct store_history *rows, int n, int max)
{
    struct store_answer answers[STORE_HISTORY_ADD_MAX + 1];

    for (int i = 0; i < n; i++)
        answers[i] = (struct store_answer){.row = &rows[i]};
    return store_history_add(s, user, answers, n, max);
}

/* A number that reads so. Each digit's box, confidence, probabilities and picture are told from the others by mark and
 * its place. NULL: it is none. The caller frees it. */
static inline struct store_number *number_of(const char *text, int mark)
{
    struct store_number *number;
    struct number_text read;
    int line = 0, place = 0;

    if (!number_text_read(&read, text) || (number = store_number_new(read.n)) == NULL)
        return NULL;
    number->text = read;
    number->status = STORE_HISTORY_READ;
    number->confidence = 0.5F;
    memcpy(number->name, "page.png", sizeof("page.png"));
    for (; *text != '\0'; text++) {
        struct store_number_digit *d = &number->digit[place];

        line += *text == '\n';
        if (*text < '0' || *text > '9')
            continue;
        d->line = line;
        d->confidence = 0.75F;
        for (int k = 0; k < 4; k++)
            d->box[k] = 10 * place + k;
        d->probabilities[place % STORE_HISTORY_CLASSES] = 0.25F;
        memset(d->picture, mark, sizeof(d->picture));
        d->picture[0] = (uint8_t)place;
        place++;
    }
    return number;
}

/* Adds it; *id is its number. */
static inline enum err number_add(struct store *s, int64_t user, const char *text, int mark, int max, int64_t *id)
{
    struct store_number *number = number_of(text, mark);
    const struct store_answer answer = {.number = number};
    enum err e = number == NULL ? ERR_FORMAT : store_history_add(s, user, &answer, 1, max);

    *id = number == NULL ? 0 : number->id;
    free(number);
    return e;
}

#endif
