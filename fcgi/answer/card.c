/* The network's name, and the card next to its file. The master reads it before it forks; the file comes from the
 * administrator, not from a client. */
#include "card.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"

enum { CARD_MAX = 4 * 1024 * 1024, CARD_DEPTH = 16 };

static const char suffix[] = ".safetensors";

void card_identify(struct json *obj, const struct model *m, const char *weights_path)
{
    const char *name = model_meta(m, "name"), *slash = strrchr(weights_path, '/');
    const char *file = slash == NULL ? weights_path : slash + 1, *dot = strrchr(file, '.');

    if (name != NULL)
        json_set_str(obj, "name", name);
    else
        json_set_strn(obj, "name", file, dot == NULL ? strlen(file) : (size_t)(dot - file));
    json_set_str(obj, "sha256", m->sha256);
}

static enum err read_all(const char *path, char *text, size_t *n, struct why *why)
{
    FILE *f = fopen(path, "re");
    enum err e = OK;

    if (f == NULL)
        return err_why(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path, strerror(errno));
    *n = fread(text, 1, CARD_MAX, f);
    if (ferror(f))
        e = err_why(why, ERR_IO, "%s: %s", path, strerror(errno));
    else if (*n == CARD_MAX)
        e = err_why(why, ERR_LIMIT, "%s: larger than %d bytes", path, CARD_MAX);
    fclose(f);
    return e;
}

enum err card_parse(struct json **out, const char *path, const char *text, size_t n, const char *sha256,
                    struct why *why)
{
    struct why inner = {0};
    enum err e = json_parse(out, text, n, CARD_DEPTH, &inner);

    if (e != OK)
        return err_why(why, e, "%s: %s", path, inner.text);
    const char *of = json_get_str(*out, "sha256", NULL);
    if (of == NULL || strcmp(of, sha256) != 0) {
        json_free(*out);
        *out = NULL;
        return err_why(why, ERR_FORMAT, "%s: belongs to another network; run make model-card for this one", path);
    }
    return OK;
}

enum err card_load(struct json **out, const char *weights_path, const char *sha256, struct why *why)
{
    char path[CONF_TEXT_MAX + sizeof(".card.json")];
    size_t stem = strlen(weights_path), n = 0;

    *out = NULL;
    if (stem >= sizeof(suffix) && strcmp(weights_path + stem - (sizeof(suffix) - 1), suffix) == 0)
        stem -= sizeof(suffix) - 1;
    if ((size_t)snprintf(path, sizeof(path), "%.*s.card.json", (int)stem, weights_path) >= sizeof(path))
        return err_why(why, ERR_LIMIT, "%.60s...: the name is too long", weights_path);
    char *text = malloc(CARD_MAX);
    if (text == NULL)
        return err_why(why, ERR_NOMEM, "%s: %s", path, err_str(ERR_NOMEM));
    enum err e = read_all(path, text, &n, why);
    if (e == OK)
        e = card_parse(out, path, text, n, sha256, why);
    free(text);
    return e;
}
