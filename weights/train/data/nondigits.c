/* Each kind has a table of what there is; index takes them in turn, so that any number of pictures has as many of each.
 */
#include "nondigits.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "pen.h"

enum { SIDE = NONDIGIT_SIDE, PIXELS = SIDE * SIDE };

/* A name and a skeleton (pen.h). */
struct drawing {
    const char *name, *skeleton;
};

/* Left out as digits in shape: O o Q U (0), I i l J j t (1), Z z (2), S s (5), G b (6), T (7), g q P (9, mirrored or
 * with a short loop), Y y (4 with an open top), and c, v, u, w, x, k, which are their capitals. */
static const struct drawing letters[] = {
    {"A", "M50 0 L10 100 M50 0 L92 100 M25 62 L77 62"},
    {"B", "M18 3 L16 97 M4 4 S58 -4 72 16 60 44 20 50 M20 50 S76 46 86 70 62 98 6 97"},
    {"D", "M24 0 L22 98 M10 2 S60 -6 82 26 78 84 10 100"},
    {"C", "M88 18 S60 0 28 14 10 50 26 86 60 100 90 82"},
    {"E", "M15 0 L15 100 M15 2 L85 0 M15 50 L75 50 M15 98 L88 98"},
    {"F", "M15 0 L15 100 M15 2 L85 0 M15 48 L72 48"},
    {"H", "M12 0 L12 100 M88 0 L88 100 M12 50 L88 50"},
    {"K", "M15 0 L15 100 M85 2 L17 55 L90 100"},
    {"L", "M15 0 L15 98 L85 98"},
    {"M", "M5 100 L15 0 L50 70 L85 0 L95 100"},
    {"N", "M12 100 L12 0 L88 100 L88 0"},
    {"R", "M15 100 L15 2 S50 -2 80 14 74 46 17 54 L85 100"},
    {"V", "M5 0 L50 100 L95 0"},
    {"W", "M2 0 L26 100 L50 25 L74 100 L98 0"},
    {"X", "M10 0 L90 100 M90 0 L10 100"},
    {"a", "M80 34 S50 22 22 40 20 80 46 92 78 66 80 34 L80 80 S84 92 96 94"},
    {"alpha", "M96 6 S74 62 48 88 16 88 6 62 22 30 46 40 74 84 98 92"},
    {"gamma", "M2 22 S14 2 30 14 46 58 S56 92 46 112 34 98 46 58 L86 4"},
    {"beta", "M14 128 S24 60 26 28 50 -2 68 14 60 44 36 46 S80 52 76 80 46 96 24 82"},
    {"d", "M76 44 S50 36 26 50 20 86 46 98 72 82 78 60 M80 0 L78 84 S82 98 94 98"},
    {"e", "M18 62 L82 56 S76 28 48 30 18 60 26 84 56 100 84 84"},
    {"f", "M84 12 S66 -2 52 16 46 60 46 100 M20 46 L76 44"},
    {"h", "M18 0 L18 100 M18 60 S40 38 64 44 78 66 78 100"},
    {"m", "M8 36 L8 100 M8 52 S28 32 44 44 48 70 48 100 M48 52 S68 32 84 44 90 70 90 100"},
    {"n", "M18 36 L18 100 M18 56 S40 32 64 42 78 66 78 100"},
    {"p", "M20 30 L20 130 M20 44 S48 26 74 42 70 84 44 92 20 82 20 74"},
    {"r", "M25 36 L25 100 M25 60 S42 38 58 36 68 36 76 42"},
};

/* No circle or diamond (0), no single line (1), no tick and no zigzag of three lines (7, 2). */
static const struct drawing shapes[] = {
    {"triangle", "M50 4 L96 92 L4 92 L50 4"},
    {"square", "M6 6 L94 6 L94 94 L6 94 L6 6"},
    {"arrow", "M2 50 L96 50 M64 20 L97 50 L64 80"},
    {"star", "M20 96 L50 2 L80 96 L4 36 L96 36 L20 96"},
    {"heart", "M50 28 S34 4 12 14 8 44 26 68 50 96 M50 28 S66 4 88 14 92 44 74 68 50 96"},
    {"house", "M14 98 L14 44 L50 6 L86 44 L86 98 L14 98 M14 44 L86 44 M42 98 L42 66 L60 66 L60 98"},
    {"smiley",
     "M50 0 S86 14 100 50 86 86 50 100 14 86 0 50 14 14 50 0 M32 34 L33 40 M68 34 L67 40 M26 62 S50 82 74 62"},
    {"plus", "M50 4 L50 96 M4 50 L96 50"},
    {"cross", "M8 8 L92 92 M92 8 L8 92"},
    {"grid",
     "M0 0 L100 0 M0 33 L100 33 M0 67 L100 67 M0 100 L100 100 M0 0 L0 100 M33 0 L33 100 M67 0 L67 100 M100 0 L100 100"},
    {"lines", "M0 10 L100 10 M0 36 L100 36 M0 62 L100 62 M0 88 L100 88"},
    {"bars", "M10 0 L10 100 M36 0 L36 100 M62 0 L62 100 M88 0 L88 100"},
    {"spiral", "M50 50 S60 54 54 64 36 60 34 44 56 28 76 44 72 80 44 86 12 66 14 34 50 4 92 24 100 66"},
    {"waves", "M0 30 S12 18 25 30 50 30 75 30 100 30 M0 70 S12 58 25 70 50 70 75 70 100 70"},
    {"sun", "M50 30 S70 50 50 70 30 50 50 30 M50 20 L50 0 M50 80 L50 100 M20 50 L0 50 M80 50 L100 50 M29 29 L14 14 "
            "M71 29 L86 14 M29 71 L14 86 M71 71 L86 86"},
    {"tree", "M50 100 L50 72 M50 0 L20 36 L38 36 L10 72 L90 72 L62 36 L80 36 L50 0"},
    {"dots", "M14 16 L16 16 M82 10 L84 10 M48 44 L50 44 M20 82 L22 82 M86 78 L88 78"},
    {"scribble", NULL},
    {"doodle", NULL},
};

