/* digitctl session list|end. */
#include "ctl_parts.h"

static bool session_row(const struct store_session *row, void *ctx)
{
    struct listing *l = ctx;
    char made[TIME_CHARS_MAX], seen[TIME_CHARS_MAX];
    struct json *v;

    if (!l->json) {
        ctl_say("%-7lld started %s  last seen %s  %s  %s", (long long)row->id, ctl_time(row->created_at_s, made),
                ctl_time(row->last_seen_at_s, seen), row->address, row->agent);
        return true;
    }
    v = json_new_object();
    json_set_int(v, "id", row->id);
    json_set_str(v, "address", row->address);
    json_set_str(v, "agent", row->agent);
    json_set_time(v, "created_at", row->created_at_s);
    json_set_time(v, "last_seen_at", row->last_seen_at_s);
    return listing_print(l, v);
}

enum ctl_status ctl_session_list(struct ctl *c)
{
    const struct store_session_rule rule = store_session_rule_of(&c->conf);
    struct listing l = {.json = c->opt.json, .status = CTL_DONE};

    return listing_end(&l, store_session_each(c->store, c->user.id, &rule, NULL, session_row, &l), "the sessions");
}

enum ctl_status ctl_session_end(struct ctl *c)
{
    int64_t id = 0, n = 1;
    enum err e;

    if ((c->arg[1] == NULL) != c->opt.all)
        return ctl_fail(CTL_USAGE, "session end needs a session number or --all");
    if (!c->opt.all && !ctl_id_read(c->arg[1], &id))
        return ctl_fail(CTL_USAGE, "\"%.40s\" is not a session number; `session list` shows them", c->arg[1]);
    e = c->opt.all ? store_session_end_all(c->store, c->user.id, NULL, &n)
                   : store_session_end_id(c->store, c->user.id, id);
    if (e == ERR_NOT_FOUND)
        return ctl_fail(CTL_NOT_FOUND, "%s has no session %lld", c->user.email, (long long)id);
    if (e != OK)
        return ctl_fail_err(e, "the session", NULL);
    if (c->opt.json) {
        struct json *v = json_new_object();

        json_set_int(v, "ended", n);
        return ctl_print(v);
    }
    ctl_say("ended: %lld", (long long)n);
    return CTL_DONE;
}
