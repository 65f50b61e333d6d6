/* What is known about the network: name, digest, and the model card. */
#ifndef DIGITD_ANSWER_CARD_H
#define DIGITD_ANSWER_CARD_H

#include "base/err.h"
#include "base/json.h"
#include "net/model.h"

/* Sets "name" and "sha256" in obj. The name comes from the metadata, or else it is that of the weights file without
 * directory and suffix. */
void card_identify(struct json *obj, const struct model *m, const char *weights_path);

/* Loads the model card of a weights file: measured figures, curves and wrong digits that `make model-card` wrote next
 * to it (digits.safetensors: digits.card.json). The caller frees *out; on failure it is NULL and why has a line.
 * ERR_NOT_FOUND: no card; ERR_FORMAT: the card of another network (its "sha256" differs); ERR_LIMIT: over 4 MiB. A
 * network works without a card. */
enum err card_load(struct json **out, const char *weights_path, const char *sha256, struct why *why);

/* The same for text[n] of a file; path is for why. ERR_FORMAT also if it is no JSON. */
enum err card_parse(struct json **out, const char *path, const char *text, size_t n, const char *sha256,
                    struct why *why);

#endif
