/* Chooses by contrast: the cube mean of the distances from the median, over a sample of the picture.
 *
 * With the third power, a thin stroke still counts next to much shading of low contrast (normalise/paper.c has the
 * figures), and the share of ink, the same in every channel, cancels out. Cubes are compared, so no root is needed. */
#include "grey.h"

#include <string.h>

/* 1.5 times the contrast, as cubes. A blue ball pen (40 60 160 on 235) has 1.15 times the contrast in red that it has
 * in luminance, a red one (200 40 50) 1.3 times in green: those stay with the luminance, which has the least noise,
 * since JPEG stores colour at half the size. Yellow on white has 9 times as much in blue. */
static const double GREY_BETTER = 1.5 * 1.5 * 1.5;

/* The opacity is used only if the colours show nothing: 24 levels in one pixel in a thousand. Otherwise round corners
 * or a soft shadow around a screenshot would count more than what is drawn inside. */
static const double GREY_NOTHING = 24.0 * 24.0 * 24.0 / 1000;

/* A picture with keyed black: hardly any pixel, one in so many, is half transparent; the mean of the opaque edges is
 * darker than half, and what they enclose is lighter; and over black it has at least this part of the contrast that it
 * has over white. Dark blue ink on nothing (20 40 160) has an 80th, since over black it hardly shows; the smallest
 * digits that were drawn (20 px, blurred) have a quarter. */
enum { GREY_KEY_PARTIAL_PART = 50, GREY_KEY_EDGE_MOST = 127, GREY_KEY_CONTRAST_PART = 8 };

const struct grey_mix grey_mixes[GREY_CHANNELS] = {
    [GREY_LUMINANCE] = {"luminance", 299, 587, 114},
    [GREY_RED] = {"red", 1000, 0, 0},
    [GREY_GREEN] = {"green", 0, 1000, 0},
    [GREY_BLUE] = {"blue", 0, 0, 1000},
    [GREY_COVER] = {"cover", 0, 0, 0},
};

void grey_count(struct grey_counts *c, const struct grey_colour *colour)
{
    if (colour->red == colour->green && colour->green == colour->blue && colour->cover == GREY_OPAQUE)
        c->grey[colour->red]++;
    else
        for (int channel = 0; channel < GREY_CHANNELS; channel++)
            c->of[channel][grey_of(&grey_mixes[channel], colour)]++;
}

static int64_t total_of(const int64_t count[256])
{
    int64_t total = 0;

    for (int v = 0; v < 256; v++)
        total += count[v];
    return total;
}

/* The least value that at least half of all do not exceed. */
static int median_of(const int64_t count[256], int64_t total)
{
    int64_t seen = 0;
    int v = 0;

    for (; v < 255; v++) {
        seen += count[v];
        if (2 * seen >= total)
            break;
    }
    return v;
}

static double contrast_of(const int64_t count[256])
{
    const int64_t total = total_of(count);
    const int paper = median_of(count, total);
    double sum = 0;

    for (int v = 0; v < 256; v++) {
        const double d = v < paper ? paper - v : v - paper;

        sum += (double)count[v] * d * d * d;
    }
    return total > 0 ? sum / (double)total : 0;
}

static double contrast_cubed(const struct grey_counts *c, enum grey_channel channel)
{
    int64_t count[256];

    memcpy(count, c->of[channel], sizeof(count));
    for (int v = 0; v < 256; v++)
        count[channel == GREY_COVER ? 0 : v] += c->grey[v];
    return contrast_of(count);
}

void grey_key_count(struct grey_key *k, const struct grey_colour *colour, bool beside_clear)
{
    const uint8_t v = grey_of(&grey_mixes[GREY_LUMINANCE], colour);

    if (colour->cover == 0) {
        k->clear++;
    } else if (colour->cover < GREY_OPAQUE) {
        k->partial++;
    } else {
        k->of[v]++;
        k->edge[v] += beside_clear;
    }
}

/* Of the opaque pixels, with the transparent ones as v. */
static double contrast_over(const struct grey_key *k, uint8_t v)
{
    int64_t count[256];

    memcpy(count, k->of, sizeof(count));
    count[v] += k->clear;
    return contrast_of(count);
}

bool grey_is_keyed(const struct grey_key *k)
{
    const int64_t edges = total_of(k->edge), opaque = total_of(k->of);
    int64_t sum = 0;

    for (int v = 0; v < 256; v++)
        sum += v * k->edge[v];
    if (edges == 0 || sum > GREY_KEY_EDGE_MOST * edges ||
        GREY_KEY_PARTIAL_PART * k->partial > k->clear + k->partial + opaque)
        return false;
    return contrast_over(k, (uint8_t)(sum / edges)) >= GREY_NOTHING &&
           GREY_KEY_CONTRAST_PART * contrast_over(k, 0) >= contrast_over(k, 255);
}

struct grey_colour grey_over_black(const struct grey_colour *c)
{
    return (struct grey_colour){c->red * c->cover / GREY_OPAQUE, c->green * c->cover / GREY_OPAQUE,
                                c->blue * c->cover / GREY_OPAQUE, GREY_OPAQUE};
}

enum grey_channel grey_choose(const struct grey_counts *c)
{
    enum grey_channel best = GREY_LUMINANCE;
    double most;

    if (total_of(c->of[GREY_LUMINANCE]) == 0) /* all grey */
        return best;
    most = contrast_cubed(c, GREY_LUMINANCE) * GREY_BETTER;
    for (enum grey_channel channel = GREY_RED; channel <= GREY_BLUE; channel++) {
        const double contrast = contrast_cubed(c, channel);

        if (contrast > most) {
            most = contrast;
            best = channel;
        }
    }
    if (most / GREY_BETTER < GREY_NOTHING && contrast_cubed(c, GREY_COVER) > most)
        best = GREY_COVER;
    return best;
}
