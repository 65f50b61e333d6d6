/* The engine: a loaded network, repacked once for this machine's vector instructions, classifies pictures.
 *
 * A struct cnn is const after cnn_create, so any number of threads and forked processes can share it; each caller needs
 * its own scratch block. cnn_forward allocates nothing, and gives the same result for the same picture in every
 * process, bit for bit. */
#ifndef DIGITD_NET_CNN_H
#define DIGITD_NET_CNN_H

#include "model.h"

/* Which kernels: the best that the processor supports, or one by name. An x86-64 build contains all of them. */
enum cnn_path { CNN_AUTO, CNN_BASE, CNN_AVX2, CNN_AVX512 };

struct cnn;

/* Repacks m, which is not needed afterwards. ERR_UNSUPPORTED if the processor does not support the path. */
enum err cnn_create(struct cnn **out, const struct model *m, enum cnn_path path, struct why *why);
void cnn_free(struct cnn *c);

/* "base", "avx2", "avx512": the path that c uses. */
const char *cnn_path_name(const struct cnn *c);
bool cnn_path_available(enum cnn_path path);

/* Bytes of scratch memory that a call of cnn_forward needs, 64-byte aligned and owned by the caller. cnn_scratch_new
 * allocates such a block; release it with free(). */
size_t cnn_scratch_bytes(const struct cnn *c);
void *cnn_scratch_new(const struct cnn *c);

/* image[28][28], light ink on dark, as in MNIST -> logits[10], before softmax and temperature. */
void cnn_forward(const struct cnn *c, const uint8_t image[DIGIT_PIXELS], float logits[MODEL_CLASSES], void *scratch);

/* What the visitor is told. */
enum verdict { VERDICT_DIGIT, VERDICT_UNSURE, VERDICT_NOT_A_DIGIT };
/* Why it is unsure: the confidence is low, so another digit may be the right one; or the rejection score is low, so the
 * picture is unlike the digits of the training, however high the confidence. Bits. */
enum unsure { UNSURE_NOT, UNSURE_CONFIDENCE, UNSURE_UNFAMILIAR, UNSURE_BOTH };
struct answer {
    enum verdict verdict;
    enum unsure unsure_because;       /* UNSURE_NOT if and only if the verdict is not VERDICT_UNSURE */
    int digit;                        /* 0 to 9: the most likely digit, whatever the verdict */
    float confidence;                 /* probability of that digit, 0 to 1 */
    float probability[MODEL_CLASSES]; /* softmax(logits / temperature), sums to 1 */
    int looks;                        /* 1, or 9 with a second look */
    float logits[MODEL_CLASSES];      /* of cnn_forward; with a second look, the mean of all nine */
    float score;                      /* of the rejection head: high for digits; 0 if the model has none */
    bool doubted;                     /* rejected, or the score is below doubt_below */
};

/* Softmax with c's temperature, then the thresholds. If the confidence is below look_again_below (and the picture is
 * not rejected), the network reads the picture again, shifted by one pixel in each of eight directions, and the mean of
 * the nine logits counts; the score is that of the first look. A picture is not a digit if it has no ink (no pixel
 * above 0), too much ink (mean pixel / 255 above ink_above), or a score below reject_below. It is unsure if the score
 * is below doubt_below or the confidence below unsure_below. */
void cnn_answer(const struct cnn *c, const uint8_t image[DIGIT_PIXELS], struct answer *a, void *scratch);

/* One look, without a verdict, for what looks at many pieces of a picture: the logarithms of the probabilities, and the
 * score less doubt_below, so that below 0 the network doubts that this is a digit (0 without a rejection head). */
void cnn_look(const struct cnn *c, const uint8_t image[DIGIT_PIXELS], float log_probability[MODEL_CLASSES],
              float *margin, void *scratch);

/* The inputs of the last layer, in the file's order, for the picture that cnn_forward has just read with this scratch
 * block: their number (0 if the last layer is not dense), and their values. */
size_t cnn_features(const struct cnn *c);
void cnn_features_get(const struct cnn *c, const void *scratch, float *features);

/* "digit", "unsure", "not_a_digit". */
const char *verdict_name(enum verdict v);
/* "confidence", "unfamiliar", "both"; NULL for UNSURE_NOT. */
const char *unsure_name(enum unsure because);
/* The most likely digit but for best. */
int verdict_runner_up(const float probability[MODEL_CLASSES], int best);

/* Checks that c can read digits as they are given to it here: light ink on black, pixel / 255. It reads ten built-in
 * samples, each in nine positions. Nothing is tested if m has its own golden pictures, since cnn_self_test uses those.
 * ERR_RANGE, with a line in why that begins with file, if c cannot read them, or reads them much better in another form
 * (normalised, not divided by 255, inverted, transposed): then it was trained on such pictures, and the line says so.
 */
enum err cnn_reading_check(const struct cnn *c, const struct model *m, const char *file, struct why *why);

/* Runs the model's golden pictures through c and compares the result with its golden logits; for a file without any, it
 * compares with the plain layers on seeded pictures. The rejection head is compared with plain sums on the same
 * pictures. OK, or ERR_FORMAT with the largest difference in why. */
enum err cnn_self_test(const struct cnn *c, const struct model *m, struct why *why);

#endif
