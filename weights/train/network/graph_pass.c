/* A shard of pictures forward and back through the stages: the list of operations (graph_ops.h), with the shape of
 * every tensor. */
#include <string.h>

#include "graph_ops.h"
#include "loss.h"

/* ---- forward ---- */

/* Dropout is for training alone; a stage may have none even then. */
static struct op_dropout dropout_of(const struct op *op, int stage, const struct graph_pass *pass)
{
    return (struct op_dropout){.rate = pass->dropout ? op->stage->drop : 0, .seed = pass->drop_seed, .stage = stage};
}

/* Mean and variance for each channel of z[n][h][w][c]: the shard's own while training, else those of the pass. */
static void find_statistics(const struct op *op, const struct graph_pass *pass, const float *z, double *mean /* [c] */,
                            double *var /* [c] */)
{
    const struct stage *s = op->stage;
    if (pass->fixed) {
        for (size_t c = 0; c < s->c; c++) {
            mean[c] = (double)pass->fixed->mean[s->channels_at + c];
            var[c] = (double)pass->fixed->var[s->channels_at + c];
        }
        return;
    }
    const double count = (double)(op->n * s->h * s->w);
    memset(mean, 0, s->c * sizeof(*mean));
    memset(var, 0, s->c * sizeof(*var));
    op_moments(op, mean, var, z);
    for (size_t c = 0; c < s->c; c++) {
        mean[c] /= count;
        var[c] = var[c] / count - mean[c] * mean[c];
    }
}

void graph_forward(const struct graph *graph, struct graph_workspace *work, size_t n, const struct graph_pass *pass)
{
    const int first = pass->known > 0 ? pass->known - 1 : 0;
    for (int i = first; i < graph->n_stages; i++) {
        const struct op op = {graph, &graph->stages[i], work, n};
        const struct stage_tensors t = graph_stage_tensors(graph, work, i);
        const struct stage_weights weights = graph_stage_weights(graph, work, i, pass);
        const struct op_dropout dropout = dropout_of(&op, i, pass);
        double *mean = work->total, *var = work->total2; /* [c] */
        const bool z_is_known = i == pass->known - 1;

        /* in [n][p + in_h + p][p + in_w + p][in_c] -> z [n][h][w][c]. A lone pool's z is its in. */
        if (op.stage->kind != STAGE_POOL && !z_is_known)
            op_conv_forward(&op, t.z, t.in, &weights);
        if (i == pass->stop_before)
            return;

        /* z [n][h][w][c] -> scale, shift [c] */
        if (op.stage->bn) {
            find_statistics(&op, pass, t.z, mean, var);
            op_norm_forward(&op, &t, mean, var, &weights);
        } else {
            op_norm_none(&op, &t);
        }

        /* z [n][h][w][c], scale, shift [c] -> out [n][p + out_h + p][p + out_w + p][c], code [n][out_h][out_w][c] */
        op_act_forward(&op, t.out, t.code, t.z, &t, &dropout);
    }
}

void graph_sum_moments(const struct graph *graph, struct graph_workspace *work, size_t n, int stage, double *sum,
                       double *square)
{
    const struct op op = {graph, &graph->stages[stage], work, n};
    op_moments(&op, sum, square, work->z[stage]);
}

/* ---- loss ---- */

/* The gradient at picture i's logits, [c] of the last stage: ten, and padding whose gradient stays 0. */
static float *logits_gradient(const struct graph *graph, struct graph_workspace *work, size_t i)
{
    return work->d_out + i * graph->stages[graph->n_stages - 1].c;
}

double graph_loss(const struct graph *graph, struct graph_workspace *work, size_t i, const float target[MODEL_CLASSES],
                  float weight)
{
    float *d = logits_gradient(graph, work, i);
    memset(d, 0, graph->stages[graph->n_stages - 1].c * sizeof(float));
    return loss_target(graph_logits(graph, work, i), target, weight, d);
}

double graph_loss_teacher(const struct graph *graph, struct graph_workspace *work, size_t i,
                          const float teacher[MODEL_CLASSES], float temperature, float weight)
{
    float *d = logits_gradient(graph, work, i);
    return loss_teacher(graph_logits(graph, work, i), teacher, temperature, weight, d);
}

/* ---- back ---- */

void graph_backward(const struct graph *graph, struct graph_workspace *work, size_t n, const struct graph_pass *pass,
                    float *grad /* [n_params], as the parameters lie */)
{
    const float *d_out = work->d_out; /* the gradient at the stage's output, [n][out_h][out_w][c], without borders */
    for (int i = graph->n_stages - 1; i >= 0; i--) {
        const struct op op = {graph, &graph->stages[i], work, n};
        const struct stage *s = op.stage;
        const struct stage_tensors t = graph_stage_tensors(graph, work, i);
        const struct stage_weights weights = graph_stage_weights(graph, work, i, pass);
        const float drop = dropout_of(&op, i, pass).rate;
        double *total_g = work->total, *total_gz = work->total2; /* [c] */

        /* A pool before anything that learns: nobody wants its gradient. */
        if (s->kind == STAGE_POOL && !s->needs_dx)
            return;

        /* d_out [n][out_h][out_w][c], z [n][h][w][c] -> gradients of gamma and beta, or of the bias, [c] */
        if (s->kind != STAGE_POOL)
            op_act_sums(&op, total_g, total_gz, d_out, &t, drop);
        if (s->bn)
            op_norm_backward(&op, grad + s->scale_at, grad + s->shift_at, total_g, total_gz, &t);
        else
            op_bias_backward(&op, s->bias ? grad + s->shift_at : NULL, total_g);

        /* d_out [n][out_h][out_w][c] -> d_z [n][b + h + b][b + w + b][c] */
        op_act_backward(&op, t.d_z, d_out, &t, drop);
        d_out = t.d_z; /* a lone pool's z is its input */
        if (s->kind == STAGE_POOL)
            continue;

        /* in, d_z -> gradient of the weights [c / 16][kernel * kernel][in_c][16] */
        op_conv_backward_weight(&op, grad + s->weight_at, t.in, t.d_z);

        /* d_z -> d_in [n][in_h][in_w][in_c], which is the d_out of the stage before. Nothing learns before the first.
         */
        if (s->needs_dx)
            op_conv_backward_in(&op, t.d_in, t.d_z, &weights);
        d_out = t.d_in;
    }
}
