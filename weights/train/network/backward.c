/* The fast loops of training, compiled once for each instruction set (-DKERNEL_SET=base|avx2|avx512): what follows a
 * convolution, here; the convolution and its weight gradient in backward_conv_inline.h and backward_winograd_inline.h;
 * the table of them all at the end. */
#include "backward.h"

#include <string.h>

#include "net/kernels.h"
#include "backward_vectors.h"
#include "backward_winograd_inline.h"

#ifndef KERNEL_SET
#define KERNEL_SET base
#endif
#define PASTE2(a, b) a##b
#define PASTE(a, b)  PASTE2(a, b)
#define STRING2(a)   #a
#define STRING(a)    STRING2(a)

/* Whether each element is dropped: a hash of its place (Wellons' lowbias32), so that the mask is the same for every
 * vector width and needs no memory. */
ALWAYS_INLINE vi dropped(uint32_t first, uint32_t key, uint32_t below)
{
    vu h = {0};
    for (uint32_t i = 0; i < VL; i++)
        h[i] = first + i;
    h ^= key;
    h = (h ^ (h >> 16)) * 0x7feb352dU;
    h = (h ^ (h >> 15)) * 0x846ca68bU;
    h ^= h >> 16;
    return (vi)(h < below);
}

/* One vector of outputs: m is the maximum so far and code where it was; then ReLU and dropout. */
ALWAYS_INLINE void act_finish(const struct back_act *a, vf m, vi code, size_t element, float *out)
{
    vi shut = (vi){0};
    if (a->relu)
        shut = ~(vi)(m > 0); /* NaN is shut as well: it shows in the loss through the dense layer's own weights */
    if (a->drop_below)
        shut |= dropped((uint32_t)element, a->drop_key, a->drop_below);
    store(out, keep_where(~shut, m * a->keep_scale));
    store_code(a->code + element, code | (shut & BACK_SHUT));
}

static void act_pool(const struct back_act *a)
{
    const size_t row = a->w * a->c, oh = a->h / 2, ow = a->w / 2;
    for (size_t y = 0; y < oh; y++)
        for (size_t x = 0; x < ow; x++) {
            const float *z = a->z + 2 * y * row + 2 * x * a->c;
            float *out = a->out + y * a->out_row_floats + x * a->c;
            size_t element = (y * ow + x) * a->c;
            for (size_t c = 0; c < a->c; c += VL) {
                vf scale = load(a->scale + c), shift = load(a->shift + c);
                vf m = load(z + c) * scale + shift, v;
                vi code = (vi){0}, more;
                v = load(z + a->c + c) * scale + shift;
                more = (vi)(v > m);
                code = choose(more, (vi){0} + 1, code);
                m = (vf)choose(more, (vi)v, (vi)m);
                v = load(z + row + c) * scale + shift;
                more = (vi)(v > m);
                code = choose(more, (vi){0} + 2, code);
                m = (vf)choose(more, (vi)v, (vi)m);
                v = load(z + row + a->c + c) * scale + shift;
                more = (vi)(v > m);
                code = choose(more, (vi){0} + 3, code);
                m = (vf)choose(more, (vi)v, (vi)m);
                act_finish(a, m, code, element + c, out + c);
            }
        }
}

static void act_plain(const struct back_act *a)
{
    for (size_t y = 0; y < a->h; y++)
        for (size_t x = 0; x < a->w; x++) {
            size_t element = (y * a->w + x) * a->c;
            float *out = a->out + y * a->out_row_floats + x * a->c;
            for (size_t c = 0; c < a->c; c += VL) {
                vf m = load(a->z + element + c) * load(a->scale + c) + load(a->shift + c);
                act_finish(a, m, (vi){0}, element + c, out + c);
            }
        }
}

static void act(const struct back_act *a)
{
    if (a->pool)
        act_pool(a);
    else
        act_plain(a);
}

/* z where a vector of outputs came from. */
ALWAYS_INLINE vf chosen_z(const struct back_act_grad *g, vi code, const float *z, size_t row)
{
    vf v = keep_where((vi)(code == 0), load(z));
    v += keep_where((vi)(code == 1), load(z + g->c));
    v += keep_where((vi)(code == 2), load(z + row));
    return v + keep_where((vi)(code == 3), load(z + row + g->c));
}

