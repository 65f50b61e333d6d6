/* The size of a digit's picture, MNIST's: what the normaliser makes, the network reads and the history keeps. */
#ifndef DIGITD_BASE_DIGIT_SIZE_H
#define DIGITD_BASE_DIGIT_SIZE_H

enum { DIGIT_SIDE_PX = 28, DIGIT_PIXELS = DIGIT_SIDE_PX * DIGIT_SIDE_PX };

#endif
