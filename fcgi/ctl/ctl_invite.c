/* digitctl invite add|list|revoke. A code is shown once, when it is made. */
#include <string.h>

#include "ctl_parts.h"

enum { INVITE_DAYS = 14 };

static void invite_set(struct json *v, const struct store_invite *row)
{
    json_set_int(v, "id", row->id);
    json_set_str(v, "note", row->note);
    json_set_int(v, "uses_left", row->uses_left);
    json_set_time(v, "created_at", row->created_at_s);
    json_set_time(v, "expires_at", row->expires_at_s);
}

static enum ctl_status invite_show(const struct ctl *c, const struct store_invite *row, const char *code)
{
    char ends[TIME_CHARS_MAX];
    struct json *v;

    if (!c->opt.json) {
        ctl_say("%s", code);
        ctl_note("invitation %lld: good for %d account%s, expires %s; the code is shown only once", (long long)row->id,
                 row->uses_left, row->uses_left == 1 ? "" : "s", ctl_time(row->expires_at_s, ends));
        if (strcmp(c->conf.sign_up, "invitation") != 0)
            ctl_note("note: sign_up is %s, so sign-up does not ask for a code", c->conf.sign_up);
        return CTL_DONE;
    }
    v = json_new_object();
    invite_set(json_set_object(v, "invitation"), row);
    json_set_str(v, "code", code);
    return ctl_print(v);
}

enum ctl_status ctl_invite_add(struct ctl *c)
{
    const char *note = c->opt.note == NULL ? "" : c->opt.note;
    char code[SECRET_CHARS + 1] = "";
    uint8_t hash[DIGEST_BYTES];
    struct store_invite row;
    enum ctl_status status;
    enum err e;

    if (strlen(note) > STORE_NAME_MAX)
        return ctl_fail(CTL_USAGE, "--note may have up to %d bytes", STORE_NAME_MAX);
    e = ctl_secret_make(code, hash);
    if (e == OK)
        e = store_invite_add(c->store, hash, note, c->opt.uses < 0 ? 1 : c->opt.uses,
                             ctl_days_end(c->opt.days, INVITE_DAYS), &row);
    status = e == OK ? invite_show(c, &row, code) : ctl_fail_err(e, "the invitation", NULL);
    explicit_bzero(code, sizeof(code));
    return status;
}

static bool invite_row(const struct store_invite *row, void *ctx)
{
    struct listing *l = ctx;
    char ends[TIME_CHARS_MAX];
    struct json *v;

    if (!l->json) {
        ctl_say("%-7lld uses left %-6d expires %-20s  %s", (long long)row->id, row->uses_left,
                ctl_time(row->expires_at_s, ends), row->note);
        return true;
    }
    v = json_new_object();
    invite_set(v, row);
    return listing_print(l, v);
}

enum ctl_status ctl_invite_list(struct ctl *c)
{
    struct listing l = {.json = c->opt.json, .status = CTL_DONE};

    return listing_end(&l, store_invite_each(c->store, invite_row, &l), "the invitations");
}

enum ctl_status ctl_invite_revoke(struct ctl *c)
{
    int64_t id;
    enum err e;

    if (!ctl_id_read(c->arg[0], &id))
        return ctl_fail(CTL_USAGE, "\"%.40s\" is not an invitation number; `invite list` shows them", c->arg[0]);
    e = store_invite_revoke(c->store, id);
    if (e == ERR_NOT_FOUND)
        return ctl_fail(CTL_NOT_FOUND, "there is no invitation %lld", (long long)id);
    if (e != OK)
        return ctl_fail_err(e, "the invitation", NULL);
    if (c->opt.json) {
        struct json *v = json_new_object();

        json_set_int(v, "revoked", id);
        return ctl_print(v);
    }
    ctl_say("invitation %lld was revoked", (long long)id);
    return CTL_DONE;
}
