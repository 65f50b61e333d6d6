/* Reads a JSON body member by member. The body may contain a password: the dispatcher wipes it, and base/json wipes
 * what the library allocates. */
#include "fields.h"

#include <stdio.h>
#include <string.h>

#include "web/http/form_body.h"

enum { JSON_DEPTH_MAX = 16 };

struct known {
    const struct field *fields;
    size_t n;
    bool all;
};

static bool only_known(const char *key, struct json *value, void *ctx)
{
    struct known *k = ctx;
    bool found = false;

    (void)value;
    for (size_t i = 0; i < k->n; i++)
        found = found || strcmp(key, k->fields[i].name) == 0;
    k->all = k->all && found;
    return k->all;
}

/* false: it is missing, or of another kind. */
static bool field_take(const struct json *v, struct field *f)
{
    struct json *member = json_get(v, f->name);
    bool good = false;

    f->given = member != NULL;
    if (member == NULL)
        return f->optional;
    if (f->kind == FIELD_TEXT)
        good = (f->text = json_get_str(v, f->name, &f->n)) != NULL;
    else if (f->kind == FIELD_NUMBER_WORD_OR_NULL && json_is_null(member))
        good = f->null = true;
    else if (f->kind == FIELD_NUMBER_WORD_OR_NULL)
        good = json_get_int(v, f->name, &f->number) || (f->text = json_get_str(v, f->name, &f->n)) != NULL;
    else if (f->kind == FIELD_NUMBER)
        good = json_get_int(v, f->name, &f->number);
    else if (f->kind == FIELD_BOOL)
        good = json_get_bool(v, f->name, &f->yes);
    else if (json_is_array(member)) {
        f->list = member;
        good = true;
    }
    return good;
}

static void refuse_fields(struct call *c, const struct field *fields, size_t n)
{
    static const char *const kinds[] = {"text", "a whole number", "a whole number, text or null", "true or false",
                                        "a list"};
    char detail[400] = "Send an object with these members and no others:";

    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(detail);

        (void)snprintf(detail + used, sizeof(detail) - used, "%s \"%s\" (%s%s)", i == 0 ? "" : ",", fields[i].name,
                       kinds[fields[i].kind], fields[i].optional ? ", may be left out" : "");
    }
    (void)strncat(detail, ".", sizeof(detail) - strlen(detail) - 1);
    call_problem(c, PROBLEM_BAD_FIELDS, detail);
}

/* The body as an object, whichever of the two types it is of. false: it has replied. */
static bool body_read(struct call *c, struct json **v, bool form)
{
    struct why why = {""};
    char detail[sizeof(why.text) + 64];
    const char *text = (const char *)c->req->body;
    enum err e = form ? form_body_parse(v, text, c->req->length, &why)
                      : json_parse(v, text, c->req->length, JSON_DEPTH_MAX, &why);

    if (e == ERR_NOMEM) {
        call_problem(c, PROBLEM_UNAVAILABLE, "Try again later.");
    } else if (e != OK && form) {
        call_problem(c, PROBLEM_BAD_REQUEST, why.text);
    } else if (e != OK) {
        (void)snprintf(detail, sizeof(detail), "The body cannot be read as JSON: %s.", why.text);
        call_problem(c, PROBLEM_BAD_JSON, detail);
    }
    return e == OK;
}

bool fields_read(struct call *c, struct json **v, struct field *fields, size_t n)
{
    const bool form = request_type_is(c->req, REQUEST_FORM_TYPE);
    struct known known = {.fields = fields, .n = n, .all = true};
    bool good;

    if (!body_read(c, v, form))
        return false;
    json_each(*v, only_known, &known);
    good = json_is_object(*v) && known.all;
    for (size_t i = 0; good && i < n; i++)
        good = field_take(*v, &fields[i]);
    if (!good)
        refuse_fields(c, fields, n);
    return good;
}
