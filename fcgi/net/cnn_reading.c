/* Checks that a network can read digits in the form in which it gets them here. A file from elsewhere does not say what
 * its training pictures looked like; given another form, a network computes correctly and still reads a 7 as an 8.
 *
 * Ten samples are few, so each is read in nine positions, shifted by up to a pixel: the accuracy on these 90 is within
 * 6 points of that on MNIST's validation pictures (measured on 12 networks, from 15 to 99 %). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cnn_parts.h"

/* samples.bin has the pixels of html/samples/0.png to 9.png; tests/unit/test_reading.c checks that. The assembler
 * includes it in the program; its path starts from the directory in which make runs. */
__asm__(".pushsection .rodata\n.globl cnn_samples\n.hidden cnn_samples\ncnn_samples:\n.incbin "
        "\"fcgi/net/samples.bin\"\n.popsection\n");
extern const uint8_t cnn_samples[MODEL_CLASSES][DIGIT_PIXELS] __attribute__((visibility("hidden")));

enum { POSITIONS = 9, SAMPLES = POSITIONS * MODEL_CLASSES, LEVELS = 256 };

/* A network that reads fewer than 70 % of the samples is no use. One that reads more is still in the wrong form where
 * another gives a third of the loss and no fewer digits, and either is read three more, or the loss is 0.15 and more (a
 * network of label smoothing 0.1 that knows each digit has 0.1).
 * Measured with 53 networks of PyTorch, of three kinds of layers, trained for 47 to 937 steps. On pixel / 255: at
 * best 1.9 times the loss of another form, at most one digit less. On others (normalised, 0 to 255, inverted): 3.1
 * times and more, but for three of 47 steps, which pass. */
enum { READ_AT_LEAST = 63, MORE_AT_LEAST = 3 };
static const double loss_ratio = 3, loss_high = 0.15;

/* Smaller differences of the loss do not distinguish forms. */
static const double loss_alike = 0.001;

/* A form of pictures; x is pixel / 255. */
static const struct form {
    const char *value; /* what is given for a pixel */
    const char *name;  /* of such pictures */
    float scale, offset;
    bool wide; /* 0 to 255: to multiply the input sharpens answers, so such a form must be read better, not surer */
} forms[] = {
    {"pixel / 255", "pictures", 1, 0, false},
    {"(x - 0.1307) / 0.3081, x = pixel / 255", "normalised pictures", 1 / 0.3081F, -0.1307F / 0.3081F, false},
    {"(x - 0.5) / 0.5, x = pixel / 255", "normalised pictures", 2, -1, false},
    {"x - 0.5, x = pixel / 255", "normalised pictures", 1, -0.5F, false},
    {"1 - x, x = pixel / 255", "inverted pictures, dark ink on white", -1, 1, false},
    {"(0.1307 - x) / 0.3081, x = pixel / 255", "inverted, normalised pictures", -1 / 0.3081F, 0.1307F / 0.3081F, false},
    {"(0.5 - x) / 0.5, x = pixel / 255", "inverted, normalised pictures", -2, 1, false},
    {"the pixels themselves, 0 to 255", "pictures that were not divided by 255", 255, 0, true},
    {"255 - pixel", "inverted pictures that were not divided by 255", -255, 255, true},
};
enum { FORMS = sizeof(forms) / sizeof(*forms) };

/* How the samples are read in one form. */
struct score {
    const struct form *form;
    bool transposed;
    int right;
    double loss; /* mean of -log probability of the right digit */
};

static void set_values(const struct form *f, float value[LEVELS])
{
    for (int i = 0; i < LEVELS; i++)
        value[i] = (float)i / 255.0F * f->scale + f->offset;
}

/* Position 0 to 8 of a sample; what is moved out is lost. */
static void place(const uint8_t in[DIGIT_PIXELS], int position, bool transposed, uint8_t out[DIGIT_PIXELS])
{
    const int right = position % 3 - 1, down = position / 3 - 1;
    for (int y = 0; y < DIGIT_SIDE_PX; y++)
        for (int x = 0; x < DIGIT_SIDE_PX; x++) {
            const int fx = x - right, fy = y - down;
            const bool inside = fx >= 0 && fx < DIGIT_SIDE_PX && fy >= 0 && fy < DIGIT_SIDE_PX;
            out[transposed ? x * DIGIT_SIDE_PX + y : y * DIGIT_SIDE_PX + x] = inside ? in[fy * DIGIT_SIDE_PX + fx] : 0;
        }
}

static void add_sample(struct score *s, const float logits[MODEL_CLASSES], double temperature, int truth)
{
    int best = 0;
    double sum = 0;
    for (int k = 1; k < MODEL_CLASSES; k++)
        best = logits[k] > logits[best] ? k : best;
    for (int k = 0; k < MODEL_CLASSES; k++)
        sum += exp(((double)logits[k] - (double)logits[best]) / temperature);
    s->right += best == truth;
    s->loss += (log(sum) + ((double)logits[best] - (double)logits[truth]) / temperature) / SAMPLES;
}

