/* How a reading is asked for and told: the words and the JSON that the service and the command line have in common. */
#ifndef DIGITD_IMAGE_REPORT_H
#define DIGITD_IMAGE_REPORT_H

#include "base/json.h"
#include "image/decoder.h"
#include "net/cnn.h"

/* The visitor's words for enum normalise_invert and enum normalise_center: words[value], NULL behind the last. */
extern const char *const report_invert_words[], *const report_center_words[];

/* The index of text[n] in words; -1 where it is none of them. */
int report_word(const char *const *words, const char *text, size_t n);

/* Members of a result: status, digit, confidence, probabilities. */
void report_add_answer(struct json *result, const struct answer *a);

/* The member preprocessing: what was done to the picture before the network saw it. */
void report_add_preprocessing(struct json *result, const struct decoder_reply *reply);

#endif
