/* Big-endian: 0, 0, type, the number of dimensions; then each of them. */
#include "idx_head.h"

enum { IDX_BYTES = 8 }; /* the type: unsigned bytes */

enum err idx_head_add(struct buf *out, const uint32_t *dims, uint8_t n_dims)
{
    const uint8_t magic[4] = {0, 0, IDX_BYTES, n_dims};

    (void)buf_add(out, magic, sizeof(magic));
    for (int i = 0; i < n_dims; i++) {
        const uint8_t dim[4] = {(uint8_t)(dims[i] >> 24), (uint8_t)(dims[i] >> 16), (uint8_t)(dims[i] >> 8),
                                (uint8_t)dims[i]};

        (void)buf_add(out, dim, sizeof(dim));
    }
    return buf_status(out);
}
