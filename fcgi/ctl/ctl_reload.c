/* digitctl reload: another network for the site, and back.
 *
 * The setting `weights` stays the one truth. It names a file in the database's directory, and a swap gives that name to
 * another network; so a restart of the service, or of the machine, finds what a reload found. What had the name before
 * is kept beside it. A network's model card, which has its figures for the page, goes along with it.
 *
 * Pitfall: root does this in a directory of the service's user, who could have placed a link to any file there. What is
 * read is only passed on if it is a network, or the card of one, and nothing is written through a link (files/whole.h).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "answer/card.h"
#include "answer/numbers.h"
#include "files/run_dir.h"
#include "files/whole.h"
#include "net/cnn.h"
#include "ctl_parts.h"

#define WEIGHTS_END ".safetensors"
#define BEFORE_END  ".before" WEIGHTS_END
#define CARD_END    ".card.json"

enum { WEIGHTS_BYTES_MAX = 96 * 1024 * 1024, CARD_BYTES_MAX = 4 * 1024 * 1024, PATH_BYTES = CONF_TEXT_MAX + 64 };

/* A network's bytes, and those of its card (NULL: it has none). */
struct network {
    struct buf *weights, *card;
};

static void network_free(struct network *n)
{
    buf_free(n->weights);
    buf_free(n->card);
}

/* "DIR/digits.safetensors" with another end. False: too long. */
static bool path_with(const char *path, const char *end, char out[PATH_BYTES])
{
    size_t n = strlen(path), cut = sizeof(WEIGHTS_END) - 1;

    if (n > cut && strcmp(path + n - cut, WEIGHTS_END) == 0)
        n -= cut;
    return snprintf(out, PATH_BYTES, "%.*s%s", (int)n, path, end) < PATH_BYTES;
}

/* The card beside the network, if there is one and it is this network's. */
static void card_read(struct network *n, const char *path, const char *sha256)
{
    struct why why = {""};
    struct json *v = NULL;
    char card[PATH_BYTES];

    if (!path_with(path, CARD_END, card) || whole_read(&n->card, card, CARD_BYTES_MAX, NULL) != OK)
        return;
    if (card_parse(&v, card, buf_data(n->card), buf_len(n->card), sha256, &why) != OK) {
        buf_free(n->card);
        n->card = NULL;
    }
    json_free(v);
}

/* *m: what it is; NULL on failure, and then none of its bytes are kept. */
static enum err network_read(struct network *n, struct model **m, const char *path, struct why *why)
{
    enum err e = whole_read(&n->weights, path, WEIGHTS_BYTES_MAX, why);

    *m = NULL;
    if (e == OK)
        e = model_parse(m, (const uint8_t *)buf_data(n->weights), buf_len(n->weights), path, why);
    if (e == OK) {
        card_read(n, path, (*m)->sha256);
    } else {
        buf_free(n->weights);
        n->weights = NULL;
    }
    return e;
}

/* Reads it and makes the tests that digitd makes before it uses a network. */
static enum err network_test(struct network *n, const char *path, char sha256[DIGEST_HEX + 1], struct why *why)
{
    struct model *m = NULL;
    struct cnn *cnn = NULL;
    enum err e = network_read(n, &m, path, why);

    if (e == OK)
        e = cnn_create(&cnn, m, CNN_AUTO, why);
    if (e == OK)
        e = cnn_self_test(cnn, m, why);
    if (e == OK)
        e = cnn_reading_check(cnn, m, path, why);
    if (e == OK)
        e = numbers_eye_open(&(struct numbers_eye){0}, m, cnn, NULL, why);
    if (e == OK)
        memcpy(sha256, m->sha256, sizeof(m->sha256));
    cnn_free(cnn);
    model_free(m);
    return e;
}

/* The card goes first: one that does not belong to its network is not shown. */
static enum err network_write(const struct network *n, const char *path, const char *like, struct why *why)
{
    char card[PATH_BYTES];

    if (!path_with(path, CARD_END, card))
        return err_why(why, ERR_LIMIT, "%.60s...: the path is too long", path);
    if (n->card == NULL && unlink(card) != 0 && errno != ENOENT)
        return err_why(why, ERR_IO, "%s: %s", card, strerror(errno));
    if (n->card != NULL) {
        enum err e = whole_write(card, n->card, like, why);

        if (e != OK)
            return e;
    }
    return whole_write(path, n->weights, like, why);
}

/* The place for a network of the site's own: not the installed file, which an upgrade would write over. */
static enum err place_check(const struct conf *conf, struct why *why)
{
    char of_weights[CONF_TEXT_MAX + 2], of_database[CONF_TEXT_MAX + 2];

    ctl_directory_of(conf->weights, of_weights);
    ctl_directory_of(conf->database, of_database);
    if (strcmp(of_weights, of_database) == 0)
        return OK;
    return err_why(why, ERR_DENIED,
                   "the setting weights names %s, which is not the site's own: set weights = %s/network" WEIGHTS_END
                   ", then try again",
                   conf->weights, of_database);
}

static bool same_bytes(const struct buf *a, const struct buf *b)
{
    return buf_len(a) == buf_len(b) && memcmp(buf_data(a), buf_data(b), buf_len(a)) == 0;
}

