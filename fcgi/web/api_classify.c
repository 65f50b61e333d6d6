/* POST /classify: parts -> decoded picture -> 28x28 -> digit -> JSON. A picture that cannot be read is a result like
 * the others, with the problem in it, unless it is the only one. */
#include <stdio.h>
#include <string.h>

#include "../base/clock.h"
#include "../image/header.h"
#include "base64.h"
#include "call.h"
#include "card.h"
#include "multipart.h"

enum { REQUEST_AREA_MAX_PX = 100 * 1000 * 1000, NAME_BYTES_MAX = 255 };

/* One picture on its way. */
struct reading {
    char name[NAME_BYTES_MAX + 1]; /* the client's file name; shown, never opened */
    struct decoder_reply decoded;
    struct answer answer;
    int64_t elapsed_us;
};

/* ?input=1 asks for the 28x28. false: it has replied. */
static bool options_read(struct call *c, bool *with_input)
{
    size_t n;
    const char *value = request_query(c->req, "input", &n);

    *with_input = value != NULL && n == 1 && *value == '1';
    if (value == NULL || *with_input || (n == 1 && *value == '0'))
        return true;
    call_problem(c, PROBLEM_BAD_REQUEST, "The parameter input is 1 or 0.");
    return false;
}

/* A browser sends a file field that was left empty as one part without a name and without bytes. */
static bool is_empty_field(const struct multipart_part *parts, int n)
{
    return n == 1 && parts[0].n == 0 && parts[0].filename != NULL && parts[0].filename_n == 0;
}

/* The pictures of the request. false: it has replied. */
static bool parts_take(struct call *c, struct multipart_part *parts, int *n)
{
    struct why why = {""};
    char boundary[MULTIPART_BOUNDARY_MAX + 1];
    enum err e;

    if (!request_type_is(c->req, "multipart/form-data")) {
        parts[0] = (struct multipart_part){.bytes = c->req->body, .n = c->req->length};
        *n = 1;
        return true;
    }
    e = multipart_boundary(c->req->content_type, boundary, &why);
    if (e == OK)
        e = multipart_parse(c->req->body, c->req->length, boundary, "image", parts, MULTIPART_PARTS_MAX, n, &why);
    if (e != OK)
        call_problem(c, PROBLEM_BAD_MULTIPART, why.text);
    else if (*n == 0 || is_empty_field(parts, *n))
        call_problem(c, PROBLEM_NO_PICTURE, "Choose a picture, then try again.");
    else
        return true;
    return false;
}

/* R31: what the headers announce, before anything is decoded. A header that cannot be read announces nothing. */
static bool area_check(struct call *c, const struct multipart_part *parts, int n)
{
    int64_t area_px = 0;

    for (int i = 0; i < n; i++) {
        struct image_header h;

        if (image_header_read(parts[i].bytes, parts[i].n, &h, NULL) == OK)
            area_px += (int64_t)h.width * h.height;
    }
    if (area_px > REQUEST_AREA_MAX_PX)
        call_problem(c, PROBLEM_PICTURE_TOO_LARGE,
                     "The pictures of one request may have 100 million pixels in all. Send fewer at a time.");
    return area_px <= REQUEST_AREA_MAX_PX;
}

static enum err reading_make(struct call *c, const struct multipart_part *part, struct reading *r, struct why *why)
{
    const struct decoder_request request = {.bytes = part->bytes, .n = part->n};
    int64_t began_us = clock_mono_us();
    enum err e;

    (void)multipart_filename(part, r->name, sizeof(r->name));
    call_phase(c, PHASE_DECODE);
    e = decoder_read(c->app->decoder, &request, &r->decoded, why);
    call_phase(c, PHASE_INFER);
    if (e == OK)
        cnn_answer(c->app->cnn, r->decoded.input, &r->answer, c->app->scratch);
    r->elapsed_us = clock_mono_us() - began_us;
    return e;
}

