/* Everything per pixel in floats, rounded once. */
#include "canvas.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

void *need(size_t n)
{
    void *p = calloc(n > 0 ? n : 1, 1);

    if (p == NULL)
        die("memory", "there is none left");
    return p;
}

struct canvas canvas_new(int w, int h)
{
    return (struct canvas){w, h, need((size_t)w * (size_t)h * 4)};
}

void canvas_free(struct canvas *c)
{
    free(c->px);
    *c = (struct canvas){0};
}

static uint8_t to_byte(float v)
{
    return v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)(v + 0.5F);
}

/* floorf, which without SSE4.1 is a call; |v| stays under 2^31 here. */
static inline float floor_of(float v)
{
    const float whole = (float)(int32_t)v;

    return whole > v ? whole - 1 : whole;
}

/* A hash of a grid point to -1 .. 1. */
static float knot(int32_t x, int32_t y, uint32_t seed)
{
    uint32_t v = (uint32_t)x * 0x9E3779B1U ^ (uint32_t)y * 0x85EBCA77U ^ seed * 0xC2B2AE3DU;

    v ^= v >> 15;
    v *= 0x2C1B3C6DU;
    v ^= v >> 12;
    v *= 0x297A2D39U;
    v ^= v >> 15;
    return (float)(v >> 8) * 0x1p-23F - 1;
}

float smooth_noise(float x, float y, float cell, uint32_t seed)
{
    const float gx = floor_of(x / cell), gy = floor_of(y / cell);
    float fx = x / cell - gx, fy = y / cell - gy;
    const int32_t ix = (int32_t)gx, iy = (int32_t)gy;

    fx = fx * fx * (3 - 2 * fx);
    fy = fy * fy * (3 - 2 * fy);
    const float top = knot(ix, iy, seed) + fx * (knot(ix + 1, iy, seed) - knot(ix, iy, seed));
    const float low = knot(ix, iy + 1, seed) + fx * (knot(ix + 1, iy + 1, seed) - knot(ix, iy + 1, seed));
    return top + fy * (low - top);
}

void scene_plain(struct scene *s, const uint8_t *ink, int w, int h)
{
    *s = (struct scene){.ink = ink, .ink_w = w, .ink_h = h, .paper = {255, 255, 255}, .opacity = 1, .endless = true};
    s->view[0] = s->view[4] = s->view[8] = 1;
}

void scene_view(struct scene *s, int w, int h, float turn, float tilt_x, float tilt_y, float zoom)
{
    const float co = cosf(turn) / zoom, si = sinf(turn) / zoom, side = (float)(w > h ? w : h);
    const float gx = tilt_x / side, gy = tilt_y / side, cx = (float)w / 2, cy = (float)h / 2;
    const float px = (float)s->ink_w / 2, py = (float)s->ink_h / 2;
    /* About the middles: paper = middle + turn * (picture - middle) / (1 + g . (picture - middle)). */
    const float one = 1 - gx * cx - gy * cy;
    const float view[9] = {co + px * gx,
                           -si + px * gy,
                           px * one - co * cx + si * cy,
                           si + py * gx,
                           co + py * gy,
                           py * one - si * cx - co * cy,
                           gx,
                           gy,
                           one};

    memcpy(s->view, view, sizeof(view));
}

/* The ink at a place of the paper, bilinear, 0 to 255; nothing outside. */
static float ink_at(const struct scene *s, float x, float y)
{
    const float gx = floor_of(x - 0.5F), gy = floor_of(y - 0.5F), fx = x - 0.5F - gx, fy = y - 0.5F - gy;
    float sum = 0;

    if (!(gx >= -1 && gy >= -1 && gx < (float)s->ink_w && gy < (float)s->ink_h))
        return 0;
    for (int k = 0; k < 4; k++) {
        const int ix = (int)gx + (k & 1), iy = (int)gy + (k >> 1);

        if (ix >= 0 && iy >= 0 && ix < s->ink_w && iy < s->ink_h)
            sum += (k & 1 ? fx : 1 - fx) * (k >> 1 ? fy : 1 - fy) * s->ink[(size_t)iy * (size_t)s->ink_w + (size_t)ix];
    }
    return sum;
}

/* Where the paper is under a place of the picture. */
static void paper_under(const struct scene *s, float x, float y, float at[2])
{
    const float *m = s->view, z = m[6] * x + m[7] * y + m[8];

    at[0] = (m[0] * x + m[1] * y + m[2]) / z;
    at[1] = (m[3] * x + m[4] * y + m[5]) / z;
}

bool scene_cuts_ink(const struct scene *s, int w, int h)
{
    const int rim = 2 * (w + h);
    float at[2];

    for (int i = 0; i < rim; i++) {
        const int k = i < 2 * w ? i % w : (i - 2 * w) % h;
        const float x = i < 2 * w ? (float)k + 0.5F : i < 2 * w + h ? 0.5F : (float)w - 0.5F;
        const float y = i >= 2 * w ? (float)k + 0.5F : i < w ? 0.5F : (float)h - 0.5F;

        paper_under(s, x, y, at);
        if (ink_at(s, at[0], at[1]) > 0)
            return true;
    }
    return false;
}

void scene_view_whole(struct scene *s, int w, int h, float turn, float tilt_x, float tilt_y, float zoom)
{
    const float least = 0.5F;

    do {
        scene_view(s, w, h, turn, tilt_x, tilt_y, zoom);
        zoom *= 0.95F;
    } while (scene_cuts_ink(s, w, h) && zoom > least);
}

