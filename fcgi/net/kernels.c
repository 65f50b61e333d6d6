/* The fast loops, written once with GCC's vector extensions and compiled once for each instruction set.
 *
 * A convolution runs over tiles of TILE_PX output pixels by two vectors of output channels (four where there are 32
 * registers): twelve or 24 sums, which stay in registers while the kernel window is walked once. For each term a tile
 * loads two (four) weight vectors and broadcasts six inputs, so that twelve multiply-adds pay for eight loads (24 for
 * ten); that, and at least eight independent chains for a latency of four cycles, is what keeps both FMA units of a
 * core busy (measured on Zen 3: over 95 % of the peak). The pixels of a tile need not be neighbours: each has its own
 * pointer, so rows of any length fill tiles.
 *
 * Pitfalls: the loops over a tile must be unrolled completely, or its sums end up on the stack: hence -O3, constant
 * bounds, always_inline and the local copies. -ffp-contract=fast turns s + x * w into one FMA if the set has it; the
 * sums of a pixel are never split, so all sets with FMA give the same bits. */
#include "kernels.h"

#include <stdint.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define TEXT_(a)    #a
#define TEXT(a)     TEXT_(a)

/* Per set: floats in a vector, vectors in a tile, and whether the processor (and the system, which must save the
 * registers) has it. */
#define LANES_base   4
#define LANES_avx2   8
#define LANES_avx512 16
#define VECS_base    2
#define VECS_avx2    2
#define VECS_avx512  4
#define CPU_HAS_base true
#define CPU_HAS_avx2 (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#define CPU_HAS_avx512                                                                                                 \
    (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&  \
     __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma"))

enum {
    LANES = JOIN(LANES_, KERNEL_SET),
    TILE_PX = 6,
    TILE_VECS = JOIN(VECS_, KERNEL_SET),
    POOL_PX = 4,
    TILE_POOLS = 3
};
_Static_assert(KERNEL_LANES % LANES == 0, "padded channels must be whole vectors");
_Static_assert(2 * TILE_PX == TILE_POOLS * POOL_PX, "two tiles must be whole 2x2 windows");

typedef float vec __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t mask __attribute__((vector_size(LANES * sizeof(int32_t))));
typedef float vec_at __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))

INLINE vec load(const float *p)
{
    return *(const vec_at *)p;
}

INLINE void store(float *p, vec v)
{
    *(vec_at *)p = v;
}

INLINE vec greater(vec a, vec b)
{
    const mask m = a > b;
    return (vec)((m & (mask)a) | (~m & (mask)b));
}

INLINE vec zero_below(vec v)
{
    return (vec)((v > 0.0F) & (mask)v);
}

/* px[i] is the first input of pixel i's window, w the first weight of the tile's channels. In one row of the window
 * inputs (kx, channel) lie side by side, and so do their weights: a row is one run of `run` terms. */
INLINE void tile_sum(const struct kernel_conv *k, const float *const px[TILE_PX], int co, const int vecs,
                     vec sum[TILE_PX][TILE_VECS])
{
    const size_t run = (size_t)k->kernel * (size_t)k->in_c, in_row = (size_t)k->in_w * (size_t)k->in_c;
    const size_t out_c = (size_t)k->out_c;
    const float *w = k->weight + co, *p[TILE_PX];
    vec s[TILE_PX][TILE_VECS];
    for (int i = 0; i < TILE_PX; i++) {
        p[i] = px[i];
        for (int v = 0; v < vecs; v++)
            s[i][v] = load(k->bias + co + v * LANES);
    }
    for (int ky = 0; ky < k->kernel; ky++) {
        for (size_t t = 0; t < run; t++, w += out_c) {
            vec weight[TILE_VECS];
            for (int v = 0; v < vecs; v++)
                weight[v] = load(w + v * LANES);
            for (int i = 0; i < TILE_PX; i++)
                for (int v = 0; v < vecs; v++)
                    s[i][v] += p[i][t] * weight[v];
        }
        for (int i = 0; i < TILE_PX; i++)
            p[i] += in_row;
    }
    for (int i = 0; i < TILE_PX; i++)
        for (int v = 0; v < vecs; v++)
            sum[i][v] = s[i][v];
}

/* A walk over the pixels of a picture, row by row, that stays at the last one: a tile that is not full repeats it. */
struct walk {
    int y, x, h, w;
};

INLINE void walk_next(struct walk *at)
{
    if (at->x + 1 < at->w) {
        at->x++;
    } else if (at->y + 1 < at->h) {
        at->x = 0;
        at->y++;
    }
}

INLINE const float *window_at(const struct kernel_conv *k, int y, int x)
{
    return k->in + ((size_t)y * (size_t)k->in_w + (size_t)x) * (size_t)k->in_c;
}

INLINE float *result_at(const struct kernel_conv *k, const struct walk *at, int co)
{
    return k->out + (size_t)at->y * k->out_row_floats + (size_t)at->x * (size_t)k->out_c + co;
}

