/* A network as one word for the command line: conv32-pool-conv64-pool-conv128-pool-dense10. */
#ifndef DIGITD_WEIGHTS_LAYER_LIST_H
#define DIGITD_WEIGHTS_LAYER_LIST_H

#include "net/model.h"

/* The small network of MODEL.md. */
#define LAYER_LIST_DEFAULT "conv32-pool-conv64-pool-conv128-pool-dense10"

/* Parts, joined by "-": convN (N filters, 3x3, same padding, ReLU), convNx5 (5x5), a "v" behind either for valid
 * padding; pool (2x2 maximum); denseN (ReLU, but for the last, which must be dense10). Flatten and softmax are added;
 * layers with weights are named conv1, conv2 ..., dense1 ... and have biases. Makes a model with zero weights.
 * ERR_FORMAT, or what model_create finds. */
enum err layer_list_parse(struct model **out, const char *text, struct why *why);

#endif
