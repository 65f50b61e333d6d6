/* html/openapi.json describes this JSON. */
#include "reading.h"

#include "base/base64.h"

const char *const reading_invert_words[] = {
    [NORMALISE_INVERT_AUTO] = "auto", [NORMALISE_INVERT_YES] = "yes", [NORMALISE_INVERT_NO] = "no", NULL};
const char *const reading_center_words[] = {
    [NORMALISE_CENTER_MASS] = "mass", [NORMALISE_CENTER_BOX] = "box", [NORMALISE_CENTER_NONE] = "none", NULL};

void reading_set_probabilities(struct json *result, const float probabilities[MODEL_CLASSES])
{
    struct json *list = json_set_array(result, "probabilities");

    for (int i = 0; i < MODEL_CLASSES; i++)
        json_add_num(list, (double)probabilities[i]);
}

void reading_set_unsure(struct json *result, enum unsure because)
{
    if (because == UNSURE_NOT)
        json_set_null(result, "unsure_because");
    else
        json_set_str(result, "unsure_because", unsure_name(because));
}

void reading_set_answer(struct json *result, const struct answer *a)
{
    json_set_str(result, "status", verdict_name(a->verdict));
    reading_set_unsure(result, a->unsure_because);
    if (a->verdict == VERDICT_NOT_A_DIGIT)
        json_set_null(result, "digit");
    else
        json_set_int(result, "digit", a->digit);
    json_set_num(result, "confidence", (double)a->confidence);
    reading_set_probabilities(result, a->probability);
}

void reading_set_box(struct json *obj, const int box[4])
{
    struct json *list = json_set_array(obj, "box");

    for (int i = 0; i < 4; i++)
        json_add_int(list, box[i]);
}

void reading_set_input(struct json *obj, const uint8_t input[DIGIT_PIXELS])
{
    char text[BASE64_CHARS(DIGIT_PIXELS) + 1];

    base64_encode(input, DIGIT_PIXELS, text);
    json_set_str(obj, "input", text);
}

void reading_set_preprocessing(struct json *result, const struct decoder_reply *decoded)
{
    const struct normalise_steps *s = &decoded->steps;
    struct json *p = json_set_object(result, "preprocessing"), *shift;

    json_set_int(p, "width", s->width);
    json_set_int(p, "height", s->height);
    json_set_bool(p, "upright", decoded->upright);
    json_set_str(p, "channel", decoded->channel);
    json_set_bool(p, "unchanged", s->unchanged);
    json_set_bool(p, "inverted", s->inverted);
    reading_set_box(p, s->box);
    shift = json_set_array(p, "shift");
    for (int i = 0; i < 2; i++)
        json_add_num(shift, s->shift[i]);
}

void reading_set_error(struct json *result, const char *name)
{
    json_set_str(result, "name", name);
    json_set_str(result, "status", "error");
}

struct json *reading_add_step(struct json *steps, const struct decoder_step *step)
{
    struct json *v = json_add_object(steps);

    json_set_str(v, "name", step->name);
    json_set_int(v, "width", step->w);
    json_set_int(v, "height", step->h);
    return v;
}