static void act_sums(const struct back_act_grad *g)
{
    enum { V = 16 / VL }; /* vectors at a time: what a walk touches is used whole */
    const size_t row = g->w * g->c, oh = g->pool ? g->h / 2 : g->h, ow = g->pool ? g->w / 2 : g->w;
    for (size_t c = 0; c < g->c; c += 16) {
        vf sum_g[V], sum_gz[V];
        for (int v = 0; v < V; v++)
            sum_g[v] = sum_gz[v] = (vf){0};
        for (size_t y = 0; y < oh; y++)
            for (size_t x = 0; x < ow; x++) {
                size_t element = (y * ow + x) * g->c + c;
                const float *p = g->pool ? g->z + 2 * y * row + 2 * x * g->c + c : g->z + element;
                for (int v = 0; v < V; v++, element += VL, p += VL) {
                    vi code = load_code(g->code + element);
                    vf d = keep_where((vi)(code != BACK_SHUT), load(g->d_out + element) * g->keep_scale);
                    sum_g[v] += d;
                    sum_gz[v] += d * (g->pool ? chosen_z(g, code, p, row) : load(p));
                }
            }
        for (int v = 0; v < V; v++) {
            add_to(g->sum_g + c + v * VL, sum_g[v]);
            add_to(g->sum_gz + c + v * VL, sum_gz[v]);
        }
    }
}

/* One vector of dz; z is read before dz is written, for they may be one. */
ALWAYS_INLINE void spread(const struct back_act_grad *g, size_t c, vf d, const float *z, float *dz)
{
    store(dz + c, load(g->kg + c) * d + load(g->k1 + c) + load(g->kz + c) * load(z + c));
}

static void spread_pool(const struct back_act_grad *g)
{
    const size_t row = g->w * g->c, oh = g->h / 2, ow = g->w / 2;
    for (size_t y = 0; y < oh; y++)
        for (size_t x = 0; x < ow; x++) {
            const float *z = g->z + 2 * y * row + 2 * x * g->c;
            float *dz = g->dz + 2 * y * g->dz_row_floats + 2 * x * g->c;
            size_t element = (y * ow + x) * g->c;
            for (size_t c = 0; c < g->c; c += VL) {
                vi code = load_code(g->code + element + c);
                vf d = load(g->d_out + element + c) * g->keep_scale;
                spread(g, c, keep_where((vi)(code == 0), d), z, dz);
                spread(g, c, keep_where((vi)(code == 1), d), z + g->c, dz + g->c);
                spread(g, c, keep_where((vi)(code == 2), d), z + row, dz + g->dz_row_floats);
                spread(g, c, keep_where((vi)(code == 3), d), z + row + g->c, dz + g->dz_row_floats + g->c);
            }
        }
    /* The odd last column and row, which the pool dropped: no gradient but what the batch statistics carry. */
    for (size_t y = 0; y < g->h; y++)
        for (size_t x = y < 2 * oh ? 2 * ow : 0; x < g->w; x++)
            for (size_t c = 0; c < g->c; c += VL)
                spread(g, c, (vf){0}, g->z + y * row + x * g->c, g->dz + y * g->dz_row_floats + x * g->c);
}

static void act_spread(const struct back_act_grad *g)
{
    if (g->pool) {
        spread_pool(g);
        return;
    }
    for (size_t y = 0; y < g->h; y++)
        for (size_t x = 0; x < g->w; x++) {
            size_t element = (y * g->w + x) * g->c;
            for (size_t c = 0; c < g->c; c += VL) {
                vi open = (vi)(load_code(g->code + element + c) != BACK_SHUT);
                vf d = keep_where(open, load(g->d_out + element + c) * g->keep_scale);
                spread(g, c, d, g->z + element, g->dz + y * g->dz_row_floats + x * g->c);
            }
        }
}

static void moments(size_t n, size_t c_n, const float *z, float *sum, float *square)
{
    for (size_t c = 0; c < c_n; c += 16) {
        vf s[16 / VL], q[16 / VL];
        for (int v = 0; v < 16 / VL; v++)
            s[v] = q[v] = (vf){0};
        for (size_t i = 0; i < n; i++)
            for (int v = 0; v < 16 / VL; v++) {
                vf x = load(z + i * c_n + c + (size_t)v * VL);
                s[v] += x;
                q[v] += x * x;
            }
        for (int v = 0; v < 16 / VL; v++) {
            add_to(sum + c + v * VL, s[v]);
            add_to(square + c + v * VL, q[v]);
        }
    }
}

const struct back_set *PASTE(back_, KERNEL_SET)(void)
{
    static const struct back_set set = {
        STRING(KERNEL_SET), conv_scratch_floats, conv,    conv_dw_scratch_floats, conv_dw, winograd_weights, act,
        act_sums,           act_spread,          moments,
    };
    /* What the kernels of the forward pass ask of the processor, this asks too. */
    return PASTE(kernels_, KERNEL_SET)() ? &set : NULL;
}

#ifndef __x86_64__
const struct back_set *back_avx2(void)
{
    return NULL;
}

const struct back_set *back_avx512(void)
{
    return NULL;
}
#endif
