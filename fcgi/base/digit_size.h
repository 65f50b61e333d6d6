/* How large the picture of one digit is wherever it is whole: what comes out of the normaliser, goes into a network, is
 * kept in the history. MNIST's size. */
#ifndef DIGITD_BASE_DIGIT_SIZE_H
#define DIGITD_BASE_DIGIT_SIZE_H

enum { DIGIT_SIDE_PX = 28, DIGIT_PIXELS = DIGIT_SIDE_PX * DIGIT_SIDE_PX };

#endif
