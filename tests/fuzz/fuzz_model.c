/* Fuzzes the loader of weights files. What it accepts must be whole: every weight readable and finite, every shape
 * positive, and the line that says why it refuses must be one line. The seeds have no digest, so that the fuzzer comes
 * past it, but for one that has. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "net/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_model(const struct model *m)
{
    for (size_t i = 0; i < m->n_params; i++)
        must(isfinite(m->block[i]));
    for (int i = 0; i < m->n_layers; i++) {
        const struct layer *l = &m->layers[i];
        must(l->in_c > 0 && l->in_h > 0 && l->in_w > 0 && l->out_c > 0 && l->out_h > 0 && l->out_w > 0);
        must(memchr(l->name, '\0', sizeof l->name) != NULL);
        must(!l->weight || (l->weight >= m->block && l->weight < m->block + m->n_params));
        must(!l->bias || (l->bias >= m->block && l->bias + l->out_c <= m->block + m->n_params));
    }
    must(m->layers[m->n_layers - 1].out_c == MODEL_CLASSES);
    must(m->temperature > 0 && m->unsure_below >= 0 && m->unsure_below <= 1);
    must(m->look_again_below >= 0 && m->look_again_below <= 1);
    must(strlen(m->sha256) == DIGEST_HEX);
    for (int i = 0; i < m->n_golden * MODEL_CLASSES; i++)
        must(isfinite(m->golden_logits[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct model *m = NULL;
    struct why why = {0};
    if (model_parse(&m, data, size, "fuzz", &why) == OK) {
        check_model(m);
        model_free(m);
    } else {
        must(m == NULL && strncmp(why.text, "fuzz: ", 6) == 0 && !strchr(why.text, '\n'));
    }
    return 0;
}
