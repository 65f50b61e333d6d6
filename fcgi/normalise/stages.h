/* The stages, one in each file: a picture in, a picture out. Only normalise.c, which has their table, and their tests
 * call them.
 *
 * Each takes a picture in one state and leaves it in a state (see normalise_stages; the stage itself sets picture.state
 * if it changes). A stage changes only what its comment says. The only error is ERR_NOMEM. A stage frees everything
 * that it allocates except px. */
#ifndef DIGITD_NORMALISE_STAGES_H
#define DIGITD_NORMALISE_STAGES_H

#include "picture.h"

enum {
    /* The least ink (of 255) that belongs to a stroke, including its soft edge: MNIST's boxes contain it (mnist.c). */
    INK_LEAST = 33,
    /* Certain ink starts here at the lowest, at two fifths of full ink. Otsu's split of much pale ink and a little dark
     * ink is lower, and soft edges would count as certain. No drawn picture (parts.c) is lost at 30 or 200. */
    INK_SURE_LEAST = 102
};

/* Not a stage: whether in is already like MNIST, or its negative. If so, sets digit to it bit for bit (or as 255 - v),
 * dark and box, and the state to PICTURE_DIGIT. */
bool mnist_pass(struct picture *p);

/* RASTER -> TONES: a working copy of at most a megapixel. */
enum err reduce_run(struct picture *p);

/* If a sheet of paper on a desk (or a canvas in a window) is visible completely, or nearly, everything around it
 * becomes like the paper next to it. Allocates up to 180 kB. */
enum err sheet_run(struct picture *p);

/* Finds out what the paper is like (paper, dark), using the visitor's option for the ink. Inverts px if the ink is
 * light: from here on the paper is lighter than the ink. Allocates up to 150 kB. */
enum err paper_run(struct picture *p);

/* TONES -> DARKENING: subtracts the paper's tone and, in uneven light, its grain; then px also gets smaller. Allocates
 * up to 200 kB. */
enum err level_run(struct picture *p);

/* Sets straight lines that are not part of the digit to 0: ruled and squared paper, frames, the cell lines of a form.
 * Sets lined. Allocates up to 8 bytes a pixel. */
enum err lines_run(struct picture *p);

/* A part of lines: takes off those along the sides of the picture, and mends the strokes that touch or cross them.
 * Allocates up to 64 bytes for each px of a side. */
enum err sides_run(struct picture *p);

/* DARKENING -> INK: 0 up to the paper's noise, 255 from a full stroke on. Sets threshold, or refuses. */
enum err threshold_run(struct picture *p);

/* Sets to 0 what does not belong to the digit: specks, frames and rings, marks, pieces of lines or of a neighbour. Sets
 * box, or refuses.
 * Allocates up to 2.5 MB. */
enum err parts_run(struct picture *p);

/* INK -> SMALL: scales the longest side of the box to 20 px (or that of the whole picture to 28). scale_piece does the
 * work, for any box that is not empty: its longest side becomes side_px. It widens thin strokes by up to margin px on
 * each side, within that size, and brightens pale ones. */
enum err scale_run(struct picture *p);
enum err scale_piece(const struct raster *ink, const struct box *box, int side_px, int margin, struct small *out);
enum { SCALE_BOX_PX = 20, SCALE_MARGIN_PX = 1 };

/* SMALL -> DIGIT: places it in 28x28 as center says. Never fails. shift: as in struct picture. */
enum err place_run(struct picture *p);
void place_small(const struct small *s, enum normalise_center center, uint8_t digit[DIGIT_PIXELS], double shift[2]);

#endif
