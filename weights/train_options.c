/* The settings of `digit train`: names, units, ranges, defaults, in one place. */
#include <stddef.h>

#include "arch.h"
#include "train.h"

#define AT(field)  offsetof(struct train_settings, field)
#define ATT(field) offsetof(struct train_settings, trainer.field)

const struct train_settings train_defaults = {
    .trainer = {.seed = 1,
                .epochs = 60,
                .batch = 128,
                .shards = 4,
                .drop = {{0.1F, 0.2F, 0.4F}, 3},
                .bn_pictures = 4096,
                .augment = {.shift_px = 1.5F,
                            .rotate_deg = 10,
                            .scale = 0.1F,
                            .shear = 0.15F,
                            .elastic_px = 0.6F,
                            .elastic_cell_px = 7},
                .optim = {.rate = 4e-3F,
                          .warm_up = 0.25F,
                          .final_rate = 1e-3F,
                          .beta1 = 0.9F,
                          .beta2 = 0.999F,
                          .epsilon = 1e-8F,
                          .weight_decay = 1e-2F,
                          .ema = 0.999F}},
    .layers = ARCH_DEFAULT,
    .data = "data",
    .out = "build/digits.safetensors",
    .run = "build/train",
};

const struct option train_options[] = {
    {"data", "DIR", OPTION_TEXT, AT(data), 0, 0, false, "where MNIST's IDX files are (weights/fetch-mnist DIR)"},
    {"out", "FILE", OPTION_TEXT, AT(out), 0, 0, false, "the weights file to write at the end"},
    {"run", "DIR", OPTION_TEXT, AT(run), 0, 0, false, "run directory: log.jsonl and checkpoint"},
    {"resume", NULL, OPTION_FLAG, AT(resume), 0, 0, false,
     "go on with the run in --run; its recipe counts, not options"},
    {"finish", NULL, OPTION_FLAG, AT(finish), 0, 0, false, "train no more: write --out from the best of --run so far"},
    {"threads", "N", OPTION_INT, ATT(threads), 0, 64, false, "0: one a processor; does not change the result"},
    {"stop-after", "STEPS", OPTION_INT, AT(stop_after), 0, 1e9, false, "stop then, as by Ctrl-C; 0: go on to the end"},
    {"help", NULL, OPTION_FLAG, AT(help), 0, 0, false, "this text"},
    {"seed", "N", OPTION_SEED, ATT(seed), 0, 0, true, "of first weights, order, distortions, dropout"},
    {"layers", "LIST", OPTION_TEXT, AT(layers), 0, 0, true, "convN, convNx5, convNv (valid), pool, denseN"},
    {"epochs", "N", OPTION_INT, ATT(epochs), 1, 10000, true, "passes over the training pictures"},
    {"batch", "PICTURES", OPTION_INT, ATT(batch), 1, 8192, true, "pictures a step"},
    {"shards", "N", OPTION_INT, ATT(shards), 1, 64, true, "parts of a batch; batch norm's statistics are a part's own"},
    {"rate", "RATE", OPTION_FLOAT, ATT(optim.rate), 0, 10, true, "highest learning rate (AdamW)"},
    {"warm-up", "SHARE", OPTION_FLOAT, ATT(optim.warm_up), 0, 1, true, "of all steps, in which the rate rises"},
    {"final-rate", "SHARE", OPTION_FLOAT, ATT(optim.final_rate), 0, 1, true, "of the rate, where it ends"},
    {"beta1", "DECAY", OPTION_FLOAT, ATT(optim.beta1), 0, 0.99999, true, "of the first moment, a step"},
    {"beta2", "DECAY", OPTION_FLOAT, ATT(optim.beta2), 0, 0.999999, true, "of the second moment, a step"},
    {"epsilon", "VALUE", OPTION_FLOAT, ATT(optim.epsilon), 1e-12, 1, true, "of AdamW"},
    {"weight-decay", "SHARE", OPTION_FLOAT, ATT(optim.weight_decay), 0, 10, true,
     "of a weight, taken off in a step of rate 1"},
    {"ema", "DECAY", OPTION_FLOAT, ATT(optim.ema), 0, 0.999999, true,
     "of the average of the weights, a step; the average is validated and shipped; 0: none"},
    {"dropout", "RATES", OPTION_FLOATS, ATT(drop), 0, 0.95, true, "after each pool and hidden dense layer, or none"},
    {"smoothing", "SHARE", OPTION_FLOAT, ATT(smoothing), 0, 0.9, true, "of the target, spread over all classes"},
    {"no-batch-norm", NULL, OPTION_FLAG, AT(no_bn), 0, 0, true, "convolutions with a plain bias"},
    {"batch-norm-pictures", "N", OPTION_INT, ATT(bn_pictures), 1, 60000, true,
     "training pictures that fix its statistics"},
    {"shift", "PX", OPTION_FLOAT, ATT(augment.shift_px), 0, 14, true, "distortion: most, each way"},
    {"rotate", "DEGREES", OPTION_FLOAT, ATT(augment.rotate_deg), 0, 180, true, "distortion: most, each way"},
    {"scale", "SHARE", OPTION_FLOAT, ATT(augment.scale), 0, 0.9, true, "distortion: of width and of height, each way"},
    {"shear", "TANGENT", OPTION_FLOAT, ATT(augment.shear), 0, 2, true, "distortion: slant, each way"},
    {"elastic", "PX", OPTION_FLOAT, ATT(augment.elastic_px), 0, 10, true, "distortion: deviation of a smooth field"},
    {"elastic-cell", "PX", OPTION_FLOAT, ATT(augment.elastic_cell_px), 4, 28, true, "distortion: how smooth"},
    {"stroke", "SHARE", OPTION_FLOAT, ATT(augment.stroke), 0, 1, true,
     "distortion: thicker or thinner, up to so far towards the next pixel"},
    {"last", NULL, OPTION_FLAG, AT(last), 0, 0, true, "ship the last epoch, not the best on validation"},
    {"first", "PICTURES", OPTION_INT, AT(train_first), 0, 60000, true, "train on so many only; 0: all 55,000"},
};
const size_t train_options_n = sizeof(train_options) / sizeof(*train_options);
