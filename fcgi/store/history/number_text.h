/* What a number says: the text that was read, and what its user says it is. Pure.
 *
 * A text is made of digits, the marks - . , : / and spaces, in lines that end with \n. Its digits are places, counted
 * from 0 in the order of the text; each was a box in the picture. What the user says is one of two things:
 *
 *     each place   it is right, or another digit, or none (the box is deleted), or two or three (the box is split). The
 *                  marks are those of the text that was read, or of the whole text that the user has sent.
 *     loose        a whole text with more or fewer digits than were read: nobody knows which of them is in which box.
 */
#ifndef DIGITD_STORE_HISTORY_NUMBER_TEXT_H
#define DIGITD_STORE_HISTORY_NUMBER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum {
    NUMBER_DIGITS_MAX = 256,
    NUMBER_TEXT_MAX = 2112, /* bytes, of a text that was read */
    NUMBER_SENT_MAX = 64,   /* bytes of a text that is sent, besides */
    NUMBER_SENT_DIGIT = 8,  /* so many for each digit that was read; and it may be as long as what was read */
    NUMBER_SPLIT_MAX = 3,   /* digits in one box */
    NUMBER_LABEL_MAX = NUMBER_TEXT_MAX + (NUMBER_SPLIT_MAX - 1) * NUMBER_DIGITS_MAX
};

/* As a label, beside 0 to 9. The first two are as STORE_HISTORY_NONE and STORE_HISTORY_NO_DIGIT. */
enum { NUMBER_UNCHECKED = -1, NUMBER_NO_DIGIT = 10, NUMBER_SPLIT = 11 };

struct number_place {
    int digit; /* as it was read */
    int label;
    char split[NUMBER_SPLIT_MAX + 1]; /* "" unless label is NUMBER_SPLIT */
};

struct number_text {
    int n;
    struct number_place place[NUMBER_DIGITS_MAX];
    char text[NUMBER_TEXT_MAX + 1];   /* as it was read */
    char sent[NUMBER_TEXT_MAX + 1];   /* the user's whole text, "" if none was sent */
    bool loose;                       /* that has another number of digits */
    char label[NUMBER_LABEL_MAX + 1]; /* the text as the user says; where nothing was said, as it was read. "": there is
                                         no digit */
    int checked;                      /* digits that the user has spoken of: if loose, all of them */
    int confirmed;  /* those of them that were right: if loose, all but those that had to be changed */
    unsigned holds; /* bit d: the label has the digit d */
};

/* What the user says now. */
struct number_change {
    int place;        /* -1: of the whole number */
    int label;        /* a digit of a place; NUMBER_NO_DIGIT; NUMBER_UNCHECKED: takes back what was said */
    const char *text; /* instead of label, unless NULL: the whole text, or the digits of a place; [n] */
    size_t n;
};

/* Takes over a text that was read, unchecked. False: it is none, or too long, or has no digit or too many. */
bool number_text_read(struct number_text *t, const char *text);

/* Takes over what the user says, or leaves t as it is: ERR_FORMAT: it is no text, no digit, too long; ERR_RANGE: there
 * is no such place; ERR_DENIED: there are no places, since the text is loose. Then why has a sentence for the user. */
enum err number_text_change(struct number_text *t, const struct number_change *change, struct why *why);

/* Sets label, checked, confirmed and holds from the rest. */
void number_text_settle(struct number_text *t);

#endif
