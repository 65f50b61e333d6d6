/* A convolution and the gradient of its weights, for backward.c alone, which is compiled once an instruction set.
 *
 * A block of results stays in registers while the inner loop runs: PX pixels x OV vectors of output channels forward;
 * KX taps x IC input channels x OV vectors of output channels for the weight gradient. Blocks have constant bounds: the
 * compiler must unroll them whole, or they are ten times slower (bench_train shows). Measured on Zen 3: over 90 GFLOP/s
 * a core, both, of about 100. */
#ifndef DIGITD_WEIGHTS_BACKWARD_CONV_INLINE_H
#define DIGITD_WEIGHTS_BACKWARD_CONV_INLINE_H

#include "backward.h"
#include "backward_vectors.h"

/* ---- a convolution ---- */

/* A walk over the pixels of the pictures, which stays at the last one: a tile that is not full repeats it. */
struct walk {
    const struct back_map *m;
    size_t y, x, left; /* left: pixels after this one */
    const float *in;
    float *out;
};

ALWAYS_INLINE void walk_next(struct walk *at)
{
    const struct back_map *m = at->m;
    if (at->left == 0)
        return;
    at->left--;
    at->out += m->out_c;
    at->in += m->in_c;
    if (++at->x < m->conv_w)
        return;
    at->x = 0;
    at->in += (m->in_w - m->conv_w) * m->in_c;
    if (++at->y < m->conv_h)
        return;
    at->y = 0;
    at->in += m->in_floats - m->conv_h * m->in_w * m->in_c;
}

/* Kernel rows ky to ky_end of slice oc / 16 over all pixels, PX of them by OV vectors of output channels at a time,
 * with their sums in registers. Sums begin with the bias in row 0 and with what is in out after it. */
#define MAP_TILES(NAME, PX, OV)                                                                                        \
    static void NAME(const struct back_map *m, size_t oc, size_t ky, size_t ky_end)                                    \
    {                                                                                                                  \
        const size_t run = m->kernel * m->in_c, in_row = m->in_w * m->in_c, w_slice = m->kernel * run * 16;            \
        const size_t v_step = VL == 16 ? w_slice : VL;                                                                 \
        const float *w0 = m->weight + oc / 16 * w_slice + oc % 16 + ky * run * 16;                                     \
        const size_t pixels = m->n * m->conv_h * m->conv_w;                                                            \
        struct walk at = {m, 0, 0, pixels - 1, m->in + ky * in_row, m->out + oc};                                      \
        for (size_t done = 0; done < pixels; done += PX) {                                                             \
            const float *p[PX], *w = w0;                                                                               \
            float *to[PX];                                                                                             \
            vf s[PX][OV];                                                                                              \
            for (int i = 0; i < PX; i++, walk_next(&at)) {                                                             \
                p[i] = at.in;                                                                                          \
                to[i] = at.out;                                                                                        \
                for (int v = 0; v < OV; v++)                                                                           \
                    s[i][v] = load(ky == 0 ? m->bias + oc + v * VL : to[i] + v * VL);                                  \
            }                                                                                                          \
            for (size_t row = ky; row < ky_end; row++) {                                                               \
                for (size_t t = 0; t < run; t++, w += 16) {                                                            \
                    vf u[OV];                                                                                          \
                    for (int v = 0; v < OV; v++)                                                                       \
                        u[v] = load(w + (size_t)v * v_step);                                                           \
                    for (int i = 0; i < PX; i++)                                                                       \
                        for (int v = 0; v < OV; v++)                                                                   \
                            s[i][v] += p[i][t] * u[v];                                                                 \
                }                                                                                                      \
                for (int i = 0; i < PX; i++)                                                                           \
                    p[i] += in_row;                                                                                    \
            }                                                                                                          \
            for (int i = 0; i < PX; i++)                                                                               \
                for (int v = 0; v < OV; v++)                                                                           \
                    store(to[i] + v * VL, s[i][v]);                                                                    \
        }                                                                                                              \
    }

#if VL == 16
MAP_TILES(map_narrow, 12, 1)
MAP_TILES(map_wide, 12, 2)
#else
MAP_TILES(map_wide, 6, 2)
#define map_narrow map_wide /* channels come in sixteens: two of these vectors always fit */
#endif

