/* The header of MNIST's file format, IDX (http://yann.lecun.com/exdb/mnist/), for unsigned bytes. */
#ifndef DIGITD_FILES_IDX_HEAD_H
#define DIGITD_FILES_IDX_HEAD_H

#include <stdint.h>

#include "base/buf.h"

/* Appends the header of a file with these dimensions: n for labels; n, height and width for pictures. */
enum err idx_head_add(struct buf *out, const uint32_t *dims, uint8_t n_dims);

#endif
