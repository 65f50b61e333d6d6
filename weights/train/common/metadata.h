/* What a weights file holds besides its weights: the logits of its golden pictures, and metadata. */
#ifndef DIGITD_WEIGHTS_METADATA_H
#define DIGITD_WEIGHTS_METADATA_H

#include "base/json.h"
#include "net/model.h"

/* Fills m's golden_logits: what the naive layers compute from its golden_input. */
enum err metadata_golden_logits(struct model *m);

/* Sets a metadata value to obj as text, and frees obj. ERR_NOMEM, also when obj is NULL. */
enum err metadata_set_json(struct model *m, const char *key, struct json *obj);

/* How the metadata describe the split of `digit train --writers`. */
#define METADATA_WRITERS_RULE "the last sixth, of other writers, validates"

/* Sets *trained_on to whether m was trained on the validation set of the fixed split (`digit train --all`) or on most
 * of it (--writers), so that it says nothing about new pictures. Returns false, with *trained_on false, when the
 * metadata do not tell. */
bool metadata_trained_on(const struct model *m, bool *trained_on);

/* Sets metadata "name" to the name of the file, without directory and suffix. */
void metadata_set_name(struct model *m, const char *path);

/* Sets metadata "program" and "n_params". */
void metadata_set_program(struct model *m);

#endif