static void plain_conv(const struct back_map *m)
{
    /* So many kernel rows at a time that their weights stay in the first-level cache; at least one. */
    const size_t row_bytes = m->kernel * m->in_c * 16 * sizeof(float) * (VL == 16 ? 2 : 1), cache = 20 * 1024;
    const size_t rows = row_bytes * m->kernel <= cache ? m->kernel : 1;
    for (size_t oc = 0; oc < m->out_c;) {
        bool wide = oc + 2 * VL <= m->out_c;
        for (size_t ky = 0; ky < m->kernel; ky += rows)
            (wide ? map_wide : map_narrow)(m, oc, ky, ky + rows);
        oc += wide ? 2 * VL : VL;
    }
}

/* ---- the gradient of a convolution's weights ---- */

/* The pictures of one group, repacked into slices of 16 channels: in [in_c / 16][pictures][in pixels][16] and
 * dz [out_c / 16][pictures][conv_h * conv_w][16]. Left as they were, the lines that a block walks over lie a power of
 * two apart and evict each other from the first-level cache. A picture of one channel stays where it is. */
struct dw_group {
    size_t n, kernel, in_w, in_c, out_c, conv_h, conv_w;
    size_t in_px, dz_slice, w_slice; /* pixels of an input picture; floats of a slice of dz and of d_weight */
    const float *in, *dz;
    float *d_weight;
};

/* Where a block works: kernel row, first tap, first input channel, first output channel. */
struct dw_at {
    size_t ky, kx, ic, oc;
};

/* GCC would carry the inputs that neighbouring pixels share from turn to turn, in registers that the sums need (a
 * quarter of the speed): it is made to forget where the pointer was. */
#define FORGET(pointer) __asm__("" : "+r"(pointer))

/* acc[k][i][v] = sum over pixels of in at tap kx + k, channel ic + i, times vector v of dz. STEP: floats from pixel to
 * pixel of in, a constant. */
#define DW_BLOCK(NAME, KX, IC, OV, STEP)                                                                               \
    static void NAME(const struct dw_group *g, const struct dw_at *at)                                                 \
    {                                                                                                                  \
        const size_t v_floats = VL == 16 ? g->dz_slice : VL, ic_slice = at->ic / 16 * g->n * g->in_px * 16;            \
        const float *dz = g->dz + at->oc / 16 * g->dz_slice + at->oc % 16;                                             \
        vf acc[KX][IC][OV];                                                                                            \
        for (int k = 0; k < KX; k++)                                                                                   \
            for (int i = 0; i < IC; i++)                                                                               \
                for (int v = 0; v < OV; v++)                                                                           \
                    acc[k][i][v] = (vf){0};                                                                            \
        for (size_t n = 0; n < g->n; n++)                                                                              \
            for (size_t y = 0; y < g->conv_h; y++) {                                                                   \
                const float *in =                                                                                      \
                    g->in + ic_slice + at->ic % 16 + (n * g->in_px + (y + at->ky) * g->in_w + at->kx) * STEP;          \
                for (size_t x = 0; x < g->conv_w; x++, in += STEP, dz += 16) {                                         \
                    FORGET(in);                                                                                        \
                    vf d[OV];                                                                                          \
                    for (int v = 0; v < OV; v++)                                                                       \
                        d[v] = load(dz + (size_t)v * v_floats);                                                        \
                    for (int k = 0; k < KX; k++)                                                                       \
                        for (int i = 0; i < IC; i++)                                                                   \
                            for (int v = 0; v < OV; v++)                                                               \
                                acc[k][i][v] += in[k * STEP + i] * d[v];                                               \
                }                                                                                                      \
            }                                                                                                          \
        const size_t v_step = VL == 16 ? g->w_slice : VL;                                                              \
        float *dw = g->d_weight + at->oc / 16 * g->w_slice + at->oc % 16 +                                             \
                    ((at->ky * g->kernel + at->kx) * g->in_c + at->ic) * 16;                                           \
        for (int k = 0; k < KX; k++)                                                                                   \
            for (int i = 0; i < IC; i++)                                                                               \
                for (int v = 0; v < OV; v++)                                                                           \
                    add_to(dw + ((size_t)k * g->in_c + (size_t)i) * 16 + (size_t)v * v_step, acc[k][i][v]);            \
    }

/* Twelve sums in sixteen registers, twenty-four in thirty-two: a multiply-add takes four cycles and two start in each,
 * so eight are the least. A picture of one channel takes sixteen output channels at a time. */
