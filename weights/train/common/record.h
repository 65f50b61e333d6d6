/* What a weights file carries besides its weights: golden pictures' answers, and metadata. */
#ifndef DIGITD_WEIGHTS_RECORD_H
#define DIGITD_WEIGHTS_RECORD_H

#include "base/json.h"
#include "net/model.h"

/* m's golden_logits, as the naive layers make them of its golden_input. */
enum err golden_answers(struct model *m);

/* obj, which is freed, as the text of a metadata value. ERR_NOMEM, also where obj is NULL. */
enum err record_json(struct model *m, const char *key, struct json *obj);

/* How `digit train --writers` splits the pictures, as the metadata say it. */
#define RECORD_WRITERS_RULE "the last sixth, of other writers, validates"

/* Whether m learnt from the validation pictures of the fixed split (`digit train --all`), or from most of them
 * (--writers), so that they say nothing of new ones: *trained_on, where its record tells; false, and *trained_on with
 * it, where it does not. */
bool record_trained_on(const struct model *m, bool *trained_on);

/* Metadata "name": that of the file, without directory and ending. */
void record_name(struct model *m, const char *path);

/* Metadata "program" and "n_params". */
void record_program(struct model *m);

#endif
