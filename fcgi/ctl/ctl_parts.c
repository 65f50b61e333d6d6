/* Settings, secrets and links, numbers and times, lists. */
#include "ctl_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

_Static_assert((int)CLOCK_TEXT_MAX <= (int)TIME_CHARS_MAX, "a time fits");

enum err ctl_settings_read(struct ctl *c, struct why *why)
{
    c->conf_path = c->opt.config != NULL ? c->opt.config : access(CTL_CONF_PATH, F_OK) == 0 ? CTL_CONF_PATH : NULL;
    return conf_load(&c->conf, c->conf_path, c->environ_vars, why);
}

enum err ctl_secret_make(char secret[SECRET_CHARS + 1], uint8_t hash[DIGEST_BYTES])
{
    enum err e = secret_make(secret);

    if (e == OK)
        digest_sha256(secret, SECRET_CHARS, hash);
    return e;
}

void ctl_link_text(const struct conf *conf, const char *what, const char *secret, char out[LINK_BYTES_MAX])
{
    const struct conf_origin *site = &conf->origins[0];

    (void)snprintf(out, LINK_BYTES_MAX, "%s%s#%s=%s", site->origin, site->path, what, secret);
}

bool ctl_id_read(const char *text, int64_t *id)
{
    char *end;

    errno = 0;
    *id = strtoll(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *id > 0;
}

int64_t ctl_days_end(int days, int dflt)
{
    days = days < 0 ? dflt : days;
    return days == 0 ? 0 : clock_wall_s() + (int64_t)days * 86400;
}

void ctl_directory_of(const char *path, char out[CONF_TEXT_MAX + 2])
{
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);

    if (n == 0 || n > CONF_TEXT_MAX) {
        memcpy(out, ".", 2);
        return;
    }
    memcpy(out, path, n);
    out[n] = '\0';
}

void ctl_set_user(struct json *obj, const struct store_user *user)
{
    json_set_int(obj, "id", user->id);
    json_set_str(obj, "email", user->email);
    json_set_bool(obj, "disabled", user->disabled);
    json_set_time(obj, "created_at", user->created_at_s);
}

const char *ctl_time(int64_t wall_s, char out[TIME_CHARS_MAX])
{
    if (wall_s != 0)
        return clock_text(wall_s, out);
    memcpy(out, "never", sizeof("never"));
    return out;
}

bool listing_print(struct listing *l, struct json *v)
{
    l->status = ctl_print(v);
    return l->status == CTL_DONE && ferror(stdout) == 0;
}

enum ctl_status listing_end(const struct listing *l, enum err e, const char *what)
{
    return e != OK ? ctl_fail_err(e, what, NULL) : l->status;
}
