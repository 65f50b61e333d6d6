/* Tells ink from the paper's noise, and a full stroke from its edges. */
#include <string.h>

#include "normalise/tools/histogram.h"
#include "stages.h"

enum {
    /* Less contrast than this is no ink: JPEG noise on a blank page stays under 10, pencil on paper starts at 40. */
    THRESHOLD_CONTRAST_MIN = 20,
    /* And full strokes are to stand out from the paper's noise, so many times over. Of the 560 drawn pictures (parts.c)
     * 175 are refused at 6, none at 1. */
    THRESHOLD_NOISE_TIMES = 2,
    /* The tone of a full stroke. MNIST's is 253 or 254 by this measure, so that its values stay nearly as they are. */
    THRESHOLD_FULL_PERCENT = 95
};

/* Darkening to ink: nothing up to floor, 255 from full on. */
static void stretch(struct picture *p, int floor, int full)
{
    const size_t n = picture_pixels(p);
    uint8_t to[256];

    for (int v = 0; v < 256; v++)
        to[v] = (uint8_t)(v <= floor ? 0 : v >= full ? 255 : ((v - floor) * 255 + (full - floor) / 2) / (full - floor));
    for (size_t i = 0; i < n; i++)
        p->px[i] = to[p->px[i]];
}

enum err threshold_run(struct picture *p)
{
    const size_t n = picture_pixels(p);
    const int floor = p->paper.noise;
    struct histogram all = {.total = 0}, strokes = {.total = 0};
    int full, threshold = 256;

    for (size_t i = 0; i < n; i++)
        histogram_add(&all, p->px[i]);
    if (floor < 255)
        threshold = histogram_otsu(&all, floor);
    for (int v = threshold; v < 256; v++) {
        strokes.count[v] = all.count[v];
        strokes.total += all.count[v];
    }
    full = histogram_percentile(&strokes, THRESHOLD_FULL_PERCENT);
    p->state = PICTURE_INK;
    if (strokes.total == 0 || full < THRESHOLD_CONTRAST_MIN || full < THRESHOLD_NOISE_TIMES * floor) {
        memset(p->px, 0, n);
        p->refusal = NORMALISE_NO_CONTRAST;
        return OK;
    }
    stretch(p, floor, full);
    threshold = threshold >= full ? 255 : (threshold - floor) * 255 / (full - floor);
    p->threshold = threshold > INK_SURE_LEAST ? threshold : INK_SURE_LEAST;
    return OK;
}
