/* Teachers: finished networks, of any layer list, whose answers to the same distorted picture a student learns from.
 * They run in the service's own engine, which takes bytes: they see the picture rounded to 256 levels, the student sees
 * it as it was computed. */
#ifndef DIGITD_WEIGHTS_TEACHER_H
#define DIGITD_WEIGHTS_TEACHER_H

#include "../fcgi/nn/cnn.h"
#include "options.h"

enum { TEACHERS_MAX = 16 };

struct teacher {
    char path[OPTION_TEXT_MAX];
    char sha256[DIGEST_HEX + 1]; /* of the weights file */
    struct cnn *cnn;
};

struct teachers {
    int n;
    struct teacher list[TEACHERS_MAX];
};

/* files: "FILE,FILE...", or "none". t is to be freed in any case. */
enum err teachers_load(struct teachers *t, const char *files, enum cnn_path path, struct why *why);
void teachers_free(struct teachers *t);

/* A scratch block that fits each of them; free() it. */
void *teachers_scratch(const struct teachers *t);

/* px[28][28], 0 to 1, to the bytes that a teacher sees. */
void teacher_picture(const float px[MODEL_PIXELS], uint8_t image[MODEL_PIXELS]);

/* The mean of the n teachers' softmax(logits / temperature); teacher i's logits begin at logits + i * apart. */
void teachers_mean(const float *logits, int n, size_t apart, float temperature, float mean[MODEL_CLASSES]);

/* [{"file", "sha256"}, ...], names without directories; and whether an array says the same digests in the same order.
 */
void teachers_write(const struct teachers *t, struct json *array);
bool teachers_same(const struct teachers *t, const struct json *array);

#endif
