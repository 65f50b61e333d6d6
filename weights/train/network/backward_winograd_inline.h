/* 3x3 convolutions by Winograd's minimal filtering F(4x4, 3x3) (Lavin, Gray 2016), for backward.c alone, which is
 * compiled once an instruction set.
 *
 * A tile of 4x4 results comes from 6x6 inputs. Both are taken to a domain of 36 taps in which the convolution is a
 * product, tap by tap: 36 multiplications for each pair of channels where the plain way takes 144. So a convolution is
 * 36 1x1 convolutions over tiles, and its weight gradient 36 weight gradients of such (backward_conv_inline.h), between
 * transforms that cost a quarter to a half of what these do (measured on Zen 3: 1.8 to 2.4 times the plain way's
 * speed). Y = A' [(G g G') * (B' d B)] A; the gradient of g is G' [(B' d B) * (A dY A')] G. Sums are off by some
 * 1e-5 of their size. */
#ifndef DIGITD_WEIGHTS_BACKWARD_WINOGRAD_INLINE_H
#define DIGITD_WEIGHTS_BACKWARD_WINOGRAD_INLINE_H

#include <assert.h>

#include "backward.h"
#include "backward_conv_inline.h"
#include "backward_vectors.h"

enum {
    TILE = 4,
    PATCH = 6, /* TILE + 3 - 1 */
    TAPS = BACK_WINOGRAD_TAPS,
    /* Tiles at a time: of a convolution, so that a tap of all of them stays in the first-level cache while a slice of
     * weights does; of a weight gradient, so that its sums in memory are touched seldom. */
    MAP_TILES_N = 24,
    DW_TILES_N = 64,
    GAP = 16, /* floats between taps, lest they lie a power of two apart */
};
static_assert(PATCH * PATCH == TAPS, "backward.h tells callers how large the weights are");

/* ---- one line: B', A', A, G, G' times a vector ---- */

ALWAYS_INLINE void line_input(const vf *in, size_t s, vf *out) /* 6 -> 6: B' */
{
    vf p = in[4 * s] - 4 * in[2 * s], q = in[3 * s] - 4 * in[s];
    vf r = in[4 * s] - in[2 * s], t = 2 * (in[3 * s] - in[s]);
    out[0] = 4 * in[0] - 5 * in[2 * s] + in[4 * s];
    out[1] = p + q;
    out[2] = p - q;
    out[3] = r + t;
    out[4] = r - t;
    out[5] = 4 * in[s] - 5 * in[3 * s] + in[5 * s];
}

ALWAYS_INLINE void line_output(const vf *in, size_t s, vf *out) /* 6 -> 4: A' */
{
    vf a = in[s] + in[2 * s], b = in[s] - in[2 * s], c = in[3 * s] + in[4 * s], d = in[3 * s] - in[4 * s];
    out[0] = in[0] + a + c;
    out[1] = b + 2 * d;
    out[2] = a + 4 * c;
    out[3] = b + 8 * d + in[5 * s];
}

ALWAYS_INLINE void line_gradient(const vf *in, size_t s, vf *out) /* 4 -> 6: A */
{
    vf a = in[0] + in[2 * s], b = in[s] + in[3 * s], p = in[0] + 4 * in[2 * s], q = 2 * in[s] + 8 * in[3 * s];
    out[0] = in[0];
    out[1] = a + b;
    out[2] = a - b;
    out[3] = p + q;
    out[4] = p - q;
    out[5] = in[3 * s];
}

ALWAYS_INLINE void line_weight(const vf *in, size_t s, vf *out) /* 3 -> 6: G */
{
    vf a = (in[0] + in[2 * s]) * (1.0F / 6), b = in[s] * (1.0F / 6);
    vf p = in[0] * (1.0F / 24) + in[2 * s] * (1.0F / 6), q = in[s] * (1.0F / 12);
    out[0] = in[0] * 0.25F;
    out[1] = -a - b;
    out[2] = b - a;
    out[3] = p + q;
    out[4] = p - q;
    out[5] = in[2 * s];
}

ALWAYS_INLINE void line_weight_gradient(const vf *in, size_t s, vf *out) /* 6 -> 3: G' */
{
    vf a = (in[s] + in[2 * s]) * (1.0F / 6), c = in[3 * s] + in[4 * s];
    out[0] = in[0] * 0.25F - a + c * (1.0F / 24);
    out[1] = (in[2 * s] - in[s]) * (1.0F / 6) + (in[3 * s] - in[4 * s]) * (1.0F / 12);
    out[2] = c * (1.0F / 6) - a + in[5 * s];
}

/* ---- tiles ---- */

/* n pictures of h x w results, cut into tiles. */
struct tiles {
    size_t across, a_picture, n;
};

static struct tiles tiles_of(size_t n, size_t h, size_t w)
{
    struct tiles t = {.across = (w + TILE - 1) / TILE};
    t.a_picture = (h + TILE - 1) / TILE * t.across;
    t.n = n * t.a_picture;
    return t;
}

/* Where a tile begins. */
struct place {
    size_t picture, y, x;
};