/* 0 to 1: how much of the pixel at v is a line. */
static float line_at(float v, float phase, float pitch, float width)
{
    const float at = v - phase - floor_of((v - phase) / pitch) * pitch, d = fminf(at, pitch - at);
    const float cover = fminf(width / 2, d + 0.5F) - fmaxf(-width / 2, d - 0.5F);

    return fmaxf(cover, 0);
}

static float ruling_at(const struct ruling *l, float x, float y)
{
    float cover = 0;

    if (l->pitch_x > 0)
        cover = line_at(x, l->phase_x, l->pitch_x, l->width);
    if (l->pitch_y > 0)
        cover = fmaxf(cover, line_at(y, l->phase_y, l->pitch_y, l->width));
    return fminf(cover, 1) * l->share;
}

/* 0 to 1 and a little over. x, y in px of the picture. */
static float light_at(const struct light *l, float x, float y, int w, int h)
{
    const float u = 2 * x / (float)w - 1, v = 2 * y / (float)h - 1;
    const float beyond = x * l->shadow_x + y * l->shadow_y - l->shadow_at;
    const float shade = fminf(fmaxf(beyond / fmaxf(l->shadow_soft, 0.01F) + 0.5F, 0), 1);

    return (1 - l->fall * (0.5F + 0.35F * (u * l->dx + v * l->dy))) * (1 - l->vignette * (u * u + v * v) / 2) *
           (1 - l->shadow * shade);
}

/* The paper's colour with its lines and ink at paper px x, y. */
static void paper_at(const struct scene *s, float x, float y, uint32_t grain, float rgb[3])
{
    const bool off = !s->endless && !(x >= 0 && y >= 0 && x < (float)s->ink_w && y < (float)s->ink_h);
    const float lines = ruling_at(&s->ruling, x, y);
    float ink = ink_at(s, x, y) / 255 * s->opacity, fibre = 0;

    if (s->fibre > 0)
        fibre = s->fibre * (smooth_noise(x, y, 3, grain) + smooth_noise(x, y, 17, grain + 1));
    if (s->rough > 0 && ink > 0)
        ink *= 1 - s->rough * fminf(fmaxf(0.5F + 0.9F * smooth_noise(x, y, 1.7F, grain + 2), 0), 1);
    for (int k = 0; k < 3; k++) {
        const float paper = s->paper[k] + fibre, ruled = paper + lines * (s->ruling.rgb[k] - paper);

        rgb[k] = off ? s->table[k] + 3 * fibre : ruled + ink * (s->pen[k] - ruled);
    }
}

void canvas_ink(struct canvas *c, const uint8_t *ink, const float paper[3], const float pen[3])
{
    for (size_t i = 0; i < (size_t)c->w * (size_t)c->h; i++) {
        for (int k = 0; k < 3; k++)
            c->px[4 * i + (size_t)k] = to_byte(paper[k] + (float)ink[i] / 255 * (pen[k] - paper[k]));
        c->px[4 * i + 3] = 255;
    }
}

void canvas_scene(struct canvas *c, const struct scene *s, struct rng *r)
{
    const uint32_t grain = (uint32_t)(rng_u64(r) & 0xffff);

    for (int y = 0; y < c->h; y++)
        for (int x = 0; x < c->w; x++) {
            const float px = (float)x + 0.5F, py = (float)y + 0.5F;
            const float light = light_at(&s->light, px, py, c->w, c->h);
            uint8_t *at = c->px + 4 * ((size_t)y * (size_t)c->w + (size_t)x);
            float rgb[3], under[2];

            paper_under(s, px, py, under);
            paper_at(s, under[0], under[1], grain, rgb);
            for (int k = 0; k < 3; k++)
                at[k] = to_byte(rgb[k] * light * (1 + s->light.cast[k]));
            at[3] = 255;
        }
}

/* One pass of 1 2 1 over n pixels that lie step bytes apart. */
static void smooth_line(uint8_t *px, int n, size_t step)
{
    for (int k = 0; k < 3; k++) {
        int before = px[k];

        for (int i = 0; i < n; i++) {
            uint8_t *at = px + (size_t)i * step + k;
            const int here = *at, after = i + 1 < n ? at[step] : here;

            *at = (uint8_t)((before + 2 * here + after + 2) / 4);
            before = here;
        }
    }
}

void canvas_blur(struct canvas *c, float sigma_px)
{
    const int passes = (int)(2 * sigma_px * sigma_px + 0.5F); /* each adds a variance of 1/2 */
    const size_t row = 4 * (size_t)c->w;

    for (int pass = 0; pass < passes; pass++) {
        for (int y = 0; y < c->h; y++)
            smooth_line(c->px + (size_t)y * row, c->w, 4);
        for (int x = 0; x < c->w; x++)
            smooth_line(c->px + 4 * (size_t)x, c->h, row);
    }
}

void canvas_noise(struct canvas *c, float deviation, struct rng *r)
{
    if (deviation <= 0)
        return;
    for (size_t i = 0; i < (size_t)c->w * (size_t)c->h; i++) {
        const float all = deviation * rng_normal(r);

        for (int k = 0; k < 3; k++)
            c->px[4 * i + (size_t)k] =
                to_byte((float)c->px[4 * i + (size_t)k] + all + 0.87F * deviation * rng_signed(r));
    }
}

void canvas_turn(struct canvas *c, int quarters)
{
    for (; quarters > 0; quarters--) {
        struct canvas to = canvas_new(c->h, c->w);

        for (int y = 0; y < c->h; y++)
            for (int x = 0; x < c->w; x++)
                memcpy(to.px + 4 * ((size_t)x * (size_t)to.w + (size_t)(c->h - 1 - y)),
                       c->px + 4 * ((size_t)y * (size_t)c->w + (size_t)x), 4);
        canvas_free(c);
        *c = to;
    }
}
