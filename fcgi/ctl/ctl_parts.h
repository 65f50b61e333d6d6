/* Small helpers used by several commands. */
#ifndef DIGITD_CTL_CTL_PARTS_H
#define DIGITD_CTL_CTL_PARTS_H

#include "base/digest.h"
#include "base/secret.h"
#include "ctl.h"

enum { LINK_BYTES_MAX = 2 * CONF_TEXT_MAX + 64, TIME_CHARS_MAX = 32 };

/* Reads the settings as digitd does, from the file given by -c or else from the usual one, if it exists. ctl_run calls
 * it for all commands except those that need nothing. */
enum err ctl_settings_read(struct ctl *c, struct why *why);

/* Makes a new secret and its hash for the store. ERR_IO: no random bytes. */
enum err ctl_secret_make(char secret[SECRET_CHARS + 1], uint8_t hash[DIGEST_BYTES]);

/* "https://digits.example.org/digits/#reset=SECRET": the first address of site_url. The part after the # is never sent
 * to a server, and takes effect only when a button is pressed. what: "reset" or "confirm". */
void ctl_link_text(const struct conf *conf, const char *what, const char *secret, char out[LINK_BYTES_MAX]);

/* Reads a row's id from the command line. */
bool ctl_id_read(const char *text, int64_t *id);

/* When something created now expires after this many days; 0 days: never (0); negative: after dflt days. */
int64_t ctl_days_end(int days, int dflt);

/* The directory that contains path. */
void ctl_directory_of(const char *path, char out[CONF_TEXT_MAX + 2]);

/* Sets the members of a user. */
void ctl_set_user(struct json *obj, const struct store_user *user);

/* Formats a time for people; "never" for 0. */
const char *ctl_time(int64_t wall_s, char out[TIME_CHARS_MAX]);

/* How to print the rows of a list, and whether that worked. */
struct listing {
    bool json;
    enum ctl_status status;
};
/* Prints a row as JSON. False: the output cannot be written, so the list ends. */
bool listing_print(struct listing *l, struct json *v);
/* The exit status of a list; e is the store's result. */
enum ctl_status listing_end(const struct listing *l, enum err e, const char *what);

#endif