static struct place place_of(const struct tiles *t, size_t i)
{
    size_t in = i % t->a_picture;
    return (struct place){i / t->a_picture, in / t->across * TILE, in % t->across * TILE};
}

/* at[size][size]: where the elements of a patch lie, its first at (y, x) of a picture of h rows of w pixels; outside
 * of it, `outside`. */
ALWAYS_INLINE void patch_at(const float *picture, size_t row_floats, size_t px_floats, size_t h, size_t w, size_t y,
                            size_t x, size_t size, const float *outside, const float **at)
{
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j < size; j++)
            at[i * size + j] = y + i < h && x + j < w ? picture + (y + i) * row_floats + (x + j) * px_floats : outside;
}

/* FROM x FROM vectors through the line along every column, then along every row: TO x TO. READ(i) gives element i, row
 * by row; WRITE(y, x, v) takes the results. Columns are read and rows written one at a time, lest copies cost as much
 * as the work. */
#define TRANSFORM(LINE, FROM, TO, READ, WRITE)                                                                         \
    do {                                                                                                               \
        vf half_[FROM][PATCH], side_[PATCH];                                                                           \
        _Pragma("GCC unroll 6") for (size_t x = 0; x < (FROM); x++)                                                    \
        {                                                                                                              \
            _Pragma("GCC unroll 6") for (size_t y = 0; y < (FROM); y++) side_[y] = READ(y * (FROM) + x);               \
            LINE(side_, 1, half_[x]);                                                                                  \
        }                                                                                                              \
        _Pragma("GCC unroll 6") for (size_t y = 0; y < (TO); y++)                                                      \
        {                                                                                                              \
            LINE(&half_[0][y], PATCH, side_);                                                                          \
            _Pragma("GCC unroll 6") for (size_t x = 0; x < (TO); x++) WRITE(y, x, side_[x]);                           \
        }                                                                                                              \
    } while (0)

#define READ_AT(i)         load(at[i] + k)
#define READ_TAP(i)        load(from + (i)*tap)
#define WRITE_TAP(y, x, v) store(o + ((y)*PATCH + (x)) * tap, v)

/* c channels of a patch into the domain: channel k of tap t at to + t * tap + k / 16 * slice + k % 16. */
ALWAYS_INLINE void patch_input(const float *const *at, size_t c, float *to, size_t tap, size_t slice)
{
    for (size_t k = 0; k < c; k += VL) {
        float *o = to + k / 16 * slice + k % 16;
        TRANSFORM(line_input, PATCH, PATCH, READ_AT, WRITE_TAP);
    }
}

ALWAYS_INLINE void patch_gradient(const float *const *at, size_t c, float *to, size_t tap, size_t slice)
{
    for (size_t k = 0; k < c; k += VL) {
        float *o = to + k / 16 * slice + k % 16;
        TRANSFORM(line_gradient, TILE, PATCH, READ_AT, WRITE_TAP);
    }
}

/* ---- weights ---- */

/* One tap's slices after the other: win[36][out_c / 16][in_c][16]. */
static void winograd_weights(size_t in_c, size_t out_c, const float *weight, float *win)
{
    for (size_t s = 0; s < out_c / 16; s++)
        for (size_t k = 0; k < in_c * 16; k += VL) {
            const float *w = weight + s * 9 * in_c * 16 + k;
            float *o = win + s * in_c * 16 + k;
#define READ_WEIGHT(i) load(w + (i)*in_c * 16)
            const size_t tap = out_c * in_c;
            TRANSFORM(line_weight, 3, PATCH, READ_WEIGHT, WRITE_TAP);
        }
}

/* ---- a convolution ---- */

static size_t conv_scratch_floats(size_t in_c, size_t out_c)
{
    return TAPS * (MAP_TILES_N * (in_c + out_c) + 2 * GAP) + in_c + out_c;
}

/* The results of one tile, out of the domain and into the picture. */
static void tile_out(const struct back_map *m, const float *domain, size_t tap, struct place p)
{
    const size_t row = m->conv_w * m->out_c;
    float *to = m->out + ((p.picture * m->conv_h + p.y) * m->conv_w + p.x) * m->out_c;
    const size_t h = m->conv_h - p.y, w = m->conv_w - p.x;
    for (size_t k = 0; k < m->out_c; k += VL) {
        const vf bias = load(m->bias + k);
        const float *from = domain + k;
#define WRITE_RESULT(y, x, v)                                                                                          \
    if ((y) < h && (x) < w)                                                                                            \
    store(to + (y)*row + (x)*m->out_c + k, (v) + bias)
        TRANSFORM(line_output, PATCH, TILE, READ_TAP, WRITE_RESULT);
    }
}

