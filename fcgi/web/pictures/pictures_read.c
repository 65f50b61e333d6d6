/* Pictures in turn: decoded, read by the network, written as results. A request has room for so many pieces of ink to
 * look at, for so long a reply, and for so much time: a picture that does not fit in what the ones before it have left
 * is not read. */
#include "base/base64.h"
#include "base/clock.h"
#include "pictures.h"

enum {
    NAME_BYTES_MAX = 255,
    STEPS_SIDE_MAX_PX = 200,
    STEPS_AREA_MAX_PX = STEPS_SIDE_MAX_PX * STEPS_SIDE_MAX_PX, /* of one step of all pictures of a request together */
    REQUEST_LOOKS_MAX = 2 * LAYOUT_CANDIDATES_MAX,             /* candidates looked at: one picture always fits */
    /* What nginx buffers of a reply (fastcgi_buffers, 32 of 16 KiB): with more, a slow client would hold up the worker.
     */
    REPLY_BUFFERED_BYTES = 512 * 1024,
    REPLY_REST_BYTES = 2 * 1024,  /* but for its results: the network, why nothing was saved */
    RESULT_REST_BYTES = 2 * 1024, /* but for what is counted below: name, numbers, or a problem */
    STEP_REST_BYTES = 100,        /* but for its pixels */
    ROW_BYTES = 120,              /* but for its text and its digits */
    SIGN_BYTES = 120,             /* a digit or a mark, but for what is below */
    PROBABILITIES_BYTES = 180,
    INPUT_BYTES = BASE64_CHARS(DIGIT_PIXELS) + 16,
    CELL_BYTES = 3, /* but for its text: quotes and a comma */
    /* Thirds of the deadline (R2) after which no picture is begun: the last one may be the heaviest. */
    BEGIN_THIRDS = 2
};
_Static_assert(DECODER_STEPS_MAX *(BASE64_CHARS(STEPS_AREA_MAX_PX) + PICTURES_STEPS_MAX * STEP_REST_BYTES) +
                       PICTURES_STEPS_MAX * (RESULT_REST_BYTES + INPUT_BYTES) + REPLY_REST_BYTES <
                   REPLY_BUFFERED_BYTES,
               "digits with their steps fit into nginx's buffers");

/* One picture on its way. */
struct upload {
    char name[NAME_BYTES_MAX + 1]; /* the client's file name */
    struct reading reading;        /* its name is the one above */
    int64_t elapsed_us;
};

/* A request on its way. */
struct reader {
    struct call *c;
    const struct pictures *p;
    struct numbers *numbers;        /* of the picture that was read last */
    struct decoder_request request; /* what all pictures have in common */
    int looks_left, bytes_left;
    enum problem_id problem; /* of the picture that could not be read last; PROBLEM_COUNT: as its error says */
};

/* The longest side of a step's picture when n pictures share STEPS_AREA_MAX_PX. */
static int steps_side_px(int n)
{
    int side = STEPS_SIDE_MAX_PX;

    while (side * side * n > STEPS_AREA_MAX_PX)
        side--;
    return side;
}

/* How long a result gets at most, but for RESULT_REST_BYTES. */
static int result_bytes(const struct reader *r, const struct decoder_reply *decoded)
{
    const struct numbers *n = r->numbers;
    const int input = r->p->query.input ? INPUT_BYTES : 0, rows = n->reading.lines, signs = n->reading.signs;
    int bytes = 0;

    for (int i = 0; r->p->query.steps && i < decoded->n_pictures; i++)
        bytes += STEP_REST_BYTES + (int)BASE64_CHARS(decoded->pictures[i].w * decoded->pictures[i].h);
    if (!r->p->numbers)
        return bytes + input + signs + 2 * rows;
    bytes += 3 * signs + 2 * rows; /* text, the rows' texts, cells */
    bytes += rows * (ROW_BYTES + CELL_BYTES * (n->table.columns + 1));
    bytes += signs * SIGN_BYTES + n->reading.digits * (PROBABILITIES_BYTES + input);
    if (n->one)
        bytes += ROW_BYTES + SIGN_BYTES + PROBABILITIES_BYTES;
    return n->one || numbers_rows(n) == 0 ? bytes + input : bytes;
}

static enum err refuse(struct reader *r, struct why *why, const char *sentence)
{
    r->problem = PROBLEM_TOO_MANY_DIGITS;
    return err_why(why, ERR_LIMIT, "%s", sentence);
}

/* The network's part. */
static enum err infer(struct reader *r, struct reading *one, struct why *why)
{
    struct numbers_eye *eye = r->c->app->eye;
    struct numbers *n = r->numbers;
    enum err e;
    int bytes;

