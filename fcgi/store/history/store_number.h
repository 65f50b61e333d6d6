/* Numbers in the history: answers of several digits. The rules of store_history.h hold here too. */
#ifndef DIGITD_STORE_HISTORY_STORE_NUMBER_H
#define DIGITD_STORE_HISTORY_STORE_NUMBER_H

#include "number_text.h"
#include "store_history.h"

enum { STORE_NUMBER_LINES_MAX = 64 };

/* A digit of a number, as it was read; what the user says of it is in the number's text. */
struct store_number_digit {
    int line;   /* of the text, from 0 */
    int box[4]; /* x, y, width, height in px of the picture that was sent */
    float confidence;
    float probabilities[STORE_HISTORY_CLASSES];
    uint8_t picture[DIGIT_PIXELS]; /* [28][28], what the network saw */
};

struct store_number {
    int64_t id, created_at_s;
    char name[STORE_HISTORY_NAME_MAX + 1];
    enum store_history_status status; /* STORE_HISTORY_READ or STORE_HISTORY_UNSURE */
    float confidence;                 /* that all of it is right */
    struct number_text text;
    struct store_number_digit digit[]; /* [text.n] */
};

/* Room for a number of n digits, 1 to NUMBER_DIGITS_MAX: some 850 bytes each, and 12 KB for the rest. All of it is 0.
 * free(3) frees it. NULL: out of memory. */
struct store_number *store_number_new(int n);

/* number has room for NUMBER_DIGITS_MAX digits. ERR_NOT_FOUND: this user has no such answer, or it is a digit. */
enum err store_number_find(struct store *s, int64_t user_id, int64_t id, struct store_number *number);

/* Takes over what the user says, in one commit with what they said before. ERR_NOT_FOUND, as above; the errors of
 * number_text_change, with its sentence in why. */
enum err store_number_change(struct store *s, int64_t user_id, int64_t id, const struct number_change *change,
                             struct why *why);

#endif