#if VL == 16
enum { IC_3 = 4, IC_1 = 8, OV_WIDE = 2 };
DW_BLOCK(dw_k3_narrow, 3, IC_3, 1, 16)
DW_BLOCK(dw_k1_narrow, 1, IC_1, 1, 16)
#else
enum { IC_3 = 2, IC_1 = 4, OV_WIDE = 2 };
#define dw_k3_narrow dw_k3 /* channels come in sixteens: two of these vectors always fit */
#define dw_k1_narrow dw_k1
#endif
enum { OV_16 = 16 / VL };
DW_BLOCK(dw_k3, 3, IC_3, OV_WIDE, 16)
DW_BLOCK(dw_k1, 1, IC_1, OV_WIDE, 16)
DW_BLOCK(dw_pixel_k3, 3, 1, OV_16, 1)
DW_BLOCK(dw_pixel_k1, 1, 1, OV_16, 1)

/* All blocks of kernel row at->ky whose taps at->kx.. are kx_n wide (3 or 1). */
static void dw_taps(const struct dw_group *g, struct dw_at *at, size_t kx_n)
{
    bool wide = g->out_c % (OV_WIDE * VL) == 0;
    size_t oc_step = wide ? OV_WIDE * VL : VL, ic_step = kx_n == 3 ? IC_3 : IC_1;
    at->ic = 0;
    if (g->in_c == 1) {
        for (at->oc = 0; at->oc < g->out_c; at->oc += 16)
            (kx_n == 3 ? dw_pixel_k3 : dw_pixel_k1)(g, at);
        return;
    }
    for (at->oc = 0; at->oc < g->out_c; at->oc += oc_step)
        for (at->ic = 0; at->ic < g->in_c; at->ic += ic_step)
            if (kx_n == 3)
                (wide ? dw_k3 : dw_k3_narrow)(g, at);
            else
                (wide ? dw_k1 : dw_k1_narrow)(g, at);
}

/* from[n] pictures of h rows of w pixels of c channels -> to [c / 16][n][h * w][16]. */
static void pack(size_t n, size_t h, size_t w, size_t c, const float *from, size_t pic_floats, size_t row_floats,
                 float *to)
{
    for (size_t s = 0; s < c; s += 16)
        for (size_t i = 0; i < n; i++)
            for (size_t y = 0; y < h; y++)
                for (size_t x = 0; x < w; x++, to += 16)
                    memcpy(to, from + i * pic_floats + y * row_floats + x * c + s, 16 * sizeof(float));
}

/* So many pictures that a slice of each, in and dz, fits in the first-level cache. */
static size_t group_pictures(const struct back_conv *b)
{
    size_t px = b->conv_h * b->conv_w, n = px < 196 ? 196 / px : 1;
    return n < b->n ? n : b->n;
}

static size_t plain_dw_scratch_floats(const struct back_conv *b)
{
    return group_pictures(b) * (b->in_floats + b->conv_h * b->conv_w * b->out_c);
}

static void plain_dw(const struct back_conv *b)
{
    const size_t group = group_pictures(b), in_px = b->in_floats / b->in_c, px = b->conv_h * b->conv_w;
    float *dz = b->scratch, *in = dz + group * px * b->out_c;
    for (size_t n0 = 0; n0 < b->n; n0 += group) {
        size_t n = n0 + group < b->n ? group : b->n - n0;
        struct dw_group g = {n,         b->kernel, b->in_w,    b->in_c,     b->out_c,
                             b->conv_h, b->conv_w, in_px,      n * px * 16, b->kernel * b->kernel * b->in_c * 16,
                             in,        dz,        b->d_weight};
        pack(n, b->conv_h, b->conv_w, b->out_c, b->dz + n0 * b->dz_floats, b->dz_floats, b->dz_row_floats, dz);
        if (b->in_c == 1)
            g.in = b->in + n0 * b->in_floats;
        else
            pack(n, 1, in_px, b->in_c, b->in + n0 * b->in_floats, b->in_floats, 0, in);
        for (struct dw_at at = {0}; at.ky < b->kernel; at.ky++) {
            for (at.kx = 0; at.kx + 3 <= b->kernel; at.kx += 3)
                dw_taps(&g, &at, 3);
            for (; at.kx < b->kernel; at.kx++)
                dw_taps(&g, &at, 1);
        }
    }
}

#endif
