/* Which of MNIST's digits the numbers are made of. */
#include <stdlib.h>

#include "number.h"

static void must(enum err e, const struct why *why)
{
    if (e != OK)
        die("numbers", why->text[0] ? why->text : err_str(e));
}

void pool_load(struct pool *p, const char *dir, bool test, enum half half)
{
    uint32_t *train = NULL, *held = NULL;
    size_t n_train, n = 0;
    struct why why = {0};

    *p = (struct pool){0};
    must(dataset_load(&p->data, dir, test ? IDX_TEST : IDX_TRAIN, &why), &why);
    if (test)
        n = p->data.n;
    else
        must(dataset_split(&p->data, &train, &n_train, &held, &n), &why);
    for (int k = 0; k < 10; k++)
        p->index[k] = need(n * sizeof(*held));
    for (size_t i = 0; i < n; i++) {
        const uint32_t at = held ? held[i] : (uint32_t)i;
        const uint8_t label = p->data.labels[at];

        if (half == HALF_BOTH || (half == HALF_A) == (at < p->data.n / 2))
            p->index[label][p->n[label]++] = at;
    }
    free(train);
    free(held);
}

void pool_free(struct pool *p)
{
    dataset_free(&p->data);
    for (int k = 0; k < 10; k++)
        free(p->index[k]);
}
