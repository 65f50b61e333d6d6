/* Pictures in which the paper is not one tone, or the ink hardly darker than it: faint pencil, chalk and prints, ink of
 * uneven pressure, shadows without grain, patches of paper on other paper, vignettes, colours made transparent; and
 * papers that nobody has written on. */
#include "kinds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A sheet being set up. Fills in what most kinds share; make_end makes the picture of it. */
struct sheet {
    struct scene scene;
    uint8_t *ink;
    int w, h;
    float side, blur, noise;
};

static void set_grey(float to[3], float tone)
{
    to[0] = to[1] = to[2] = tone;
}

/* A picture of low to high px, with the job's digit size[0] to size[1] of its shorter side high, unless it is empty. */
static void sheet_begin(struct job *j, struct sheet *s, float low, float high, bool empty)
{
    const bool upright = rng_below(&j->r, 2);
    const float longest = between_log(j, low, high), shape = between(j, 0.7F, 1);
    const float digit = longest * shape * between(j, 0.45F, 0.85F), pen = between(j, 0.06F, 0.12F);

    memset(s, 0, sizeof(*s));
    s->w = (int)(upright ? longest * shape : longest);
    s->h = (int)(upright ? longest : longest * shape);
    s->side = longest * shape;
    s->ink = empty ? need((size_t)s->w * (size_t)s->h)
                   : draw_digit(j, s->w, s->h, digit, fmaxf(digit * pen, 2.5F), PLACE_MIDDLE);
    scene_plain(&s->scene, s->ink, s->w, s->h);
    s->noise = between(j, 0, 2);
    j->format = rng_below(&j->r, 3) ? ENCODE_JPEG : ENCODE_PNG;
    j->quality = between_int(j, 75, 95);
}

static void sheet_draw(struct job *j, struct sheet *s)
{
    j->canvas = canvas_new(s->w, s->h);
    canvas_scene(&j->canvas, &s->scene, &j->r);
}

static void sheet_end(struct job *j, struct sheet *s)
{
    canvas_blur(&j->canvas, s->blur);
    canvas_noise(&j->canvas, s->noise, &j->r);
    free(s->ink);
}

/* Ink of 19 to 27 levels of contrast in a light that is even, or nearly. */
static void faint(struct job *j, const float paper[3], bool light, float rough)
{
    const float contrast = between(j, 19, 27) * (light ? 1 : -1), angle = between(j, 0, 6.28F);
    struct sheet s;

    sheet_begin(j, &s, 90, 900, false);
    for (int k = 0; k < 3; k++) {
        s.scene.paper[k] = paper[k];
        s.scene.pen[k] = paper[k] + contrast;
    }
    s.scene.opacity = 1;
    s.scene.rough = rough;
    s.scene.fibre = between(j, 0, 1);
    s.scene.light.fall = rng_below(&j->r, 2) ? between(j, 0, 0.15F) : 0;
    s.scene.light.dx = cosf(angle);
    s.scene.light.dy = sinf(angle);
    s.blur = between(j, 0.3F, 1) * fminf(s.side / 150, 2.5F);
    sheet_draw(j, &s);
    sheet_end(j, &s);
}

static void make_faint(struct job *j)
{
    float paper[3];

    set_grey(paper, between(j, 170, 250));
    faint(j, paper, false, rng_below(&j->r, 2) ? between(j, 0, 0.4F) : 0);
}

/* On pink, yellow, green and kraft paper, and what a till prints. */
static void make_faint_colour(struct job *j)
{
    static const float papers[][3] = {
        {246, 214, 222}, {246, 236, 170}, {205, 228, 200}, {196, 164, 124}, {234, 230, 220}};

    faint(j, papers[j->number / 10 % 5], false, 0);
}

static void make_faint_chalk(struct job *j)
{
    static const float boards[][3] = {{42, 78, 60}, {40, 42, 44}, {60, 70, 80}};

    const float fall = between(j, 0, 0.3F);

    faint(j, boards[rng_below(&j->r, 3)], true, fall);
}

/* Clear ink in a form's cell that is printed in a screen of dots. */
static void make_halftone(struct job *j)
{
    const float pitch = between(j, 2.2F, 5), angle = between(j, 0, 1.57F), dot = between(j, 90, 200);
    const float share = between(j, 0.15F, 0.6F), tone = between(j, 30, 90);
    struct sheet s;

    sheet_begin(j, &s, 90, 400, false);
    set_grey(s.scene.paper, between(j, 225, 255));
    set_grey(s.scene.pen, tone);
    s.blur = between(j, 0, 0.6F);
    sheet_draw(j, &s);
    for (int y = 0; y < s.h; y++)
        for (int x = 0; x < s.w; x++) {
            const float fx = (float)x, fy = (float)y, turn = 6.2832F / pitch;
            const float u = cosf(turn * (fx * cosf(angle) + fy * sinf(angle)));
            const float v = cosf(turn * (fy * cosf(angle) - fx * sinf(angle)));
            const float cover = fminf(fmaxf((u + v) / 2 - 1 + 2 * share, 0) * 2, 1);
            uint8_t *px = j->canvas.px + 4 * (y * s.w + x);

            for (int k = 0; k < 3; k++)
                px[k] = (uint8_t)fminf(px[k], 255 - cover * (255 - dot));
        }
    sheet_end(j, &s);
}

