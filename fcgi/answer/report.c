/* One wording for both programs, so that a script may change from one to the other. html/openapi.json describes it. */
#include "report.h"

#include <string.h>

const char *const report_invert_words[] = {
    [NORMALISE_INVERT_AUTO] = "auto", [NORMALISE_INVERT_YES] = "yes", [NORMALISE_INVERT_NO] = "no", NULL};
const char *const report_center_words[] = {
    [NORMALISE_CENTER_MASS] = "mass", [NORMALISE_CENTER_BOX] = "box", [NORMALISE_CENTER_NONE] = "none", NULL};

int report_word(const char *const *words, const char *text, size_t n)
{
    for (int i = 0; words[i] != NULL; i++)
        if (strlen(words[i]) == n && memcmp(words[i], text, n) == 0)
            return i;
    return -1;
}

void report_add_answer(struct json *result, const struct answer *a)
{
    struct json *probabilities;

    json_set_str(result, "status", verdict_name(a->verdict));
    if (a->verdict == VERDICT_NOT_A_DIGIT)
        json_set_null(result, "digit");
    else
        json_set_int(result, "digit", a->digit);
    json_set_num(result, "confidence", (double)a->confidence);
    probabilities = json_set_array(result, "probabilities");
    for (int i = 0; i < MODEL_CLASSES; i++)
        json_add_num(probabilities, (double)a->probability[i]);
}

void report_add_preprocessing(struct json *result, const struct decoder_reply *reply)
{
    const struct normalise_steps *s = &reply->steps;
    struct json *p = json_set_object(result, "preprocessing"), *box, *shift;

    json_set_int(p, "width", s->width);
    json_set_int(p, "height", s->height);
    json_set_bool(p, "upright", reply->upright);
    json_set_str(p, "channel", reply->channel);
    json_set_bool(p, "unchanged", s->unchanged);
    json_set_bool(p, "inverted", s->inverted);
    box = json_set_array(p, "box");
    for (int i = 0; i < 4; i++)
        json_add_int(box, s->box[i]);
    shift = json_set_array(p, "shift");
    for (int i = 0; i < 2; i++)
        json_add_num(shift, s->shift[i]);
}
