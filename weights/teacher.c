/* Teachers: loading, and what their answers come to. */
#include "teacher.h"

#include <stdlib.h>
#include <string.h>

#include "loss.h"

enum { ALIGN = 64 };

struct teachers_room {
    struct graph_ws *ws[TEACHERS_MAX]; /* NULL where the engine is asked */
    void *scratch;                     /* the engine's */
    int n;
};

static void *aligned(size_t bytes)
{
    return aligned_alloc(ALIGN, (bytes + ALIGN) / ALIGN * ALIGN);
}

static bool has_groups(const struct model *m)
{
    for (int i = 0; i < m->n_layers; i++)
        if (layer_groups(&m->layers[i]) > 1)
            return true;
    return false;
}

static enum err open_graph(struct teacher *t, const struct model *m, enum cnn_path kernels, struct why *why)
{
    enum err e = graph_create(&t->graph, m, TEACHER_PIECE, NULL, 0, false, kernels, why);
    if (e != OK)
        return e;
    t->params = aligned(t->graph->n_params * sizeof(float));
    t->ready = aligned(t->graph->n_ready * sizeof(float));
    if (!t->params || !t->ready)
        return err_why(why, ERR_NOMEM, "out of memory");
    graph_import(t->graph, m, t->params);
    graph_ready(t->graph, t->params, t->ready);
    return OK;
}

static enum err load_one(struct teacher *t, const char *path, size_t n, enum cnn_path kernels, struct why *why)
{
    struct model *m;
    snprintf(t->path, sizeof(t->path), "%.*s", (int)n, path);
    enum err e = model_load(&m, t->path, why);
    if (e != OK)
        return e;
    memcpy(t->sha256, m->sha256, sizeof(t->sha256));
    e = has_groups(m) ? cnn_create(&t->cnn, m, kernels, why) : open_graph(t, m, kernels, why);
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
        enum err e = load_one(&t->list[t->n++], p, n, path, why);
        if (e != OK)
            return e;
        p += n;
        if (!*p)
            return OK;
    }
}

void teachers_free(struct teachers *t)
{
    for (int i = 0; i < t->n; i++) {
        struct teacher *one = &t->list[i];
        cnn_free(one->cnn);
        graph_free(one->graph);
        free(one->params);
        free(one->ready);
    }
    t->n = 0;
}

void teacher_kernels(const struct teacher *t, char *text, size_t n)
{
    if (t->graph)
        snprintf(text, n, "%s, tiles", t->graph->back->name);
    else
        snprintf(text, n, "%s", cnn_path_name(t->cnn));
}

struct teachers_room *teachers_room_new(const struct teachers *t)
{
    struct teachers_room *room = calloc(1, sizeof(*room));
    size_t most = 0;
    if (!room)
        return NULL;
    for (; room->n < t->n; room->n++) {
        const struct teacher *one = &t->list[room->n];
        if (one->graph && !(room->ws[room->n] = graph_ws_new(one->graph)))
            goto fail;
        size_t need = one->cnn ? cnn_scratch_bytes(one->cnn) : 0;
        most = need > most ? need : most;
    }
    room->scratch = aligned(most);
    if (room->scratch)
        return room;
fail:
    teachers_room_free(room);
    return NULL;
}

void teachers_room_free(struct teachers_room *room)
{
    for (int i = 0; room && i < room->n; i++)
        graph_ws_free(room->ws[i]);
    if (room)
        free(room->scratch);
    free(room);
}

/* px[28][28] to the bytes that the engine sees. */
static void to_bytes(const float *px, uint8_t image[MODEL_PIXELS])
{
    for (int i = 0; i < MODEL_PIXELS; i++) {
        float v = px[i] < 0 ? 0 : px[i] > 1 ? 1 : px[i];
        image[i] = (uint8_t)(v * 255 + 0.5F);
    }
}

void teachers_ask(const struct teachers *t, int k, struct teachers_room *room, const float *px, size_t n, float *logits)
{
    const struct teacher *one = &t->list[k];
    const struct graph *g = one->graph;
    for (size_t i = 0; !g && i < n; i++) {
        uint8_t image[MODEL_PIXELS];
        to_bytes(px + i * MODEL_PIXELS, image);
        cnn_forward(one->cnn, image, logits + i * MODEL_CLASSES, room->scratch);
    }
    if (!g)
        return;
    const struct graph_pass pass = {.params = one->params, .ready = one->ready, .stop_before = g->n_stages};
    for (size_t i = 0; i < n; i++)
        graph_put(g, room->ws[k], i, px + i * MODEL_PIXELS);
    graph_forward(g, room->ws[k], n, &pass);
    for (size_t i = 0; i < n; i++)
        memcpy(logits + i * MODEL_CLASSES, graph_logits(g, room->ws[k], i), MODEL_CLASSES * sizeof(float));
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
