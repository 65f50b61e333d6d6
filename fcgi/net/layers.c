/* Plain layers in double precision: written to be obviously right, not to be fast.
 *
 * The pitfall of a "same" convolution is its border: a kernel row or column in the padding is skipped on its own
 * (continue), and those after it still count. */
#include "layers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "moments.h"

/* One multiply-add of a convolution: output pixel, the input pixel it reads and the weight between them, as indices. */
struct tap {
    size_t in, weight;
};

/* Tap (i, ky, kx) of the output (o, y, x), with i counted within its group; false if it is in the padding. */
static bool conv_tap(const struct layer *l, int o, int y, int x, int i, int ky, int kx, struct tap *t)
{
    const int pad = l->same ? l->kernel / 2 : 0;
    const int iy = y + ky - pad, ix = x + kx - pad;
    if (iy < 0 || iy >= l->in_h || ix < 0 || ix >= l->in_w)
        return false;
    const int fan = layer_fan_c(l), in_c = o / (l->out_c / layer_groups(l)) * fan + i;
    t->in = ((size_t)in_c * (size_t)l->in_h + (size_t)iy) * (size_t)l->in_w + (size_t)ix;
    t->weight =
        (((size_t)o * (size_t)fan + (size_t)i) * (size_t)l->kernel + (size_t)ky) * (size_t)l->kernel + (size_t)kx;
    return true;
}

static double conv_sum(const struct layer *l, const double *weight, const double *in, int o, int y, int x)
{
    double sum = 0;
    struct tap t;
    for (int i = 0; i < layer_fan_c(l); i++)
        for (int ky = 0; ky < l->kernel; ky++)
            for (int kx = 0; kx < l->kernel; kx++)
                if (conv_tap(l, o, y, x, i, ky, kx, &t))
                    sum += weight[t.weight] * in[t.in];
    return sum;
}

void layer_conv2d_forward(const struct layer *l, const double *weight, const double *bias, const double *in,
                          double *out)
{
    for (int o = 0; o < l->out_c; o++)
        for (int y = 0; y < l->out_h; y++)
            for (int x = 0; x < l->out_w; x++) {
                const double sum = conv_sum(l, weight, in, o, y, x) + (bias ? bias[o] : 0);
                *out++ = l->relu && sum < 0 ? 0 : sum;
            }
}

/* Distributes the gradient g of one output over the inputs and weights that contributed to it. */
static void conv_spread(const struct layer *l, const double *weight, const double *in, int o, int y, int x, double g,
                        double *d_in, double *d_weight)
{
    struct tap t;
    for (int i = 0; i < layer_fan_c(l); i++)
        for (int ky = 0; ky < l->kernel; ky++)
            for (int kx = 0; kx < l->kernel; kx++)
                if (conv_tap(l, o, y, x, i, ky, kx, &t)) {
                    d_weight[t.weight] += g * in[t.in];
                    d_in[t.in] += g * weight[t.weight];
                }
}

void layer_conv2d_backward(const struct layer *l, const double *weight, const double *in, const double *out,
                           const double *d_out, double *d_in, double *d_weight, double *d_bias)
{
    memset(d_in, 0, (size_t)l->in_c * (size_t)l->in_h * (size_t)l->in_w * sizeof(*d_in));
    for (int o = 0; o < l->out_c; o++)
        for (int y = 0; y < l->out_h; y++)
            for (int x = 0; x < l->out_w; x++, out++, d_out++) {
                if (l->relu && *out <= 0)
                    continue;
                if (d_bias)
                    d_bias[o] += *d_out;
                conv_spread(l, weight, in, o, y, x, *d_out, d_in, d_weight);
            }
}

/* Index of the largest input of output (c, y, x); the first of equal ones. */
static size_t pool_pick(const struct layer *l, const double *in, int c, int y, int x)
{
    const size_t w = (size_t)l->in_w;
    const size_t first = ((size_t)c * (size_t)l->in_h + 2 * (size_t)y) * w + 2 * (size_t)x;
    const size_t at[4] = {first, first + 1, first + w, first + w + 1};
    size_t best = at[0];
    for (int i = 1; i < 4; i++)
        if (in[at[i]] > in[best])
            best = at[i];
    return best;
}

void layer_maxpool2_forward(const struct layer *l, const double *in, double *out)
{
    for (int c = 0; c < l->out_c; c++)
        for (int y = 0; y < l->out_h; y++)
            for (int x = 0; x < l->out_w; x++)
                *out++ = in[pool_pick(l, in, c, y, x)];
}

void layer_maxpool2_backward(const struct layer *l, const double *in, const double *d_out, double *d_in)
{
    memset(d_in, 0, (size_t)l->in_c * (size_t)l->in_h * (size_t)l->in_w * sizeof(*d_in));
    for (int c = 0; c < l->out_c; c++)
        for (int y = 0; y < l->out_h; y++)
            for (int x = 0; x < l->out_w; x++)
                d_in[pool_pick(l, in, c, y, x)] += *d_out++;
}

void layer_dense_forward(const struct layer *l, const double *weight, const double *bias, const double *in, double *out)
{
    for (int o = 0; o < l->out_c; o++) {
        double sum = 0;
        for (int i = 0; i < l->in_c; i++)
            sum += *weight++ * in[i];
        sum += bias ? bias[o] : 0;
        out[o] = l->relu && sum < 0 ? 0 : sum;
    }
}