/* All pixels for the channels co to co + vecs * LANES. */
INLINE void conv_channels(const struct kernel_conv *k, int co, const int vecs)
{
    struct walk at = {.h = k->conv_h, .w = k->conv_w};
    for (int left = k->conv_h * k->conv_w; left > 0; left -= TILE_PX) {
        const float *px[TILE_PX];
        float *to[TILE_PX];
        vec sum[TILE_PX][TILE_VECS];
        for (int i = 0; i < TILE_PX; i++, walk_next(&at)) {
            px[i] = window_at(k, at.y, at.x);
            to[i] = result_at(k, &at, co);
        }
        tile_sum(k, px, co, vecs, sum);
        for (int i = 0; i < TILE_PX; i++)
            for (int v = 0; v < vecs; v++)
                store(to[i] + v * LANES, k->relu ? zero_below(sum[i][v]) : sum[i][v]);
    }
}

/* The same for pooled pixels, three at a time: their twelve pixels are two tiles. */
INLINE void conv_pool_channels(const struct kernel_conv *k, int co, const int vecs)
{
    struct walk at = {.h = k->conv_h / 2, .w = k->conv_w / 2};
    for (int left = at.h * at.w; left > 0; left -= TILE_POOLS) {
        const float *px[2 * TILE_PX];
        float *to[TILE_POOLS];
        vec sum[2 * TILE_PX][TILE_VECS];
        for (int i = 0; i < TILE_POOLS; i++, walk_next(&at)) {
            to[i] = result_at(k, &at, co);
            for (int j = 0; j < POOL_PX; j++)
                px[POOL_PX * i + j] = window_at(k, 2 * at.y + j / 2, 2 * at.x + j % 2);
        }
        tile_sum(k, px, co, vecs, sum);
        tile_sum(k, px + TILE_PX, co, vecs, sum + TILE_PX);
        for (int i = 0; i < TILE_POOLS; i++)
            for (int v = 0; v < vecs; v++) {
                vec(*const s)[TILE_VECS] = sum + POOL_PX * i;
                const vec top = greater(greater(s[0][v], s[1][v]), greater(s[2][v], s[3][v]));
                store(to[i] + v * LANES, k->relu ? zero_below(top) : top);
            }
    }
}

/* Full tiles, then what is left: less than a full tile exists only where vectors are as wide as the padding. */
static void conv(const struct kernel_conv *k)
{
    int co = 0;
    for (; co + TILE_VECS * LANES <= k->out_c; co += TILE_VECS * LANES)
        conv_channels(k, co, TILE_VECS);
    for (; TILE_VECS > 2 && co + 2 * LANES <= k->out_c; co += 2 * LANES)
        conv_channels(k, co, 2);
    if ((int)LANES == (int)KERNEL_LANES && co < k->out_c)
        conv_channels(k, co, 1);
}

static void conv_pool(const struct kernel_conv *k)
{
    int co = 0;
    for (; co + TILE_VECS * LANES <= k->out_c; co += TILE_VECS * LANES)
        conv_pool_channels(k, co, TILE_VECS);
    for (; TILE_VECS > 2 && co + 2 * LANES <= k->out_c; co += 2 * LANES)
        conv_pool_channels(k, co, 2);
    if ((int)LANES == (int)KERNEL_LANES && co < k->out_c)
        conv_pool_channels(k, co, 1);
}

static void maxpool2(int h, int w, int c, const float *in, size_t in_row_floats, float *out, size_t out_row_floats)
{
    for (int y = 0; y < h / 2; y++)
        for (int x = 0; x < w / 2; x++) {
            const float *a = in + 2 * (size_t)y * in_row_floats + 2 * (size_t)x * (size_t)c, *b = a + in_row_floats;
            float *to = out + (size_t)y * out_row_floats + (size_t)x * (size_t)c;
            for (int i = 0; i < c; i += LANES)
                store(to + i, greater(greater(load(a + i), load(a + c + i)), greater(load(b + i), load(b + c + i))));
        }
}

/* Four sums for each output, over every fourth input, so that an addition need not wait for the one before. */
static void dense(int in_n, int out_n, const float *in, const float *weight, const float *bias, bool relu, float *out)
{
    const size_t row = (size_t)out_n;
    for (int o = 0; o < out_n; o += LANES) {
        const float *w = weight + o;
        vec a = load(bias + o), b = {0}, c = {0}, d = {0};
        for (int i = 0; i < in_n; i += 4, w += 4 * row) {
            a += in[i] * load(w);
            b += in[i + 1] * load(w + row);
            c += in[i + 2] * load(w + 2 * row);
            d += in[i + 3] * load(w + 3 * row);
        }
        const vec sum = (a + b) + (c + d);
        store(out + o, relu ? zero_below(sum) : sum);
    }
}

const struct kernel_set *JOIN(kernels_, KERNEL_SET)(void)
{
    static const struct kernel_set set = {
        .name = TEXT(KERNEL_SET), .conv = conv, .conv_pool = conv_pool, .maxpool2 = maxpool2, .dense = dense};
    return JOIN(CPU_HAS_, KERNEL_SET) ? &set : NULL;
}

#ifndef __x86_64__
const struct kernel_set *kernels_avx2(void)
{
    return NULL;
}

const struct kernel_set *kernels_avx512(void)
{
    return NULL;
}
#endif
