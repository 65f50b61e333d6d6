/* What is told of the network besides its answers: name, digest, and the model card. */
#ifndef DIGITD_ANSWER_CARD_H
#define DIGITD_ANSWER_CARD_H

#include "base/err.h"
#include "base/json.h"
#include "net/model.h"

/* Sets "name" and "sha256" in obj: the metadata's name, or that of the weights file without its folder and suffix. */
void card_identify(struct json *obj, const struct model *m, const char *weights_path);

/* The model card of a weights file: measured figures, curves, wrong digits, as `make model-card` wrote them beside it
 * (digits.safetensors: digits.card.json). *out is the caller's, or NULL with a line in why: ERR_NOT_FOUND where there
 * is none, ERR_FORMAT where it is of another network (its "sha256" is not this one), ERR_LIMIT over 4 MiB. A network
 * without a card serves all the same. */
enum err card_load(struct json **out, const char *weights_path, const char *sha256, struct why *why);

#endif