/* Ink that gets paler along a direction, as of a pen that runs dry, to a quarter or a half of its tone. */
static void make_pressure(struct job *j)
{
    const float angle = between(j, 0, 6.28F), least = between(j, 0.25F, 0.5F), paper = between(j, 200, 255);
    const float at_x = between(j, 0.4F, 0.6F), at_y = between(j, 0.4F, 0.6F), soft = between(j, 0.05F, 0.4F);
    struct sheet s;

    sheet_begin(j, &s, 90, 700, false);
    for (int i = 0; i < s.w * s.h; i++) {
        const float along =
            ((float)(i % s.w) - at_x * (float)s.w) * cosf(angle) + ((float)(i / s.w) - at_y * (float)s.h) * sinf(angle);
        const float share = fminf(fmaxf(along / (soft * s.side) + 0.5F, 0), 1);

        s.ink[i] = (uint8_t)((float)s.ink[i] * (1 - share * (1 - least)));
    }
    set_grey(s.scene.paper, paper);
    set_grey(s.scene.pen, between(j, 10, 60));
    s.blur = between(j, 0, 0.8F);
    sheet_draw(j, &s);
    sheet_end(j, &s);
}

/* A half-plane beyond the point (x, y), shares of the sides, gets factor as light; its edge is soft px wide. */
static void shade(struct canvas *c, float angle, float x, float y, float soft, const float factor[3])
{
    const float co = cosf(angle), si = sinf(angle), at = x * (float)c->w * co + y * (float)c->h * si;

    for (int i = 0; i < c->w * c->h; i++) {
        const float beyond = (float)(i % c->w) * co + (float)(i / c->w) * si - at;
        const float share = fminf(fmaxf(beyond / fmaxf(soft, 0.01F) + 0.5F, 0), 1);

        for (int k = 0; k < 3; k++)
            c->px[4 * i + k] = (uint8_t)((float)c->px[4 * i + k] * (1 - share * (1 - factor[k])) + 0.5F);
    }
}

/* Paper of 225 to 245, and one shadow or two of 0.62 to 0.72 of its light across the digit. */
static void shadowed(struct job *j, bool colour, bool empty)
{
    const int edges = 1 + (rng_below(&j->r, 3) == 0);
    struct sheet s;

    sheet_begin(j, &s, 96, 800, empty);
    set_grey(s.scene.paper, between(j, 225, 245));
    set_grey(s.scene.pen, between(j, 20, 70));
    s.noise = rng_below(&j->r, 2) ? between(j, 0, 2) : 0;
    sheet_draw(j, &s);
    for (int i = 0; i < edges; i++) {
        const float square = 1.5708F * (float)rng_below(&j->r, 4);
        const float angle = rng_below(&j->r, 2) ? square : between(j, 0, 6.28F);
        const float soft = rng_below(&j->r, 2) ? 0 : fminf(between(j, 1, 30), s.side / 16);
        const float dark = between(j, 0.62F, 0.72F), x = between(j, 0.3F, 0.7F), y = between(j, 0.3F, 0.7F);

        shade(&j->canvas, angle, x, y, soft, (float[]){colour ? dark - 0.1F : dark, dark, colour ? dark + 0.1F : dark});
    }
    sheet_end(j, &s);
}

static void make_shadow(struct job *j)
{
    shadowed(j, false, false);
}

static void make_shadow_colour(struct job *j)
{
    shadowed(j, true, false);
}

/* Light ink on a dark page with a lamp in it, or a board that shines: half a plane is lighter, or a round spot. */
static void make_glare(struct job *j)
{
    const bool dark = rng_below(&j->r, 2);
    const float x = between(j, 0, 1), y = between(j, 0, 1), wide = between(j, 0.25F, 0.6F), most = between(j, 20, 60);
    struct sheet s;

    sheet_begin(j, &s, 96, 800, false);
    set_grey(s.scene.paper, dark ? between(j, 15, 60) : between(j, 150, 195));
    set_grey(s.scene.pen, dark ? between(j, 190, 230) : between(j, 20, 60));
    s.blur = between(j, 0, 1);
    sheet_draw(j, &s);
    for (int i = 0; i < s.w * s.h; i++) {
        const float dx = (float)(i % s.w) - x * (float)s.w, dy = (float)(i / s.w) - y * (float)s.h;
        const float glow = most * expf(-(dx * dx + dy * dy) / (wide * wide * s.side * s.side));

        for (int k = 0; k < 3; k++)
            j->canvas.px[4 * i + k] = (uint8_t)fminf((float)j->canvas.px[4 * i + k] + glow, 255);
    }
    sheet_end(j, &s);
}

