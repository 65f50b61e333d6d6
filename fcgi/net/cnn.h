/* The engine: a loaded network, repacked once for this machine's vectors, answering pictures.
 *
 * A struct cnn is const after cnn_create and may be shared by any number of threads and forked processes; each caller
 * brings its own scratch block. cnn_forward allocates nothing and gives the same bits for the same picture in every
 * process. */
#ifndef DIGITD_NET_CNN_H
#define DIGITD_NET_CNN_H

#include "model.h"

/* Which kernels: the best that the processor has, or one by name. All are built into every x86-64 binary. */
enum cnn_path { CNN_AUTO, CNN_BASE, CNN_AVX2, CNN_AVX512 };

struct cnn;

/* Repacks m (which is not needed afterwards). ERR_UNSUPPORTED when the processor lacks the path asked for. */
enum err cnn_create(struct cnn **out, const struct model *m, enum cnn_path path, struct why *why);
void cnn_free(struct cnn *c);

/* "base", "avx2", "avx512": the path that c uses. */
const char *cnn_path_name(const struct cnn *c);
bool cnn_path_available(enum cnn_path path);

/* Bytes of scratch that one call of cnn_forward needs; the block is 64-byte aligned and the caller's. cnn_scratch_new
 * allocates one (free() it). */
size_t cnn_scratch_bytes(const struct cnn *c);
void *cnn_scratch_new(const struct cnn *c);

/* image[28][28], light ink on dark, as in MNIST -> logits[10], before softmax and temperature. */
void cnn_forward(const struct cnn *c, const uint8_t image[DIGIT_PIXELS], float logits[MODEL_CLASSES], void *scratch);

/* What a visitor is told. */
enum verdict { VERDICT_DIGIT, VERDICT_UNSURE, VERDICT_NOT_A_DIGIT };
struct answer {
    enum verdict verdict;
    int digit;                        /* 0 to 9: the most likely one, also where the verdict is not VERDICT_DIGIT */
    float confidence;                 /* probability of that digit, 0 to 1 */
    float probability[MODEL_CLASSES]; /* softmax(logits / temperature), sums to 1 */
    int looks;                        /* 1, or 9: the second look's */
    float logits[MODEL_CLASSES];      /* what cnn_forward says; their mean over all looks */
    float score;                      /* of the model's reject rule: high for digits; 0 where it has none */
    bool doubted;                     /* refused, or with a score under doubt_below */
};

/* Softmax with c's temperature, then its thresholds. Where the confidence is under look_again_below (and the picture is
 * not refused), the network looks again: at the picture moved by a pixel, each of eight ways, and the mean of the nine
 * logits counts; the score is that of the first look. A picture is not a digit without ink (no pixel over 0), with too
 * much (mean pixel / 255 over ink_above), or with a score under reject_below; it is unsure with one under doubt_below
 * or a confidence under unsure_below. */
void cnn_answer(const struct cnn *c, const uint8_t image[DIGIT_PIXELS], struct answer *a, void *scratch);

/* What the last layer reads, in the file's order, of the picture that cnn_forward just saw with this scratch
 * block: how many floats, 0 where the last layer is not dense; and they. */
size_t cnn_features(const struct cnn *c);
void cnn_features_get(const struct cnn *c, const void *scratch, float *features);

/* "digit", "unsure", "not_a_digit". */
const char *verdict_name(enum verdict v);

/* Whether c reads digits in the form that it is given them here, light ink on black and pixel / 255: ten samples, each
 * in nine positions, which are in the program. Nothing is tested where m has golden pictures of its own, which
 * cnn_self_test holds it against. ERR_RANGE, with a line in why that begins with file, if it does not, or does so much
 * better in another form: normalised, not divided by 255, inverted, transposed. Then it was trained on such pictures,
 * and the line says so. */
enum err cnn_reading_check(const struct cnn *c, const struct model *m, const char *file, struct why *why);

/* Runs the model's golden pictures through c and compares with its golden logits, or, for a file without them, with the
 * naive layers on seeded pictures; and its reject rule with plain sums on the same pictures. OK, or ERR_FORMAT with the
 * largest difference in why. */
enum err cnn_self_test(const struct cnn *c, const struct model *m, struct why *why);

#endif