    if (!n->lattice.full && n->lattice.candidates > r->looks_left) /* what is full is not looked at */
        return refuse(r, why,
                      "There is more in the pictures of this request than is read at once. Send fewer at a time.");
    cnn_answer(r->c->app->cnn, one->decoded.input, &one->answer, eye->scratch);
    e = r->p->numbers ? numbers_read(n, one, eye) : numbers_classify(n, one, eye);
    if (e != OK)
        return e;
    r->looks_left -= n->looks.n;
    if (r->p->numbers && n->status == NUMBERS_TOO_MANY)
        return refuse(r, why, NUMBERS_TOO_MANY_SENTENCE);
    bytes = result_bytes(r, &one->decoded);
    if (bytes > r->bytes_left)
        return refuse(r, why,
                      "The answer would be longer than 512 KiB. Send fewer pictures at a time, or leave out input=1 "
                      "and steps=1.");
    r->bytes_left -= bytes;
    return OK;
}

/* Whether the pictures before it have taken so long that another one might end at the deadline, and all with it. */
static bool is_late(const struct call *c)
{
    return 3 * (clock_mono_us() - c->began_us) > BEGIN_THIRDS * c->app->conf->request_deadline_s * INT64_C(1000000);
}

static enum err picture_read(struct reader *r, const struct multipart_part *part, struct upload *u, struct why *why)
{
    const int64_t began_us = clock_mono_us();
    struct decoder_request request = r->request;
    enum err e;

    request.bytes = part->bytes;
    request.n = part->n;
    /* Before the master's deadline, so that this request can still be answered. */
    request.until_us = r->c->began_us + r->c->app->conf->request_deadline_s * INT64_C(900000);
    (void)multipart_filename(part, u->name, sizeof(u->name));
    u->reading.name = u->name;
    r->problem = PROBLEM_COUNT;
    if (part > r->p->parts && !decoder_lost(r->c->app->decoder) && is_late(r->c))
        return refuse(r, why, "The pictures of this request take too long to read. Send fewer at a time.");
    call_phase(r->c, PHASE_DECODE);
    e = decoder_read(r->c->app->decoder, &request, &u->reading.decoded, why);
    call_phase(r->c, PHASE_INFER);
    if (e == OK)
        e = infer(r, &u->reading, why);
    u->elapsed_us = clock_mono_us() - began_us;
    return e;
}

static enum problem_id problem_of(const struct reader *r, enum err e)
{
    if (r->problem != PROBLEM_COUNT)
        return r->problem;
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

static enum err set_result(const struct reader *r, const struct upload *u, struct json *v)
{
    const struct pictures_query *query = &r->p->query;
    const struct numbers_form form = {.inputs = query->input, .plain = query->plain};
    enum err e;

    if (r->p->numbers) {
        e = numbers_set(v, r->numbers, &u->reading, r->c->app->eye, &form);
    } else {
        e = numbers_set_classified(v, r->numbers, &u->reading);
        if (query->input)
            reading_set_input(v, u->reading.decoded.input);
    }
    if (query->steps)
        add_steps(v, &u->reading.decoded);
    json_set_int(v, "elapsed_us", u->elapsed_us);
    return e;
}

/* false: it has replied with the problem of the only picture. */
static bool add_problem(const struct reader *r, struct json *results, const struct upload *u, enum err e,
                        const struct why *why)
{
    const enum problem_id id = problem_of(r, e);
    struct json *v;

    if (r->p->n == 1) {
        call_problem(r->c, id, sentence_of(e, why));
        return false;
    }
    v = json_add_object(results);
    reading_set_error(v, u->name);
    json_set_own(v, "problem", problem_json(r->c->req, &problems[id], sentence_of(e, why)));
    return true;
}

/* Writes the result of a picture that was read. NULL: it has replied. */
static struct json *add_result(const struct reader *r, struct json *results, const struct upload *u)
{
    struct json *v = json_add_object(results);

    if (v != NULL && set_result(r, u, v) == OK)
        return v;
    call_problem(r->c, PROBLEM_UNAVAILABLE, "Try again later.");
    return NULL;
}

bool pictures_read(struct call *c, const struct pictures *p, pictures_keep *keep, void *ctx, struct json *v)
{
    struct json *results = json_set_array(v, "results");
    struct reader r = {.c = c,
                       .p = p,
                       .numbers = c->app->numbers,
                       .request = {.invert = (enum normalise_invert)p->query.invert,
                                   .center = (enum normalise_center)p->query.center,
                                   .steps_side_px = p->query.steps ? steps_side_px(p->n) : 0,
                                   .lattice = &c->app->numbers->lattice},
                       .looks_left = REQUEST_LOOKS_MAX,
                       .bytes_left = REPLY_BUFFERED_BYTES - REPLY_REST_BYTES - p->n * RESULT_REST_BYTES};

    for (int i = 0; i < p->n; i++) {
        struct upload u = {.name = ""};
        struct why why = {""};
        enum err e = picture_read(&r, &p->parts[i], &u, &why);
        struct json *result;

        if (e != OK) {
            if (!add_problem(&r, results, &u, e, &why))
                return false;
            continue;
        }
        result = add_result(&r, results, &u);
        if (result == NULL)
            return false;
        if (keep != NULL)
            keep(ctx, r.numbers, &u.reading, result);
    }
    return true;
}