/* A grey patch on a white page: the digit touches its edges, or nearly. */
static void make_pasted(struct job *j)
{
    const float paper = between(j, 185, 230);
    struct sheet s;

    sheet_begin(j, &s, 80, 500, false);
    free(s.ink);
    const float digit = s.side * between(j, 0.6F, 0.97F), pen = fmaxf(digit * between(j, 0.05F, 0.12F), 2);
    const int left = (int)(s.side * between(j, 0, 0.3F)), up = (int)(s.side * between(j, 0, 0.3F));
    const int w = left + s.w + (int)(s.side * between(j, 0.02F, 0.3F));
    const int h = up + s.h + (int)(s.side * between(j, 0.02F, 0.3F));
    struct canvas page = canvas_new(w, h);

    s.ink = draw_digit(j, s.w, s.h, digit, pen, PLACE_EDGE);
    scene_plain(&s.scene, s.ink, s.w, s.h);
    set_grey(s.scene.paper, paper);
    set_grey(s.scene.pen, between(j, 10, 80));
    sheet_draw(j, &s);
    memset(page.px, 255, 4 * (size_t)w * (size_t)h);
    for (int y = 0; y < s.h; y++)
        memcpy(page.px + 4 * ((y + up) * w + left), j->canvas.px + 4 * y * s.w, 4 * (size_t)s.w);
    canvas_free(&j->canvas);
    j->canvas = page;
    s.noise = rng_below(&j->r, 2) ? s.noise : 0;
    sheet_end(j, &s);
}

/* Corners that are a third to two thirds darker. */
static void vignetted(struct job *j, bool empty)
{
    struct sheet s;

    sheet_begin(j, &s, 96, 700, empty);
    set_grey(s.scene.paper, between(j, 190, 250));
    set_grey(s.scene.pen, between(j, 20, 90));
    s.scene.light.vignette = between(j, 0.35F, 0.65F);
    s.blur = between(j, 0, 1);
    sheet_draw(j, &s);
    sheet_end(j, &s);
}

static void make_vignette(struct job *j)
{
    vignetted(j, false);
}

/* What is exactly of the paper's colour is transparent, and black: light ink on black, or dark on white. */
static void make_keyed(struct job *j)
{
    const bool light = rng_below(&j->r, 4) > 0;
    const float pen = light ? between(j, 200, 255) : between(j, 0, 60);
    struct sheet s;

    sheet_begin(j, &s, 28, 500, false);
    set_grey(s.scene.paper, light ? 0 : 255);
    set_grey(s.scene.pen, pen);
    s.blur = between(j, 0, 0.8F);
    s.noise = 0;
    sheet_draw(j, &s);
    sheet_end(j, &s);
    for (int i = 0; i < s.w * s.h; i++)
        if (j->canvas.px[4 * i] == (light ? 0 : 255))
            memset(j->canvas.px + 4 * i, 0, 4);
    j->format = ENCODE_PNG;
}

/* Paper alone, with its grain, in a lamp's light, with a crease, and JPEG's dirt. */
static void make_blank_paper(struct job *j)
{
    const float angle = between(j, 0, 6.28F), crease = between(j, 0, 12), at = between(j, 0.2F, 0.8F);
    struct sheet s;

    sheet_begin(j, &s, 90, 900, true);
    set_grey(s.scene.paper, between(j, 120, 250));
    s.scene.fibre = between(j, 0, 5);
    s.scene.light.fall = between(j, 0, 0.4F);
    s.scene.light.dx = cosf(angle);
    s.scene.light.dy = sinf(angle);
    s.blur = between(j, 0, 1.5F);
    s.noise = between(j, 0, 8);
    sheet_draw(j, &s);
    if (rng_below(&j->r, 3) == 0) /* one side of a crease is a little darker, the crease itself not */
        shade(&j->canvas, angle, at, at, 2, (float[]){1 - crease / 255, 1 - crease / 255, 1 - crease / 255});
    sheet_end(j, &s);
    j->quality = between_int(j, 30, 95);
}

static void make_blank_shadow(struct job *j)
{
    shadowed(j, rng_below(&j->r, 2), true);
}

static void make_blank_vignette(struct job *j)
{
    vignetted(j, true);
}

const struct kind kinds_faint[] = {
    {"faint", make_faint},
    {"faint-colour", make_faint_colour},
    {"faint-chalk", make_faint_chalk},
    {"halftone", make_halftone},
    {"pressure", make_pressure},
    {"shadow-clean", make_shadow},
    {"shadow-colour", make_shadow_colour},
    {"glare", make_glare},
    {"pasted", make_pasted},
    {"vignette", make_vignette},
    {"keyed", make_keyed},
    {"blank-paper", make_blank_paper},
    {"blank-shadow", make_blank_shadow},
    {"blank-vignette", make_blank_vignette},
    {NULL, NULL},
};
