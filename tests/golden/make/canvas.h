/* Colour pictures being made, and what happens between an ink and a file: paper, light, lens, noise. */
#ifndef DIGITD_GOLDEN_CANVAS_H
#define DIGITD_GOLDEN_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rng.h"

/* px[h][w][4]: red, green, blue, opacity, 0 to 255. A program of its own owns it: no memory ends the program. */
struct canvas {
    int w, h;
    uint8_t *px;
};

struct canvas canvas_new(int w, int h);
void canvas_free(struct canvas *c);

/* Ends the program with a line that begins with what. */
_Noreturn void die(const char *what, const char *why);
/* n zeroed bytes, or the end of the program. */
void *need(size_t n);

/* Printed lines on the paper. */
struct ruling {
    float pitch_x, pitch_y;     /* px of the paper between vertical and between horizontal lines; 0: none */
    float phase_x, phase_y;     /* where the first ones are */
    float width, rgb[3], share; /* px; colour; how much of the paper they hide, 0 to 1 */
};

/* Lamp and lens. All 0: even light. */
struct light {
    float fall, dx, dy;                                       /* darker by fall towards (dx, dy), a unit vector */
    float vignette;                                           /* darker by this in the corners */
    float shadow, shadow_x, shadow_y, shadow_at, shadow_soft; /* a half-plane darker by shadow, beyond shadow_at along
                                                                the unit vector; an edge shadow_soft px wide */
    float cast[3];                                            /* colour of the light as a factor less 1 */
};

/* A flat paper with ink on it, as the picture's pixels see it. */
struct scene {
    const uint8_t *ink; /* [ink_h][ink_w], 0 to 255: the paper, and what is covered */
    int ink_w, ink_h;
    float paper[3], pen[3]; /* colours, 0 to 255 */
    float opacity;          /* of the ink, 0 to 1 */
    float rough;            /* 0 to 1: the part of the ink that a paper's grain keeps off (pencil, chalk) */
    float fibre;            /* deviation of the paper's own texture */
    bool endless;           /* the paper goes on outside the raster; else there is a table */
    float table[3];
    struct ruling ruling;
    float view[9]; /* picture px -> paper px, projective, row by row */
    struct light light;
};

/* view: the identity. */
void scene_plain(struct scene *s, const uint8_t *ink, int w, int h);
/* Looks at the paper turned by turn radians, slanted by tilt_x and tilt_y (0.3 is a strong perspective), about the
 * middle of a w x h picture and of the raster, magnified by zoom. */
void scene_view(struct scene *s, int w, int h, float turn, float tilt_x, float tilt_y, float zoom);

/* The same, but from further away, down to a zoom of about a half, until no ink is under the picture's rim. */
void scene_view_whole(struct scene *s, int w, int h, float turn, float tilt_x, float tilt_y, float zoom);

/* Whether there is ink under the rim of a w x h picture of the scene. */
bool scene_cuts_ink(const struct scene *s, int w, int h);

/* Fills c with ink[h][w] of colour pen on paper. */
void canvas_ink(struct canvas *c, const uint8_t *ink, const float paper[3], const float pen[3]);
/* Fills c with the scene. */
void canvas_scene(struct canvas *c, const struct scene *s, struct rng *r);
/* Smooths by about sigma px. */
void canvas_blur(struct canvas *c, float sigma_px);
/* Sensor noise: deviation 0 to 255 of all channels together, half of it again of each alone. */
void canvas_noise(struct canvas *c, float deviation, struct rng *r);
/* Turns by quarter circles, clockwise. */
void canvas_turn(struct canvas *c, int quarters);

/* A smooth random field with bumps about cell px apart, -1 to 1 or so; the same for the same seed. */
float smooth_noise(float x, float y, float cell, uint32_t seed);

#endif
