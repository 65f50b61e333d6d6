/* What a weights file carries besides its weights: golden pictures' answers, and metadata. */
#ifndef DIGITD_WEIGHTS_METADATA_H
#define DIGITD_WEIGHTS_METADATA_H

#include "base/json.h"
#include "net/model.h"

/* m's golden_logits, as the naive layers make them of its golden_input. */
enum err metadata_golden_logits(struct model *m);

/* obj, which is freed, as the text of a metadata value. ERR_NOMEM, also where obj is NULL. */
enum err metadata_set_json(struct model *m, const char *key, struct json *obj);

/* How `digit train --writers` splits the pictures, as the metadata say it. */
#define METADATA_WRITERS_RULE "the last sixth, of other writers, validates"

/* Whether m learnt from the validation pictures of the fixed split (`digit train --all`), or from most of them
 * (--writers), so that they say nothing of new ones: *trained_on, where its metadata say so; false, and *trained_on
 * with it, where it does not. */
bool metadata_trained_on(const struct model *m, bool *trained_on);

/* Metadata "name": that of the file, without directory and ending. */
void metadata_set_name(struct model *m, const char *path);

/* Metadata "program" and "n_params". */
void metadata_set_program(struct model *m);

#endif