static const char *const noises[] = {"uniform", "gaussian", "salt", "smooth"};
static const char *const papers[] = {"flat", "lit", "ruled", "squared", "grain"};
enum { NOISE_UNIFORM, NOISE_GAUSSIAN, NOISE_SALT, NOISE_SMOOTH };
enum { PAPER_FLAT, PAPER_LIT, PAPER_RULED, PAPER_SQUARED, PAPER_GRAIN };

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

const char *nondigit_name(enum nondigit_kind kind)
{
    static const char *const names[NONDIGIT_KINDS] = {"noise", "blank", "letter", "shape"};

    return names[kind];
}

const char *nondigit_label(enum nondigit_kind kind, uint64_t seed, uint64_t index)
{
    (void)seed; /* decides how it is drawn, not what */
    switch (kind) {
    case NONDIGIT_NOISE:
        return noises[index % COUNT(noises)];
    case NONDIGIT_BLANK:
        return papers[index % COUNT(papers)];
    case NONDIGIT_LETTER:
        return letters[index % COUNT(letters)].name;
    default:
        return shapes[index % COUNT(shapes)].name;
    }
}

static uint8_t to_grey(float v)
{
    return v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)(v + 0.5F);
}

/* Values in grains of grain px, bilinear between their middles where smooth. */
static void draw_noise(int what, struct rng *r, uint8_t *px)
{
    float cell[SIDE + 2][SIDE + 2];
    const int grain = 1 << rng_below(r, 5);
    const float middle = 40 + 175 * rng_float(r), deviation = 15 + 85 * rng_float(r);
    const float salt = 0.01F + 0.3F * rng_float(r), paper = rng_below(r, 2) ? 255 : 0;

    for (int y = 0; y < SIDE / grain + 2; y++)
        for (int x = 0; x < SIDE / grain + 2; x++)
            cell[y][x] = what == NOISE_UNIFORM ? 255 * rng_float(r)
                         : what == NOISE_SALT  ? (rng_float(r) < salt ? 255 - paper : paper)
                                               : middle + deviation * rng_normal(r);
    for (int i = 0; i < PIXELS; i++) {
        const int cx = i % SIDE / grain, cy = i / SIDE / grain;
        const float fx = (float)(i % SIDE % grain) / (float)grain, fy = (float)(i / SIDE % grain) / (float)grain;
        const float top = cell[cy][cx] + fx * (cell[cy][cx + 1] - cell[cy][cx]);
        const float low = cell[cy + 1][cx] + fx * (cell[cy + 1][cx + 1] - cell[cy + 1][cx]);

        px[i] = to_grey(what == NOISE_SMOOTH ? top + fy * (low - top) : cell[cy][cx]);
    }
}

/* Lines a pitch apart, printed lighter or darker than the paper; 0 px wide: none. */
struct ruling {
    float pitch, phase, width, depth, tilt;
};

static float ruled(const struct ruling *l, float along, float across)
{
    const float at = fmodf(across + l->tilt * along + l->phase + 10 * l->pitch, l->pitch);
    const float d = fminf(at, l->pitch - at), cover = fminf(fmaxf(l->width / 2 + 0.5F - d, 0), 1);

    return l->depth * cover;
}

