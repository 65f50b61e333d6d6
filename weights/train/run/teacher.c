/* Loads teachers, runs them, and averages their outputs. */
#include "teacher.h"

#include <stdlib.h>
#include <string.h>

#include "measure/reading.h"
#include "network/graph_params.h"
#include "network/loss.h"

struct teacher_room {
    struct graph_workspace *ws; /* the graph's, or NULL */
    void *scratch;              /* the engine's, or NULL */
};

static enum err open_graph(struct teacher *t, const struct model *m, enum cnn_path kernels, struct why *why)
{
    if (m->layers[0].moments)
        return err_why(why, ERR_UNSUPPORTED, "a teacher with moments runs in the engine");
    enum err e = graph_create(&t->graph, m, TEACHER_PIECE, NULL, 0, false, kernels, why);
    if (e != OK)
        return e;
    t->params = graph_floats(t->graph->n_params);
    t->derived = graph_floats(t->graph->n_derived);
    if (!t->params || !t->derived)
        return err_why(why, ERR_NOMEM, "out of memory");
    graph_import(t->graph, m, t->params);
    graph_derive(t->graph, t->params, t->derived);
    return OK;
}

static enum err load_one(struct teacher *t, const char *path, size_t n, enum cnn_path kernels, struct why *why)
{
    struct model *m;
    snprintf(t->path, sizeof(t->path), "%.*s", (int)n, path);
    enum err e = model_load(&m, t->path, why);
    if (e != OK)
        return e;
    reading_warn("train", m, t->path);
    memcpy(t->sha256, m->sha256, sizeof(t->sha256));
    e = open_graph(t, m, kernels, why);
    if (e == ERR_UNSUPPORTED)
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
        free(one->derived);
    }
    t->n = 0;
}

void teacher_kernels(const struct teacher *t, char *text, size_t n)
{
    if (t->graph)
        snprintf(text, n, "%s-graph", t->graph->back->name);
    else
        snprintf(text, n, "%s", cnn_path_name(t->cnn));
}

struct teacher_room *teacher_room_new(const struct teacher *t)
{
    struct teacher_room *room = calloc(1, sizeof(*room));
    if (!room)
        return NULL;
    if (t->graph)
        room->ws = graph_workspace_new(t->graph);
    else
        room->scratch = cnn_scratch_new(t->cnn);
    if (room->ws || room->scratch)
        return room;
    free(room);
    return NULL;
}

void teacher_room_free(struct teacher_room *room)
{
    if (!room)
        return;
    graph_workspace_free(room->ws);
    free(room->scratch);
    free(room);
}

/* px[28][28] to the bytes that the engine sees. */
static void to_bytes(const float *px, uint8_t image[DIGIT_PIXELS])
{
    for (int i = 0; i < DIGIT_PIXELS; i++) {
        float v = px[i] < 0 ? 0 : px[i] > 1 ? 1 : px[i];
        image[i] = (uint8_t)(v * 255 + 0.5F);
    }
}

static void ask_engine(const struct cnn *cnn, void *scratch, const float *px, size_t n, float *logits)
{
    uint8_t image[DIGIT_PIXELS];
    for (size_t i = 0; i < n; i++) {
        to_bytes(px + i * DIGIT_PIXELS, image);
        cnn_forward(cnn, image, logits + i * MODEL_CLASSES, scratch);
    }
}

static void ask_graph(const struct teacher *t, struct graph_workspace *ws, const float *px, size_t n, float *logits)
{
    const struct graph *g = t->graph;
    const struct graph_pass pass = {.params = t->params, .derived = t->derived, .stop_before = g->n_stages};
    for (size_t i = 0; i < n; i++)
        graph_set_picture(g, ws, i, px + i * DIGIT_PIXELS);
    graph_forward(g, ws, n, &pass);
    for (size_t i = 0; i < n; i++)
        memcpy(logits + i * MODEL_CLASSES, graph_logits(g, ws, i), MODEL_CLASSES * sizeof(float));
}

void teacher_ask(const struct teacher *t, struct teacher_room *room, const float *px, size_t n, float *logits)
{
    if (t->graph)
        ask_graph(t, room->ws, px, n, logits);
    else
        ask_engine(t->cnn, room->scratch, px, n, logits);
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
