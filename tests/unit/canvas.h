/* For the tests of the normaliser: canvases, MNIST's digits laid on them, and how far two results differ. Small static
 * functions: each test program uses most of them. */
#ifndef DIGITD_TEST_CANVAS_H
#define DIGITD_TEST_CANVAS_H

#include "image/image.h"
#include "normalise/normalise.h"
#include "pictures.h"

enum { PIXELS = DIGIT_PIXELS };

static inline struct normalise_steps run(const uint8_t *px, int w, int h, uint8_t out[PIXELS])
{
    const struct raster in = {.w = w, .h = h, .px = px};
    struct normalise_steps steps;

    assert_int_equal(normalise(&in, out, &steps), OK);
    assert_int_equal(steps.width, w);
    assert_int_equal(steps.height, h);
    assert_in_range(steps.box[0], 0, w);
    assert_in_range(steps.box[1], 0, h);
    assert_in_range(steps.box[0] + steps.box[2], steps.blank ? 0 : 1, w);
    assert_in_range(steps.box[1] + steps.box[3], steps.blank ? 0 : 1, h);
    return steps;
}

static inline uint8_t *canvas(int w, int h, uint8_t tone)
{
    uint8_t *px = malloc((size_t)w * (size_t)h);

    assert_non_null(px);
    memset(px, tone, (size_t)w * (size_t)h);
    return px;
}

static inline void fill(uint8_t *px, int w, int x, int y, int width, int height, uint8_t tone)
{
    for (int i = 0; i < height; i++)
        memset(px + (size_t)(y + i) * (size_t)w + x, tone, (size_t)width);
}

static inline double mean_difference(const uint8_t *a, const uint8_t *b)
{
    int sum = 0;

    for (int i = 0; i < PIXELS; i++)
        sum += abs(a[i] - b[i]);
    return sum / (double)PIXELS;
}

/* The least over moves by up to one pixel: the centre of mass is put on whole pixels, so a hair may move a digit by
 * one. */
static inline double moved_difference(const uint8_t *a, const uint8_t *b)
{
    double least = 255;

    for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++) {
            uint8_t moved[PIXELS] = {0};
            double d;

            for (int i = 0; i < PIXELS; i++) {
                const int x = i % 28 + dx, y = i / 28 + dy;

                if (x >= 0 && x < 28 && y >= 0 && y < 28)
                    moved[i] = b[y * 28 + x];
            }
            d = mean_difference(a, moved);
            least = d < least ? d : least;
        }
    return least;
}

static inline void decode(const char *path, struct image *img)
{
    size_t n;
    uint8_t *bytes = file_read(path, &n);

    assert_int_equal(image_decode(bytes, n, img, NULL), OK);
    free(bytes);
}

static inline void read_sample(int digit, uint8_t px[PIXELS])
{
    char path[100];
    struct image img;

    snprintf(path, sizeof(path), "html/samples/%d.png", digit);
    decode(path, &img);
    memcpy(px, img.px, PIXELS);
    image_free(&img);
}

/* sample enlarged k times (bilinear), its values v laid over px as ink of this tone at x, y. */
static inline void paste(uint8_t *px, int w, const uint8_t *sample, int k, int x, int y, int ink)
{
    for (int oy = 0; oy < 27 * k; oy++)
        for (int ox = 0; ox < 27 * k; ox++) {
            const uint8_t *s = sample + oy / k * 28 + ox / k;
            const int fx = ox % k, fy = oy % k;
            const int v =
                (s[0] * (k - fx) * (k - fy) + s[1] * fx * (k - fy) + s[28] * (k - fx) * fy + s[29] * fx * fy) / (k * k);
            uint8_t *to = px + (size_t)(y + oy) * (size_t)w + (size_t)(x + ox);

            *to = (uint8_t)(*to + (ink - *to) * v / 255);
        }
}

#endif
