/* What a request asks for, and whether it may: before anything is decoded. */
#include "image/header/header.h"
#include "store/store_account.h"
#include "web/access.h"
#include "web/ask.h"
#include "pictures.h"

enum {
    REQUEST_AREA_MAX_PX = 100 * 1000 * 1000,
    MAIN_AREA_MAX_PX = 1000 * 1000 /* more is work for the large pool: 85 ms and up */
};

/* What the query asks for. false: it has replied. */
static bool query_take(struct call *c, struct pictures *p)
{
    struct why why = {""};

    if (pictures_query_read(c->req->query, p->numbers, &p->query, &why) != OK) {
        call_problem(c, PROBLEM_BAD_REQUEST, why.text);
        return false;
    }
    return !p->query.save ||
           access_scope(c, STORE_SCOPE_HISTORY, "To keep answers (save=1) a token needs the scope history as well.");
}

/* Browsers send an empty file field as one part without a name and without bytes. */
static bool is_empty_field(const struct multipart_part *parts, int n)
{
    return n == 1 && parts[0].n == 0 && parts[0].filename != NULL && parts[0].filename_n == 0;
}

/* The pictures of the request. false: it has replied. */
static bool parts_take(struct call *c, struct pictures *p)
{
    struct why why = {""};
    char boundary[MULTIPART_BOUNDARY_MAX + 1];
    enum err e;

    if (!request_type_is(c->req, "multipart/form-data")) {
        p->parts[0] = (struct multipart_part){.bytes = c->req->body, .n = c->req->length};
        p->n = 1;
        return true;
    }
    e = multipart_boundary(c->req->content_type, boundary, &why);
    if (e == OK)
        e = multipart_parse(c->req->body, c->req->length, boundary, "image", p->parts, MULTIPART_PARTS_MAX, &p->n,
                            &why);
    if (e != OK)
        call_problem(c, PROBLEM_BAD_MULTIPART, why.text);
    else if (p->n == 0 || is_empty_field(p->parts, p->n))
        call_problem(c, PROBLEM_NO_PICTURE, "Choose a picture, then try again.");
    else
        return true;
    return false;
}

/* Whether the steps of so many pictures can be sent. false: it has replied. */
static bool steps_check(struct call *c, const struct pictures *p)
{
    if (!p->query.steps || p->n <= PICTURES_STEPS_MAX)
        return true;
    call_problem(c, PROBLEM_BAD_REQUEST, "With steps=1 a request may have up to 8 pictures. Send fewer at a time.");
    return false;
}

/* R31: the total area in the headers, before anything is decoded. A header that cannot be read counts as nothing. What
 * is large goes to a pool of its own (R101), so that nobody else waits for it. false: it has replied. */
static bool area_check(struct call *c, const struct pictures *p)
{
    int64_t area_px = 0;

    for (int i = 0; i < p->n; i++) {
        struct image_header h;

        if (image_header_read(p->parts[i].bytes, p->parts[i].n, &h, NULL) == OK)
            area_px += (int64_t)h.width * h.height;
    }
    if (area_px > REQUEST_AREA_MAX_PX)
        call_problem(c, PROBLEM_PICTURE_TOO_LARGE,
                     "The pictures of one request may have 100 million pixels in all. Send fewer at a time.");
    else if (area_px > MAIN_AREA_MAX_PX && c->app->pool == POOL_MAIN)
        ask_hand_over(c);
    else
        return true;
    return false;
}

bool pictures_take(struct call *c, bool numbers, struct pictures *out)
{
    out->numbers = numbers;
    out->n = 0;
    return query_take(c, out) && parts_take(c, out) && steps_check(c, out) && area_check(c, out);
}