/* Reads all samples, or until it is certain that fewer than `needed` are right: every digit in one position, then in
 * the next. */
static struct score read_samples(const struct cnn *c, const struct form *f, bool transposed, int needed, void *scratch)
{
    float value[LEVELS], logits[MODEL_CLASSES];
    uint8_t image[DIGIT_PIXELS];
    struct score s = {.form = f, .transposed = transposed};
    set_values(f, value);
    for (int i = 0; i < SAMPLES && s.right + SAMPLES - i >= needed; i++) {
        place(cnn_samples[i % MODEL_CLASSES], i / MODEL_CLASSES, transposed, image);
        cnn_forward_scaled(c, image, value, logits, scratch);
        add_sample(&s, logits, (double)c->temperature, i % MODEL_CLASSES);
    }
    return s;
}

/* Whether a is the better form: more is right or, of two forms that are not wide, the loss is lower. */
static bool is_better(const struct score *a, const struct score *b)
{
    if (a->right != b->right)
        return a->right > b->right;
    return a->form->wide == b->form->wide && a->loss + loss_alike < b->loss;
}

/* The best of all forms but the one that is used, if it reads as much as that and enough. Rows are taken for columns
 * where nothing else will do. */
static struct score search(const struct cnn *c, const struct score *used, void *scratch)
{
    struct score best = {.form = &forms[1], .right = used->right < READ_AT_LEAST ? READ_AT_LEAST - 1 : used->right};
    best.loss = used->loss;
    for (int i = 1; i < 2 * FORMS && (i < FORMS || best.right < READ_AT_LEAST); i++) {
        const struct score s = read_samples(c, &forms[i % FORMS], i >= FORMS, best.right, scratch);
        best = is_better(&s, &best) ? s : best;
    }
    return best;
}

/* Whether the network was trained on the form `other`. */
static bool is_its_form(const struct score *other, const struct score *used)
{
    if (used->right < READ_AT_LEAST)
        return other->right >= READ_AT_LEAST;
    return other->loss * loss_ratio < used->loss && other->right >= used->right &&
           (other->right >= used->right + MORE_AT_LEAST || used->loss >= loss_high);
}

static enum err tell(const struct score *used, const struct score *other, const char *file, struct why *why)
{
    if (!is_its_form(other, used))
        return err_why(
            why, ERR_RANGE,
            "%s: it reads %d of %d sample digits, and in no known form of pictures does it read %d: it is not "
            "trained, or its tensors or classes are in a different order. If it is right all the same, add golden "
            "pictures to the file (MODEL.md, A network from elsewhere)",
            file, used->right, SAMPLES, READ_AT_LEAST);
    return err_why(
        why, ERR_RANGE,
        "%s: it reads %d of %d sample digits in the form used here, light ink on black and pixel / 255 (loss "
        "%.3g), but %d as %s%s (loss %.3g): it was probably trained on %s. Train it on pictures in the form used "
        "here%s (MODEL.md, A network from elsewhere)",
        file, used->right, SAMPLES, used->loss, other->right, other->form->value,
        other->transposed ? " with rows and columns swapped" : "", other->loss,
        other->transposed && other->form == forms ? "transposed pictures" : other->form->name,
        other->transposed ? "" : ", or fold the conversion into its first layer");
}

enum err cnn_reading_check(const struct cnn *c, const struct model *m, const char *file, struct why *why)
{
    if (m->n_golden > 0)
        return OK;
    void *scratch = cnn_scratch_new(c);
    if (!scratch)
        return err_why(why, ERR_NOMEM, "out of memory");
    const struct score used = read_samples(c, &forms[0], false, 0, scratch);
    enum err e = OK;
    /* If another form can neither read three more nor lower a high loss, there is nothing to search for. */
    if (used.right <= SAMPLES - MORE_AT_LEAST || !(used.loss < loss_high)) {
        const struct score other = search(c, &used, scratch);
        if (used.right < READ_AT_LEAST || is_its_form(&other, &used))
            e = tell(&used, &other, file, why);
    }
    free(scratch);
    return e;
}

/* Whether the logits of the first golden picture are those that its file has, within a hundredth: a form is told from
 * another by far more, and is not rounded here as it was there. */
static bool is_golden(const struct cnn *c, const struct model *m, const float value[LEVELS], void *scratch)
{
    float logits[MODEL_CLASSES];
    double scale = 1, worst = 0;
    cnn_forward_scaled(c, m->golden_input, value, logits, scratch);
    for (int k = 0; k < MODEL_CLASSES; k++) {
        scale = fmax(scale, fabs((double)m->golden_logits[k]));
        worst = fmax(worst, fabs((double)logits[k] - (double)m->golden_logits[k]));
    }
    return worst <= scale / 100;
}

const char *cnn_golden_form(const struct cnn *c, const struct model *m, void *scratch)
{
    float value[LEVELS];
    for (int i = 1; i < FORMS; i++) {
        set_values(&forms[i], value);
        if (is_golden(c, m, value, scratch))
            return forms[i].value;
    }
    return NULL;
}
