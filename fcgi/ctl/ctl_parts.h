/* Small things that several commands use. */
#ifndef DIGITD_CTL_CTL_PARTS_H
#define DIGITD_CTL_CTL_PARTS_H

#include "base/digest.h"
#include "base/secret.h"
#include "ctl.h"

enum { LINK_BYTES_MAX = 2 * CONF_TEXT_MAX + 64, TIME_CHARS_MAX = 32 };

/* The settings as digitd reads them, from the usual file where there is one and -c names no other. ctl_run calls it for
 * all commands but those that need nothing. */
enum err ctl_settings_read(struct ctl *c, struct why *why);

/* A new secret and what the store keeps of it. ERR_IO: no random bytes. */
enum err ctl_secret_make(char secret[SECRET_CHARS + 1], uint8_t hash[DIGEST_BYTES]);

/* "https://digits.example.org/digits/#reset=SECRET": the first address of site_url. What follows the # reaches no
 * server, and acts only after a button. what: "reset" or "confirm". */
void ctl_link_text(const struct conf *conf, const char *what, const char *secret, char out[LINK_BYTES_MAX]);

/* The number of a row, as the command line has it. */
bool ctl_id_read(const char *text, int64_t *id);

/* When what is made now and lasts so many days ends; days 0: never (0), below: dflt. */
int64_t ctl_days_end(int days, int dflt);

/* The directory that path lies in. */
void ctl_directory_of(const char *path, char out[CONF_TEXT_MAX + 2]);

/* The user's members. */
void ctl_set_user(struct json *obj, const struct store_user *user);

/* A time for a person; "never" for 0. */
const char *ctl_time(int64_t wall_s, char out[TIME_CHARS_MAX]);

/* What the rows of a list need to know, and how printing them went. */
struct listing {
    bool json;
    enum ctl_status status;
};
/* A row as JSON; false ends the list, because nobody can read it. */
bool listing_print(struct listing *l, struct json *v);
/* What a list comes to: e is the store's answer. */
enum ctl_status listing_end(const struct listing *l, enum err e, const char *what);

#endif
