/* Names are kept until the end of the run: what was written a moment ago is never written over. They end in the step's
 * number and word, so that two files are the same only where the names before those are. */
#include "step_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/reading.h"
#include "common/files.h"
#include "image/image.h"

enum {
    NAME_BYTES_MAX = 200, /* of the 255 that a file name has: the rest is for the step, and for file_write */
    PATH_BYTES_MAX = 4096,
    PNG_BYTES_MAX = 2 * DECODER_STEP_SIDE_MAX_PX * DECODER_STEP_SIDE_MAX_PX
};

struct step_files {
    const char *dir; /* the caller's */
    int n_max, n;
    char (*names)[NAME_BYTES_MAX + 1]; /* [n_max], the first n are taken */
};

enum err step_files_new(struct step_files **out, const char *dir, int n, struct why *why)
{
    struct step_files *s = NULL;
    enum err e = dir_make(dir, why);

    *out = NULL;
    if (e != OK)
        return e;
    s = calloc(1, sizeof(*s));
    if (s != NULL)
        s->names = calloc((size_t)n, sizeof(*s->names));
    if (s == NULL || s->names == NULL) {
        step_files_free(s);
        return err_why(why, ERR_NOMEM, "out of memory");
    }
    s->dir = dir;
    s->n_max = n;
    *out = s;
    return OK;
}

void step_files_free(struct step_files *s)
{
    if (s == NULL)
        return;
    free(s->names);
    free(s);
}

static bool is_taken(const struct step_files *s, const char *name)
{
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->names[i], name) == 0)
            return true;
    return false;
}

/* A name for the picture, taken from now on. NULL: more pictures than were announced. */
static const char *name_take(struct step_files *s, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash == NULL ? path : slash + 1, *dot = strrchr(base, '.');
    const size_t n = dot == NULL || dot == base ? strlen(base) : (size_t)(dot - base);
    char suffix[16] = "", *name;

    if (s->n == s->n_max)
        return NULL;
    name = s->names[s->n];
    for (int k = 2;; k++) {
        const size_t room = (size_t)NAME_BYTES_MAX - strlen(suffix);

        (void)snprintf(name, NAME_BYTES_MAX + 1, "%.*s%s", (int)(n < room ? n : room), base, suffix);
        if (!is_taken(s, name))
            break;
        (void)snprintf(suffix, sizeof(suffix), "~%d", k);
    }
    s->n++;
    return name;
}

static enum err picture_write(const char *path, const struct decoder_step *step, struct why *why)
{
    const struct raster raster = {.w = step->w, .h = step->h, .px = step->px};
    struct buf *png = buf_new(PNG_BYTES_MAX);
    enum err e = png == NULL ? ERR_NOMEM : image_write_png(&raster, png);

    if (e != OK)
        (void)err_why(why, e, "%s: %s", path, err_str(e));
    else
        e = file_write(path, &(struct file_part){.bytes = buf_data(png), .n = buf_len(png)}, 1, why);
    buf_free(png);
    return e;
}

enum err step_files_write(struct step_files *s, const char *path, const struct decoder_reply *reply, struct json *told,
                          struct why *why)
{
    const char *name = name_take(s, path);

    if (name == NULL)
        return err_why(why, ERR_LIMIT, "%s: more than %d pictures", path, s->n_max);
    for (int i = 0; i < reply->n_pictures; i++) {
        const struct decoder_step *step = &reply->pictures[i];
        char file[PATH_BYTES_MAX];
        enum err e;

        if (snprintf(file, sizeof(file), "%s/%s-%d-%s.png", s->dir, name, i + 1, step->name) >= (int)sizeof(file))
            return err_why(why, ERR_LIMIT, "%.60s...: name too long", s->dir);
        e = picture_write(file, step, why);
        if (e != OK)
            return e;
        if (told != NULL)
            json_set_str(reading_add_step(told, step), "file", file);
    }
    return OK;
}
