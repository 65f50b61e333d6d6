/* A reading: one picture and its result. The service and the command line use the same words and the same JSON, so a
 * script can switch from one to the other. */
#ifndef DIGITD_ANSWER_READING_H
#define DIGITD_ANSWER_READING_H

#include "base/json.h"
#include "image/decoder.h"
#include "net/cnn.h"

struct reading {
    const char *name; /* the picture's name, from the client or the command line; only shown, never opened */
    struct decoder_reply decoded;
    struct answer answer;
};

/* The visitor's words for enum normalise_invert and enum normalise_center: words[value], NULL-terminated. */
extern const char *const reading_invert_words[], *const reading_center_words[];

/* Sets the members of an answer: status, unsure_because, digit, confidence, probabilities. */
void reading_set_answer(struct json *result, const struct answer *a);

/* Sets the members of a picture that could not be read: name, and status "error". The caller adds the reason. */
void reading_set_error(struct json *result, const char *name);

/* Sets the member preprocessing: what was done to the picture before the network read it. */
void reading_set_preprocessing(struct json *result, const struct decoder_reply *decoded);

/* Sets only this member, for a stored answer: unsure_because (null for UNSURE_NOT), or probabilities. */
void reading_set_unsure(struct json *result, enum unsure because);
void reading_set_probabilities(struct json *result, const float probabilities[MODEL_CLASSES]);

/* Sets only the member box: x, y, width, height; or input, a 28x28 as base64. */
void reading_set_box(struct json *obj, const int box[4]);
void reading_set_input(struct json *obj, const uint8_t input[DIGIT_PIXELS]);

/* Adds a picture between two steps: name, width, height. Returns the object; the caller adds the pixels or their
 * location. */
struct json *reading_add_step(struct json *steps, const struct decoder_step *step);

#endif
