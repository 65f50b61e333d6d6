/* A reading, which is one picture and what was made of it: how it is asked for and told. The service and the command
 * line have the same words and the same JSON, so that a script may change from one to the other. */
#ifndef DIGITD_ANSWER_READING_H
#define DIGITD_ANSWER_READING_H

#include "base/json.h"
#include "image/decoder.h"
#include "net/cnn.h"

struct reading {
    const char *name; /* what the client, or the command line, calls the picture; shown, never opened */
    struct decoder_reply decoded;
    struct answer answer;
};

/* The visitor's words for enum normalise_invert and enum normalise_center: words[value], NULL behind the last. */
extern const char *const reading_invert_words[], *const reading_center_words[];

/* Members of a result: name, status, digit, confidence, probabilities, and preprocessing (what was done to the picture
 * before the network saw it). */
void reading_set(struct json *result, const struct reading *r);

/* The same for a picture that could not be read: name, and status "error". Why is the caller's to add. */
void reading_set_error(struct json *result, const char *name);

/* The member probabilities alone, for an answer that was kept. */
void reading_set_probabilities(struct json *result, const float probabilities[MODEL_CLASSES]);

/* A picture between two steps: name, width, height. Returns the object, to which the caller adds the pixels or where
 * they are. */
struct json *reading_add_step(struct json *steps, const struct decoder_step *step);

#endif