void layer_dense_backward(const struct layer *l, const double *weight, const double *in, const double *out,
                          const double *d_out, double *d_in, double *d_weight, double *d_bias)
{
    memset(d_in, 0, (size_t)l->in_c * sizeof(*d_in));
    for (int o = 0; o < l->out_c; o++) {
        const double g = l->relu && out[o] <= 0 ? 0 : d_out[o];
        const size_t row = (size_t)o * (size_t)l->in_c;
        if (d_bias)
            d_bias[o] += g;
        for (int i = 0; i < l->in_c; i++) {
            d_weight[row + (size_t)i] += g * in[i];
            d_in[i] += g * weight[row + (size_t)i];
        }
    }
}

static double largest(int n, const double *v)
{
    double m = v[0];
    for (int i = 1; i < n; i++)
        if (v[i] > m)
            m = v[i];
    return m;
}

void layer_softmax_forward(int n, const double *in, double *out)
{
    const double m = largest(n, in);
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += out[i] = exp(in[i] - m);
    for (int i = 0; i < n; i++)
        out[i] /= sum;
}

double layer_cross_entropy(int n, const double *logits, int label, double *d_logits)
{
    const double m = largest(n, logits);
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += exp(logits[i] - m);
    if (d_logits)
        for (int i = 0; i < n; i++)
            d_logits[i] = exp(logits[i] - m) / sum - (i == label);
    return log(sum) - (logits[label] - m);
}

static size_t out_length(const struct layer *l)
{
    return (size_t)l->out_c * (size_t)l->out_h * (size_t)l->out_w;
}

static size_t weight_length(const struct layer *l)
{
    const size_t area = l->kind == LAYER_CONV2D ? (size_t)l->kernel * (size_t)l->kernel : 1;
    return l->weight ? (size_t)l->out_c * (size_t)layer_fan_c(l) * area : 0;
}

/* Room for the activations and for one layer's weights in double. */
struct room {
    size_t activation_max, weight_max;
    double *in, *out, *weight, *bias;
};

static enum err room_new(struct room *r, const struct model *m)
{
    *r = (struct room){.activation_max = DIGIT_PIXELS};
    for (int i = 0; i < m->n_layers; i++) {
        const size_t a = out_length(&m->layers[i]), w = weight_length(&m->layers[i]);
        r->activation_max = a > r->activation_max ? a : r->activation_max;
        r->weight_max = w > r->weight_max ? w : r->weight_max;
    }
    r->in = malloc(r->activation_max * sizeof(*r->in));
    r->out = malloc(r->activation_max * sizeof(*r->out));
    r->weight = malloc((r->weight_max + 1) * sizeof(*r->weight));
    r->bias = malloc(r->activation_max * sizeof(*r->bias));
    return r->in && r->out && r->weight && r->bias ? OK : ERR_NOMEM;
}

static void room_free(struct room *r)
{
    free(r->in);
    free(r->out);
    free(r->weight);
    free(r->bias);
}

/* Runs one layer from r->in to r->out. Flatten does nothing here, because activations are already channel-first; nor do
 * views, which are computed at the start. */
static void run_layer(const struct layer *l, struct room *r)
{
    for (size_t i = 0; i < weight_length(l); i++)
        r->weight[i] = (double)l->weight[i];
    for (int i = 0; l->bias && i < l->out_c; i++)
        r->bias[i] = (double)l->bias[i];
    const double *bias = l->bias ? r->bias : NULL;
    if (l->kind == LAYER_CONV2D)
        layer_conv2d_forward(l, r->weight, bias, r->in, r->out);
    else if (l->kind == LAYER_MAXPOOL2)
        layer_maxpool2_forward(l, r->in, r->out);
    else if (l->kind == LAYER_DENSE)
        layer_dense_forward(l, r->weight, bias, r->in, r->out);
    else
        memcpy(r->out, r->in, out_length(l) * sizeof(*r->out));
}

/* The picture as input of the first layer, one channel for each view. */
static void put_views(const struct layer *l, const uint8_t image[DIGIT_PIXELS], double *to)
{
    const int views = l->kind == LAYER_VIEWS ? l->out_c : 1;
    uint8_t normal[DIGIT_PIXELS];
    if (l->moments)
        moments_normalise(image, normal);
    for (int v = 0; v < views; v++)
        for (int i = 0; i < DIGIT_PIXELS; i++)
            *to++ = (l->moments >> v & 1 ? normal : image)[i] / 255.0;
}

enum err layers_forward(const struct model *m, const uint8_t image[DIGIT_PIXELS], double logits[MODEL_CLASSES])
{
    struct room r;
    enum err e = room_new(&r, m);
    if (e != OK)
        goto out;
    put_views(&m->layers[0], image, r.in);
    for (int i = 0; i < m->n_layers && m->layers[i].kind != LAYER_SOFTMAX; i++) {
        run_layer(&m->layers[i], &r);
        double *const swap = r.in;
        r.in = r.out;
        r.out = swap;
    }
    memcpy(logits, r.in, MODEL_CLASSES * sizeof(*logits));
out:
    room_free(&r);
    return e;
}
