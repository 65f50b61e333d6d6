/* POST /classify: the digit in each picture. POST /read: the numbers in each. */
#include "answer/card.h"
#include "web/pictures/pictures.h"
#include "history.h"
#include "routes.h"

/* What /classify says: a digit or none, unless there are several. */
static void keep_classified(void *ctx, const struct numbers *n, const struct reading *one, struct json *result)
{
    if (numbers_are_several(n))
        history_keep_add_number(ctx, n, one, result);
    else
        history_keep_add(ctx, one, result);
}

static void keep_read(void *ctx, const struct numbers *n, const struct reading *one, struct json *result)
{
    history_keep_add_number(ctx, n, one, result);
}

static void answer(struct call *c, bool numbers)
{
    struct pictures p;
    struct history_keep keep;
    struct json *v;

    if (!pictures_take(c, numbers, &p))
        return;
    keep.n = 0;
    v = json_new_object();
    card_identify(json_set_object(v, "model"), c->app->model, c->app->conf->weights);
    if (!pictures_read(c, &p, !p.query.save ? NULL : numbers ? keep_read : keep_classified, &keep, v)) {
        history_keep_free(&keep);
        json_free(v);
        return;
    }
    history_keep_save(c, &keep, v);
    if (request_wants_html(c->req)) {
        pictures_page(c, v);
        return;
    }
    reply_status(c->app->reply, 200);
    reply_json(c->app->reply, v);
}

void api_classify(struct call *c)
{
    answer(c, false);
}

void api_read(struct call *c)
{
    answer(c, true);
}