static enum problem_id problem_of(enum err e)
{
    switch (e) {
    case ERR_UNSUPPORTED:
        return PROBLEM_UNSUPPORTED_PICTURE;
    case ERR_LIMIT:
        return PROBLEM_PICTURE_TOO_LARGE;
    case ERR_FORMAT:
    case ERR_TRUNCATED:
    case ERR_RANGE:
        return PROBLEM_DAMAGED_PICTURE;
    case ERR_BUSY: /* the decoder was lost over an earlier picture, or before it had this one */
        return PROBLEM_SEND_AGAIN;
    case ERR_NOMEM:
        return PROBLEM_UNAVAILABLE;
    default:
        return PROBLEM_INTERNAL;
    }
}

static const char *sentence_of(enum err e, const struct why *why)
{
    if (why->text[0] != '\0')
        return why->text;
    if (e == ERR_BUSY)
        return "The picture reader had to start anew before it came to this picture. Send it again.";
    return e == ERR_NOMEM ? "Try again later." : "Try another picture.";
}

static void add_steps(struct json *v, const struct normalise_steps *s)
{
    struct json *p = json_set_object(v, "preprocessing"), *box, *shift;

    json_set_int(p, "width", s->width);
    json_set_int(p, "height", s->height);
    json_set_bool(p, "unchanged", s->unchanged);
    json_set_bool(p, "inverted", s->inverted);
    box = json_set_array(p, "box");
    for (int i = 0; i < 4; i++)
        json_add_int(box, s->box[i]);
    shift = json_set_array(p, "shift");
    for (int i = 0; i < 2; i++)
        json_add_num(shift, s->shift[i]);
}

static void add_answer(struct json *v, const struct answer *a)
{
    struct json *probabilities;

    json_set_str(v, "status", verdict_name(a->verdict));
    if (a->verdict == VERDICT_NOT_A_DIGIT)
        json_set_null(v, "digit");
    else
        json_set_int(v, "digit", a->digit);
    json_set_num(v, "confidence", (double)a->confidence);
    probabilities = json_set_array(v, "probabilities");
    for (int i = 0; i < MODEL_CLASSES; i++)
        json_add_num(probabilities, (double)a->probability[i]);
}

static void add_result(struct json *results, const struct reading *r, bool with_input)
{
    struct json *v = json_add_object(results);
    char text[BASE64_CHARS(MODEL_PIXELS) + 1];

    json_set_str(v, "name", r->name);
    add_answer(v, &r->answer);
    add_steps(v, &r->decoded.steps);
    if (with_input) {
        base64_encode(r->decoded.input, MODEL_PIXELS, text);
        json_set_str(v, "input", text);
    }
    json_set_int(v, "elapsed_us", r->elapsed_us);
}

static void add_error(struct json *results, const struct call *c, const struct reading *r, enum err e,
                      const struct why *why)
{
    struct json *v = json_add_object(results);

    json_set_str(v, "name", r->name);
    json_set_str(v, "status", "error");
    json_set_own(v, "problem", problem_json(c->req, &problems[problem_of(e)], sentence_of(e, why)));
}

void api_classify(struct call *c)
{
    struct multipart_part parts[MULTIPART_PARTS_MAX];
    struct json *v = NULL, *results;
    bool with_input;
    int n = 0;

    if (!options_read(c, &with_input) || !parts_take(c, parts, &n) || !area_check(c, parts, n))
        return;
    v = json_new_object();
    card_identify(c->app, json_set_object(v, "model"));
    results = json_set_array(v, "results");
    for (int i = 0; i < n; i++) {
        struct reading r = {.name = ""};
        struct why why = {""};
        enum err e = reading_make(c, &parts[i], &r, &why);

        if (e == OK) {
            add_result(results, &r, with_input);
        } else if (n > 1) {
            add_error(results, c, &r, e, &why);
        } else {
            call_problem(c, problem_of(e), sentence_of(e, &why));
            json_free(v);
            return;
        }
    }
    reply_status(c->app->reply, 200);
    reply_json(c->app->reply, v);
}