/* What has the site's place now. None, without an error: the place is free, or has no network, which nobody would go
 * back to. */
static enum err network_now(struct network *now, const char *path, struct why *why)
{
    struct why inner = {""};
    struct model *m = NULL;
    enum err e = network_read(now, &m, path, &inner);

    model_free(m);
    return e == ERR_IO || e == ERR_NOMEM ? err_why(why, e, "%s", inner.text) : OK;
}

/* Gives the site's place to `fresh`, and keeps what is there. Whatever is lost in a crash is there twice: on the way
 * back the place comes first, since what would be kept is the network that nobody wants now. */
static enum err swap(const struct conf *conf, const struct network *fresh, bool undo, bool *kept, struct why *why)
{
    char before[PATH_BYTES], dir[CONF_TEXT_MAX + 2];
    /* Whose the files are to be: digitd's, which reads them. It may not have made its database yet. */
    const char *like = access(conf->database, F_OK) == 0 ? conf->database : dir;
    struct network now = {NULL, NULL};
    enum err e;

    *kept = false;
    ctl_directory_of(conf->database, dir);
    if (!path_with(conf->weights, BEFORE_END, before))
        return err_why(why, ERR_LIMIT, "weights: the path is too long");
    e = network_now(&now, conf->weights, why);
    if (e == OK && now.weights != NULL && same_bytes(now.weights, fresh->weights))
        e = err_why(why, ERR_EXISTS, "%s is this network already", conf->weights);
    if (e == OK && undo)
        e = network_write(fresh, conf->weights, like, why);
    if (e == OK && now.weights != NULL) {
        e = network_write(&now, before, like, why);
        *kept = e == OK;
    }
    if (e == OK && !undo)
        e = network_write(fresh, conf->weights, like, why);
    network_free(&now);
    return e;
}

/* Tells digitd. Root becomes the service's user for good first: the number is from a file of that user's, who must not
 * be able to send root's signals. *told: false if none runs. */
static enum err digitd_tell(const struct conf *conf, bool *told, struct why *why)
{
    pid_t pid = 0;
    uid_t uid = 0;
    enum err e = run_dir_digitd(conf->run_dir, &pid, &uid);

    *told = false;
    if (e == ERR_NOT_FOUND)
        return OK;
    if (e == ERR_BUSY)
        return err_why(why, e, "%s is locked by another process than digitd", conf->run_dir);
    if (e != OK)
        return err_why(why, e, "%s/digitd.lock cannot be read", conf->run_dir);
    if (geteuid() == 0 && uid != 0 && setresuid(uid, uid, uid) != 0)
        return err_why(why, ERR_IO, "cannot become the user of digitd: %s", strerror(errno));
    if (kill(pid, SIGHUP) != 0)
        return err_why(why, ERR_IO, "cannot tell digitd (process %d): %s", (int)pid, strerror(errno));
    *told = true;
    return OK;
}

/* sha256 NULL: no other network. */
static enum ctl_status report(const struct ctl *c, const char *sha256, bool kept, bool told)
{
    struct json *v;

    if (c->opt.json) {
        v = json_new_object();
        json_set_str(v, "weights", c->conf.weights);
        if (sha256 != NULL)
            json_set_str(v, "sha256", sha256);
        json_set_bool(v, "kept", kept);
        json_set_bool(v, "told", told);
        return ctl_print(v);
    }
    if (sha256 != NULL)
        ctl_say("%s is now the network %.16s...%s", c->conf.weights, sha256,
                kept ? "; `digitctl reload --undo` goes back" : "");
    ctl_say(told ? "digitd was told to reload; its log says whether it did"
                 : "digitd is not running; it uses this when it starts");
    return CTL_DONE;
}

enum ctl_status ctl_reload(struct ctl *c)
{
    struct network fresh = {NULL, NULL};
    char before[PATH_BYTES], sha256[DIGEST_HEX + 1];
    const bool other = c->opt.weights != NULL || c->opt.undo;
    const char *from = c->opt.undo ? before : c->opt.weights;
    bool kept = false, told = false;
    struct why why = {""};
    enum err e = OK;

    if (c->opt.weights != NULL && c->opt.undo)
        return ctl_fail(CTL_USAGE, "--weights and --undo cannot be used together");
    if (other) {
        e = place_check(&c->conf, &why);
        if (e == OK && !path_with(c->conf.weights, BEFORE_END, before))
            e = err_why(&why, ERR_LIMIT, "weights: the path is too long");
        if (e == OK && c->opt.undo && access(before, F_OK) != 0)
            e = err_why(&why, ERR_NOT_FOUND, "there is no earlier network: %s does not exist", before);
        if (e == OK)
            e = network_test(&fresh, from, sha256, &why);
        if (e == OK)
            e = swap(&c->conf, &fresh, c->opt.undo, &kept, &why);
        network_free(&fresh);
    }
    if (e == OK)
        e = digitd_tell(&c->conf, &told, &why);
    return e == OK ? report(c, other ? sha256 : NULL, kept, told) : ctl_fail_err(e, "the network", &why);
}
