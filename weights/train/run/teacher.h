/* Teachers: finished networks with any layers, whose outputs for the same distorted picture a student learns to match.
 *
 * A teacher runs in the training graph, which takes many pictures at a time and so gains more from Winograd's tiles
 * than the service's engine can with one (55,000 pictures of a deep one: 30 s against 43). A network that the graph
 * does not support (with groups, with views other than the picture itself, or without a dense layer at the end) runs in
 * the engine, and sees the picture rounded to 256 levels. */
#ifndef DIGITD_WEIGHTS_TEACHER_H
#define DIGITD_WEIGHTS_TEACHER_H

#include "common/options.h"
#include "net/cnn.h"
#include "network/graph.h"

enum { TEACHERS_MAX = 16, TEACHER_PIECE = 32 /* most pictures at a time */ };

struct teacher {
    char path[OPTION_TEXT_MAX];
    char sha256[DIGEST_HEX + 1]; /* of the weights file */
    struct graph *graph;         /* NULL: none, ask the engine */
    float *params, *derived;     /* the graph's */
    struct cnn *cnn;             /* NULL: none, ask the graph */
};

struct teachers {
    int n;
    struct teacher list[TEACHERS_MAX];
};

/* files: "FILE,FILE...", or "none". The caller frees t, also after a failure. */
enum err teachers_load(struct teachers *t, const char *files, enum cnn_path path, struct why *why);
void teachers_free(struct teachers *t);

/* Graph or engine, and the instruction set: what the bits of the outputs depend on. */
void teacher_kernels(const struct teacher *t, char *text, size_t n);

/* One thread's room to ask a teacher in, for a deep graph tens of megabytes; NULL when out of memory. */
struct teacher_room *teacher_room_new(const struct teacher *t);
void teacher_room_free(struct teacher_room *room);

/* logits[n][10] to px[n][28][28], 0 to 1; n up to TEACHER_PIECE. A picture's answer does not depend on those beside
 * it. */
void teacher_ask(const struct teacher *t, struct teacher_room *room, const float *px, size_t n, float *logits);

/* The mean of the n teachers' softmax(logits / temperature); teacher i's logits begin at logits + i * apart. */
void teachers_mean(const float *logits, int n, size_t apart, float temperature, float mean[MODEL_CLASSES]);

/* [{"file", "sha256"}, ...], names without directories; and whether an array says the same digests in the same
 * order. */
void teachers_write(const struct teachers *t, struct json *array);
bool teachers_same(const struct teachers *t, const struct json *array);

#endif
