/* Several networks of the same shape as one: an ensemble that the engine reads as any other file.
 *
 * Member g becomes group g of every convolution (but of the first, where all see the picture, unless they see it in
 * different ways: then the first layer makes a view for each), and the last dense layer adds the members' logits, each
 * over its own temperature, divided by how many they are: the geometric mean of their probabilities (Hinton 2002's
 * product of experts, tempered). */
#ifndef DIGITD_WEIGHTS_JOIN_H
#define DIGITD_WEIGHTS_JOIN_H

#include "net/model.h"

enum { JOIN_MEMBERS_MAX = 8 };

/* A new model without a rejection head, with temperature 1 and thresholds that reject nothing: `digit calibrate` fits
 * them. Its golden pictures are those of the first member, if it has any. ERR_UNSUPPORTED, with the reason, for members
 * whose layers differ, that have other dense layers than the last, or a ReLU on that, or groups or several views
 * already, or no convolution; ERR_RANGE for less than two or too many; model_create's ERR_LIMIT; ERR_NOMEM. */
enum err join_models(struct model **out, struct model *const *members, int n, struct why *why);

#endif
