/* Accounts as JSON. */
#include "account.h"

void account_set_user(struct json *obj, const struct store_user *user)
{
    struct json *u = json_set_object(obj, "user");

    json_set_int(u, "id", user->id);
    json_set_str(u, "email", user->email);
    json_set_time(u, "created_at", user->created_at_s);
}

struct json *account_user_json(const struct store_user *user)
{
    struct json *v = json_new_object();

    account_set_user(v, user);
    return v;
}

void account_set_token(struct json *obj, const struct store_token *token)
{
    struct json *scopes;
    const char *name;
    int scope;

    json_set_int(obj, "id", token->id);
    json_set_str(obj, "name", token->name);
    scopes = json_set_array(obj, "scopes");
    for (int i = 0; (name = store_scope_name(i, &scope)) != NULL; i++)
        if ((token->scopes & scope) != 0)
            json_add_str(scopes, name);
    json_set_time(obj, "created_at", token->created_at_s);
    json_set_time(obj, "expires_at", token->expires_at_s);
    json_set_time(obj, "last_used_at", token->last_used_at_s);
}

/* Where the rows of a list go. */
struct rows {
    struct json *arr;
    int64_t n;
};

static bool add_session(const struct store_session *row, void *ctx)
{
    struct rows *rows = ctx;
    struct json *v = json_add_object(rows->arr);

    rows->n++;
    json_set_int(v, "id", row->id);
    json_set_bool(v, "current", row->current);
    json_set_str(v, "address", row->address);
    json_set_str(v, "agent", row->agent);
    json_set_time(v, "created_at", row->created_at_s);
    json_set_time(v, "last_seen_at", row->last_seen_at_s);
    return true;
}

static bool add_token(const struct store_token *row, void *ctx)
{
    struct rows *rows = ctx;

    rows->n++;
    account_set_token(json_add_object(rows->arr), row);
    return true;
}

enum err account_add_sessions(struct call *c, struct json *arr, int64_t *n)
{
    const struct store_session_rule rule = store_session_rule_of(c->app->conf);
    struct rows rows = {.arr = arr};
    enum err e = store_session_each(c->app->store, c->user.id, &rule, c->session_hash, add_session, &rows);

    if (n != NULL)
        *n = rows.n;
    return e;
}

enum err account_add_tokens(struct call *c, struct json *arr, int64_t *n)
{
    struct rows rows = {.arr = arr};
    enum err e = store_token_each(c->app->store, c->user.id, add_token, &rows);

    if (n != NULL)
        *n = rows.n;
    return e;
}
