/* Metadata are pairs of strings. What has parts is JSON in such a string. */
#include "metadata.h"

#include <libgen.h>
#include <stdio.h>
#include <string.h>

#include "net/layers.h"
#include "options.h"

enum { DIGITS = 6, JSON_DEPTH = 8, TEXT_MAX = 4 * 1024 * 1024 };

enum err metadata_golden_logits(struct model *m)
{
    for (int i = 0; i < m->n_golden; i++) {
        double logits[MODEL_CLASSES];
        enum err e = layers_forward(m, m->golden_input + (size_t)i * DIGIT_PIXELS, logits);
        if (e != OK)
            return e;
        for (int k = 0; k < MODEL_CLASSES; k++)
            m->golden_logits[i * MODEL_CLASSES + k] = (float)logits[k];
    }
    return OK;
}

enum err metadata_set_json(struct model *m, const char *key, struct json *obj)
{
    struct buf *text = buf_new(TEXT_MAX);
    enum err e = obj && text ? json_write(obj, DIGITS, text) : ERR_NOMEM;
    if (e == OK)
        model_set_meta(m, key, buf_data(text));
    buf_free(text);
    json_free(obj);
    return e;
}

bool metadata_trained_on(const struct model *m, bool *trained_on)
{
    const char *text = model_meta(m, "validation"), *split = model_meta(m, "split");
    struct json *figures = NULL;
    *trained_on = false;
    bool told = text && json_parse(&figures, text, strlen(text), JSON_DEPTH, NULL) == OK &&
                json_get_bool(figures, "trained_on", trained_on);
    json_free(figures);
    if (split && strstr(split, METADATA_WRITERS_RULE))
        told = *trained_on = true; /* its "validation" figures are of its own split */
    return told;
}

void metadata_set_name(struct model *m, const char *path)
{
    char copy[OPTION_TEXT_MAX];
    snprintf(copy, sizeof(copy), "%s", path);
    char *name = basename(copy), *dot = strrchr(name, '.');
    if (dot && dot != name)
        *dot = '\0';
    model_set_meta(m, "name", name);
}

void metadata_set_program(struct model *m)
{
    char number[32];
    snprintf(number, sizeof(number), "%zu", m->n_params);
    model_set_meta(m, "n_params", number);
    model_set_meta(m, "program", "digit " DIGITD_VERSION);
}
