/* The stages, one a file: a picture in, a picture out. normalise.c has their table and is the only one that calls them,
 * but for their tests.
 *
 * Each takes a picture of one state and leaves one of a state (normalise_stages tells which; it sets picture.state
 * itself where that changes). What it does not say that it changes, it leaves alone. Each may fail for want of memory,
 * ERR_NOMEM, and for nothing else; what it allocates beside px it frees. */
#ifndef DIGITD_NORMALISE_STAGES_H
#define DIGITD_NORMALISE_STAGES_H

#include "picture.h"

enum {
    /* The least ink (of 255) that belongs to a stroke, its soft edge included: MNIST's boxes hold it (mnist.c). */
    INK_LEAST = 33,
    /* Ink that is sure begins here at the lowest, two fifths of full ink: Otsu's split of much pale ink beside a little
     * dark is lower, and soft edges would be sure. No drawn picture (parts.c) is lost at 30 or 200. */
    INK_SURE_LEAST = 102
};

/* Not a stage: whether in is MNIST's already, or its negative. Then digit is it, bit for bit (or as 255 - v), with dark
 * and box; the state is PICTURE_DIGIT. */
bool mnist_pass(struct picture *p);

/* RASTER -> TONES: a working copy of at most a megapixel. */
enum err reduce_run(struct picture *p);

/* Where a sheet of paper on a desk (or a canvas in a window) is seen whole, or nearly, all that surrounds it becomes as
 * its paper is next to it. Allocates up to 180 kB. */
enum err sheet_run(struct picture *p);

/* Finds what the paper is like (paper, dark), following the visitor's wish about ink. Turns px over where the ink is
 * light: from here on the paper is the lighter. Allocates up to 150 kB. */
enum err paper_run(struct picture *p);

/* TONES -> DARKENING: the paper's own tone taken off, and in uneven light its grain. There, px gets smaller, too.
 * Allocates up to 200 kB. */
enum err level_run(struct picture *p);

/* Straight lines that are not the digit's become 0: ruled and squared paper, frames, the cell lines of a form. Sets
 * lined. Allocates up to 8 bytes a pixel. */
enum err lines_run(struct picture *p);

/* DARKENING -> INK: nothing up to the paper's noise, 255 from a full stroke on. Sets threshold, or refuses. */
enum err threshold_run(struct picture *p);

/* What does not belong to the digit becomes 0: specks, frames, scraps of lines or of a neighbour. Sets box, or refuses.
 * Allocates up to 2.5 MB. */
enum err parts_run(struct picture *p);

/* INK -> SMALL: the box with its longest side at 20 px (or the whole picture at 28). scale_piece does the work, for
 * any box (not empty) of any ink: its longest side to side_px. Thin strokes are widened within it by up to margin px on
 * each side, pale ones made bright. */
enum err scale_run(struct picture *p);
enum err scale_piece(const struct raster *ink, const struct box *box, int side_px, int margin, struct small *out);
enum { SCALE_BOX_PX = 20, SCALE_MARGIN_PX = 1 };

/* SMALL -> DIGIT: laid down in 28x28 as center says. Never fails. shift: as in struct picture. */
enum err place_run(struct picture *p);
void place_small(const struct small *s, enum normalise_center center, uint8_t digit[DIGIT_PIXELS], double shift[2]);

#endif