static void winograd_conv(const struct back_map *m)
{
    const size_t in_tap = MAP_TILES_N * m->in_c + GAP, out_tap = MAP_TILES_N * m->out_c + GAP;
    const struct tiles tiles = tiles_of(m->n, m->conv_h, m->conv_w);
    float *in = m->scratch, *out = in + TAPS * in_tap, *zero = out + TAPS * out_tap;
    float *no_bias = zero + m->in_c;
    const float *at[TAPS];
    memset(zero, 0, (m->in_c + m->out_c) * sizeof(float));
    for (size_t first = 0; first < tiles.n; first += MAP_TILES_N) {
        size_t n = tiles.n - first < MAP_TILES_N ? tiles.n - first : MAP_TILES_N;
        for (size_t i = 0; i < n; i++) {
            struct place p = place_of(&tiles, first + i);
            patch_at(m->in + p.picture * m->in_floats, m->in_w * m->in_c, m->in_c, m->conv_h + 2, m->conv_w + 2, p.y,
                     p.x, PATCH, zero, at);
            patch_input(at, m->in_c, in + i * m->in_c, in_tap, 16);
        }
        for (size_t t = 0; t < TAPS; t++) {
            struct back_map tap = {.n = 1,
                                   .in_w = n,
                                   .in_c = m->in_c,
                                   .out_c = m->out_c,
                                   .kernel = 1,
                                   .conv_h = 1,
                                   .conv_w = n,
                                   .in = in + t * in_tap,
                                   .weight = m->winograd + t * m->in_c * m->out_c,
                                   .bias = no_bias,
                                   .out = out + t * out_tap};
            plain_conv(&tap);
        }
        for (size_t i = 0; i < n; i++)
            tile_out(m, out + i * m->out_c, out_tap, place_of(&tiles, first + i));
    }
}

/* ---- the gradient of its weights ---- */

static size_t winograd_dw_scratch_floats(size_t in_c, size_t out_c)
{
    return TAPS * (DW_TILES_N * (in_c + out_c) + 2 * GAP + in_c * out_c) + in_c + out_c;
}

/* sums[36][out_c / 16][in_c][16] back to the weights, added to d_weight. */
static void winograd_weight_gradient(const struct back_conv *b, const float *sums)
{
    for (size_t s = 0; s < b->out_c / 16; s++)
        for (size_t k = 0; k < b->in_c * 16; k += VL) {
            const float *from = sums + s * b->in_c * 16 + k;
            float *to = b->d_weight + s * 9 * b->in_c * 16 + k;
            const size_t tap = b->out_c * b->in_c;
#define ADD_WEIGHT(y, x, v) add_to(to + ((y)*3 + (x)) * b->in_c * 16, v)
            TRANSFORM(line_weight_gradient, PATCH, 3, READ_TAP, ADD_WEIGHT);
        }
}

static void winograd_dw(const struct back_conv *b)
{
    const struct tiles tiles = tiles_of(b->n, b->conv_h, b->conv_w);
    const size_t in_tap = DW_TILES_N * b->in_c + GAP, dz_tap = DW_TILES_N * b->out_c + GAP;
    float *in = b->scratch, *dz = in + TAPS * in_tap, *sums = dz + TAPS * dz_tap;
    float *zero = sums + TAPS * b->in_c * b->out_c;
    const float *at[TAPS];
    memset(sums, 0, (TAPS * b->in_c * b->out_c + b->in_c + b->out_c) * sizeof(float));
    for (size_t first = 0; first < tiles.n; first += DW_TILES_N) {
        size_t n = tiles.n - first < DW_TILES_N ? tiles.n - first : DW_TILES_N;
        for (size_t i = 0; i < n; i++) {
            struct place p = place_of(&tiles, first + i);
            patch_at(b->in + p.picture * b->in_floats, b->in_w * b->in_c, b->in_c, b->conv_h + 2, b->conv_w + 2, p.y,
                     p.x, PATCH, zero, at);
            patch_input(at, b->in_c, in + i * 16, in_tap, n * 16);
            patch_at(b->dz + p.picture * b->dz_floats, b->dz_row_floats, b->out_c, b->conv_h, b->conv_w, p.y, p.x, TILE,
                     zero, at);
            patch_gradient(at, b->out_c, dz + i * 16, dz_tap, n * 16);
        }
        for (size_t t = 0; t < TAPS; t++) {
            struct dw_group g = {.n = 1,
                                 .kernel = 1,
                                 .in_w = n,
                                 .in_c = b->in_c,
                                 .out_c = b->out_c,
                                 .conv_h = 1,
                                 .conv_w = n,
                                 .in_px = n,
                                 .dz_slice = n * 16,
                                 .w_slice = b->in_c * 16,
                                 .in = in + t * in_tap,
                                 .dz = dz + t * dz_tap,
                                 .d_weight = sums + t * b->in_c * b->out_c};
            dw_taps(&g, &(struct dw_at){0}, 1);
        }
    }
    winograd_weight_gradient(b, sums);
}

/* ---- the way a caller chose ---- */

static void conv(const struct back_map *m)
{
    (m->winograd ? winograd_conv : plain_conv)(m);
}

static size_t conv_dw_scratch_floats(const struct back_conv *b)
{
    return b->winograd ? winograd_dw_scratch_floats(b->in_c, b->out_c) : plain_dw_scratch_floats(b);
}

static void conv_dw(const struct back_conv *b)
{
    (b->winograd ? winograd_dw : plain_dw)(b);
}

#endif