/* A photo of paper on which nothing was written; flat is a drawing area that nobody touched. */
static void draw_blank(int what, struct rng *r, uint8_t *px)
{
    const float base = what == PAPER_FLAT ? 255 * rng_float(r) : 90 + 160 * rng_float(r), fall = 0.4F * rng_float(r);
    const float angle = 6.28F * rng_float(r), dx = cosf(angle), dy = sinf(angle), vignette = 0.4F * rng_float(r);
    const float grain = what == PAPER_GRAIN ? 4 + 12 * rng_float(r) : 3 * rng_float(r);
    struct ruling lines;

    lines.pitch = 12 + 24 * rng_float(r);
    lines.width = 0.6F + 1.6F * rng_float(r);
    lines.depth = 10 + 60 * rng_float(r);
    lines.tilt = 0.05F * rng_signed(r);
    lines.phase = lines.pitch * rng_float(r);
    for (int i = 0; i < PIXELS; i++) {
        const float x = (float)(i % SIDE), y = (float)(i / SIDE), u = 2 * x / SIDE - 1, v = 2 * y / SIDE - 1;
        float value = base, light = 1 - fall * (0.5F + 0.35F * (u * dx + v * dy)) - vignette * (u * u + v * v) / 2;

        if (what == PAPER_RULED || what == PAPER_SQUARED)
            value -= ruled(&lines, x, y);
        if (what == PAPER_SQUARED)
            value -= ruled(&lines, -y, x);
        px[i] = to_grey(what == PAPER_FLAT ? value : value * light + grain * rng_normal(r));
    }
}

/* A hand that goes back and forth (scribble) or anywhere (doodle): 10 to 30 points. */
static void scribble(bool back_and_forth, struct rng *r, char text[512])
{
    const int n = 10 + rng_index(r, 21);
    size_t at = 0;

    for (int i = 0; i < n; i++) {
        const int wide = i % 2 ? 100 : 0, x = back_and_forth ? wide + rng_index(r, 21) - 10 : rng_index(r, 101);
        const int y = back_and_forth ? 100 * i / n + rng_index(r, 15) : rng_index(r, 101);
        const int v[2] = {x, y};

        text[at++] = i == 0 ? 'M' : i == 1 ? 'S' : ' ';
        for (int k = 0; k < 2; k++) {
            const int size = v[k] < 0 ? -v[k] : v[k];

            text[at] = '-';
            at += v[k] < 0;
            text[at] = (char)('0' + size / 100);
            at += size >= 100;
            text[at] = (char)('0' + size / 10 % 10);
            at += size >= 10;
            text[at++] = (char)('0' + size % 10);
            text[at++] = ' ';
        }
    }
    text[at] = '\0';
}

/* A drawing anywhere on a paper of any grey, with a pen of 1.5 to 9 % of the side. */
static void draw_with_pen(const struct drawing *d, struct rng *r, uint8_t *px)
{
    struct pen_figure figure;
    struct pen_hand hand;
    char own[512] = "";
    float box[4];

    if (d->skeleton == NULL)
        scribble(strcmp(d->name, "scribble") == 0, r, own);
    pen_hand_make(&hand, r);
    if (pen_write(d->skeleton ? d->skeleton : own, &hand, r, &figure) != OK)
        figure.strokes = 0; /* the unit test walks the tables */
    const float radius = SIDE * (0.0075F + 0.0375F * rng_float(r)),
                size = SIDE * (0.45F + 0.5F * rng_float(r)) - 2 * radius;
    const float dark = 110 * rng_float(r), light = 150 + 105 * rng_float(r), noise = 4 * rng_float(r);
    const float paper = rng_below(r, 4) ? light : dark, ink = paper > dark ? dark : light;
    uint8_t drawn[PIXELS] = {0};

    if (figure.strokes > 0) {
        pen_box(&figure, box);
        const float w = box[2] - box[0], h = box[3] - box[1], scale = size / fmaxf(fmaxf(w, h), 0.01F);
        const float x = radius + (SIDE - 2 * radius - scale * w) * rng_float(r) - scale * box[0];
        const float y = radius + (SIDE - 2 * radius - scale * h) * rng_float(r) - scale * box[1];

        pen_move(&figure, scale, x, y, radius);
        pen_draw(&figure, SIDE, SIDE, drawn);
    }
    for (int i = 0; i < PIXELS; i++)
        px[i] = to_grey(paper + (ink - paper) * (float)drawn[i] / 255 + noise * rng_normal(r));
}

void nondigit_draw(enum nondigit_kind kind, uint64_t seed, uint64_t index, uint8_t px[PIXELS])
{
    struct rng r;

    rng_seed(&r, seed, RNG_NONDIGIT, index * NONDIGIT_KINDS + (uint64_t)kind);
    switch (kind) {
    case NONDIGIT_NOISE:
        draw_noise((int)(index % COUNT(noises)), &r, px);
        break;
    case NONDIGIT_BLANK:
        draw_blank((int)(index % COUNT(papers)), &r, px);
        break;
    case NONDIGIT_LETTER:
        draw_with_pen(&letters[index % COUNT(letters)], &r, px);
        break;
    default:
        draw_with_pen(&shapes[index % COUNT(shapes)], &r, px);
        break;
    }
}
