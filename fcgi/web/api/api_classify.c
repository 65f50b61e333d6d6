/* POST /classify: parts -> decoded picture -> 28x28 -> digit -> JSON. A picture that cannot be read gets a result with
 * the problem in it, unless it is the only picture. */
#include "answer/card.h"
#include "answer/reading.h"
#include "base/base64.h"
#include "base/clock.h"
#include "image/header/header.h"
#include "store/store_account.h"
#include "web/access.h"
#include "web/http/multipart.h"
#include "classify.h"
#include "history.h"
#include "routes.h"

enum {
    REQUEST_AREA_MAX_PX = 100 * 1000 * 1000,
    NAME_BYTES_MAX = 255,
    STEPS_PARTS_MAX = 8,
    STEPS_SIDE_MAX_PX = 200,
    STEPS_AREA_MAX_PX = STEPS_SIDE_MAX_PX * STEPS_SIDE_MAX_PX, /* of one step of all pictures of a request together */
    /* What nginx buffers of a reply (fastcgi_buffers, 32 of 16 KiB): with more, a slow client would hold up the worker.
     */
    REPLY_BUFFERED_BYTES = 512 * 1024,
    RESULT_REST_BYTES = 4 * 1024 /* a result but for its steps: name, numbers, the 28x28 */
};
_Static_assert(DECODER_STEPS_MAX *BASE64_CHARS(STEPS_AREA_MAX_PX) + STEPS_PARTS_MAX * RESULT_REST_BYTES <
                   REPLY_BUFFERED_BYTES,
               "a reply with steps fits into nginx's buffers");

/* One picture on its way. */
struct upload {
    char name[NAME_BYTES_MAX + 1]; /* the client's file name */
    struct reading reading;        /* its name is the one above */
    int64_t elapsed_us;
};

/* What the query asks for. false: it has replied. */
static bool query_take(struct call *c, struct classify_query *query)
{
    struct why why = {""};

    if (classify_query_read(c->req->query, query, &why) != OK) {
        call_problem(c, PROBLEM_BAD_REQUEST, why.text);
        return false;
    }
    return !query->save ||
           access_scope(c, STORE_SCOPE_HISTORY, "To keep answers (save=1) a token needs the scope history as well.");
}

/* The longest side of a step's picture when n pictures share STEPS_AREA_MAX_PX. */
static int steps_side_px(int n)
{
    int side = STEPS_SIDE_MAX_PX;

    while (side * side * n > STEPS_AREA_MAX_PX)
        side--;
    return side;
}

/* Whether the steps of n pictures can be sent. false: it has replied. */
static bool steps_check(struct call *c, const struct classify_query *query, int n)
{
    if (!query->steps || n <= STEPS_PARTS_MAX)
        return true;
    call_problem(c, PROBLEM_BAD_REQUEST, "With steps=1 a request may have up to 8 pictures. Send fewer at a time.");
    return false;
}

/* Browsers send an empty file field as one part without a name and without bytes. */
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

/* R31: the total area in the headers, before anything is decoded. A header that cannot be read counts as nothing. */
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

/* request: what all parts have in common. */
static enum err picture_read(struct call *c, const struct multipart_part *part, struct decoder_request request,
                             struct upload *p, struct why *why)
{
    struct reading *r = &p->reading;
    int64_t began_us = clock_mono_us();
    enum err e;

    request.bytes = part->bytes;
    request.n = part->n;
    (void)multipart_filename(part, p->name, sizeof(p->name));
    r->name = p->name;
    call_phase(c, PHASE_DECODE);
    e = decoder_read(c->app->decoder, &request, &r->decoded, why);
    call_phase(c, PHASE_INFER);
    if (e == OK)
        cnn_answer(c->app->cnn, r->decoded.input, &r->answer, c->app->scratch);
    p->elapsed_us = clock_mono_us() - began_us;
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
        return "The decoder restarted before it reached this picture. Send it again.";
    return e == ERR_NOMEM ? "Try again later." : "Try another picture.";
}

/* base64 of the raw greys: a canvas, or a script, takes them without a decoder. */
static void add_steps(struct json *result, const struct decoder_reply *decoded)
{
    struct json *steps = json_set_array(result, "steps");
    char grey[BASE64_CHARS(STEPS_AREA_MAX_PX) + 1];

    for (int i = 0; i < decoded->n_pictures; i++) {
        const struct decoder_step *step = &decoded->pictures[i];

        base64_encode(step->px, (size_t)step->w * (size_t)step->h, grey);
        json_set_str(reading_add_step(steps, step), "grey", grey);
    }
}

static struct json *add_result(struct json *results, const struct upload *p, const struct classify_query *query)
{
    struct json *v = json_add_object(results);
    char text[BASE64_CHARS(DIGIT_PIXELS) + 1];

    reading_set(v, &p->reading);
    if (query->input) {
        base64_encode(p->reading.decoded.input, DIGIT_PIXELS, text);
        json_set_str(v, "input", text);
    }
    if (query->steps)
        add_steps(v, &p->reading.decoded);
    json_set_int(v, "elapsed_us", p->elapsed_us);
    return v;
}

static void add_error(struct json *results, const struct call *c, const struct upload *p, enum err e,
                      const struct why *why)
{
    struct json *v = json_add_object(results);

    reading_set_error(v, p->name);
    json_set_own(v, "problem", problem_json(c->req, &problems[problem_of(e)], sentence_of(e, why)));
}

/* Reads the n parts in turn into v. False: it has replied with the problem of the only picture. */
static bool parts_read(struct call *c, const struct multipart_part *parts, int n, const struct classify_query *query,
                       struct json *v)
{
    struct json *results = json_set_array(v, "results");
    struct history_keep keep;
    struct decoder_request request = {.invert = (enum normalise_invert)query->invert,
                                      .center = (enum normalise_center)query->center,
                                      .steps_side_px = query->steps ? steps_side_px(n) : 0};

    keep.n = 0;
    for (int i = 0; i < n; i++) {
        struct upload p = {.name = ""};
        struct why why = {""};
        enum err e = picture_read(c, &parts[i], request, &p, &why);

        if (e == OK) {
            struct json *result = add_result(results, &p, query);

            if (query->save)
                history_keep_add(&keep, &p.reading, result);
        } else if (n > 1) {
            add_error(results, c, &p, e, &why);
        } else {
            call_problem(c, problem_of(e), sentence_of(e, &why));
            return false;
        }
    }
    history_keep_save(c, &keep, v);
    return true;
}

void api_classify(struct call *c)
{
    struct multipart_part parts[MULTIPART_PARTS_MAX];
    struct classify_query query;
    struct json *v;
    int n = 0;

    if (!query_take(c, &query) || !parts_take(c, parts, &n) || !steps_check(c, &query, n) || !area_check(c, parts, n))
        return;
    v = json_new_object();
    card_identify(json_set_object(v, "model"), c->app->model, c->app->conf->weights);
    if (!parts_read(c, parts, n, &query, v)) {
        json_free(v);
        return;
    }
    if (request_wants_html(c->req)) {
        classify_page(c, v);
        return;
    }
    reply_status(c->app->reply, 200);
    reply_json(c->app->reply, v);
}
