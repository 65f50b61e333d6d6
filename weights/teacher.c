/* Teachers: loading, and what their answers come to. */
#include "teacher.h"

#include <stdlib.h>
#include <string.h>

#include "loss.h"

enum { ALIGN = 64 };

static enum err load_one(struct teacher *t, const char *path, size_t n, enum cnn_path kernels, struct why *why)
{
    struct model *m;
    snprintf(t->path, sizeof(t->path), "%.*s", (int)n, path);
    enum err e = model_load(&m, t->path, why);
    if (e != OK)
        return e;
    memcpy(t->sha256, m->sha256, sizeof(t->sha256));
    e = cnn_create(&t->cnn, m, kernels, why);
    model_free(m);
    return e;
}

enum err teachers_load(struct teachers *t, const char *files, enum cnn_path path, struct why *why)
{
    *t = (struct teachers){0};
    if (strcmp(files, "none") == 0)
        return OK;
    for (const char *p = files;; p++) {
        size_t n = strcspn(p, ",");
        if (t->n == TEACHERS_MAX)
            return err_why(why, ERR_LIMIT, "--teacher: more than %d files", TEACHERS_MAX);
        enum err e = load_one(&t->list[t->n], p, n, path, why);
        if (e != OK)
            return e;
        t->n++;
        p += n;
        if (!*p)
            return OK;
    }
}

void teachers_free(struct teachers *t)
{
    for (int i = 0; i < t->n; i++)
        cnn_free(t->list[i].cnn);
    t->n = 0;
}

void *teachers_scratch(const struct teachers *t)
{
    size_t most = ALIGN;
    for (int i = 0; i < t->n; i++) {
        size_t need = cnn_scratch_bytes(t->list[i].cnn);
        most = need > most ? need : most;
    }
    return aligned_alloc(ALIGN, (most + ALIGN - 1) / ALIGN * ALIGN);
}

void teacher_picture(const float px[MODEL_PIXELS], uint8_t image[MODEL_PIXELS])
{
    for (int i = 0; i < MODEL_PIXELS; i++) {
        float v = px[i] < 0 ? 0 : px[i] > 1 ? 1 : px[i];
        image[i] = (uint8_t)(v * 255 + 0.5F);
    }
}

void teachers_mean(const float *logits, int n, size_t apart, float temperature, float mean[MODEL_CLASSES])
{
    double sum[MODEL_CLASSES] = {0};
    for (int i = 0; i < n; i++) {
        double p[MODEL_CLASSES];
        loss_softmax(logits + (size_t)i * apart, (double)temperature, p);
        for (int k = 0; k < MODEL_CLASSES; k++)
            sum[k] += p[k];
    }
    for (int k = 0; k < MODEL_CLASSES; k++)
        mean[k] = (float)(sum[k] / n);
}

void teachers_write(const struct teachers *t, struct json *array)
{
    for (int i = 0; i < t->n; i++) {
        struct json *one = json_add_object(array);
        const char *slash = strrchr(t->list[i].path, '/');
        json_set_str(one, "file", slash ? slash + 1 : t->list[i].path);
        json_set_str(one, "sha256", t->list[i].sha256);
    }
}

bool teachers_same(const struct teachers *t, const struct json *array)
{
    if (json_len(array) != (size_t)t->n)
        return false;
    for (int i = 0; i < t->n; i++) {
        const char *sha256 = json_get_str(json_at(array, (size_t)i), "sha256", NULL);
        if (!sha256 || strcmp(sha256, t->list[i].sha256) != 0)
            return false;
    }
    return true;
}
