/* Parses layer lists. It knows only the grammar; model_create checks that shapes fit. */
#include "layer_list.h"

#include <stdio.h>
#include <string.h>

struct layer_list {
    struct layer spec[MODEL_LAYERS_MAX];
    int n, convs, denses;
};

/* A number from 1 to 4096 at *p, which moves past it; 0 if there is none. */
static int number(const char **p)
{
    int v = 0;
    while (**p >= '0' && **p <= '9' && v <= 4096)
        v = 10 * v + *(*p)++ - '0';
    return v <= 4096 ? v : 0;
}

/* One part, which ends at "-" or at the end of the text. */
static bool parse_part(struct layer_list *a, const char *p)
{
    struct layer *l = &a->spec[a->n];
    if (strncmp(p, "conv", 4) == 0) {
        p += 4;
        *l = (struct layer){.kind = LAYER_CONV2D, .kernel = 3, .same = true, .relu = true, .has_bias = true};
        l->out_c = number(&p);
        if (*p == 'x') {
            p++;
            l->kernel = number(&p);
        }
        if (*p == 'v') {
            p++;
            l->same = false;
        }
        snprintf(l->name, sizeof(l->name), "conv%d", ++a->convs);
    } else if (strncmp(p, "pool", 4) == 0) {
        p += 4;
        *l = (struct layer){.kind = LAYER_MAXPOOL2, .out_c = 1};
    } else if (strncmp(p, "moments", 7) == 0) {
        p += 7;
        *l = (struct layer){.kind = LAYER_VIEWS, .out_c = 1, .moments = 1};
    } else if (strncmp(p, "dense", 5) == 0) {
        p += 5;
        if (a->denses == 0)
            a->spec[a->n++] = (struct layer){.kind = LAYER_FLATTEN};
        l = &a->spec[a->n];
        *l = (struct layer){.kind = LAYER_DENSE, .relu = true, .has_bias = true};
        l->out_c = number(&p);
        snprintf(l->name, sizeof(l->name), "dense%d", ++a->denses);
    } else {
        return false;
    }
    a->n++;
    return l->out_c > 0 && (*p == '-' || *p == '\0');
}

enum err layer_list_parse(struct model **out, const char *text, struct why *why)
{
    struct layer_list a = {.n = 0};
    *out = NULL;
    for (const char *p = text, *next; p; p = next) {
        next = strchr(p, '-');
        next = next ? next + 1 : NULL;
        if (a.n + 3 > MODEL_LAYERS_MAX)
            return err_why(why, ERR_LIMIT, "more than %d layers", MODEL_LAYERS_MAX);
        if (!parse_part(&a, p))
            return err_why(why, ERR_FORMAT, "layers: \"%.40s\" is not moments, convN, convNx5, convNv, pool or denseN",
                           p);
    }
    struct layer *last = &a.spec[a.n - 1];
    if (last->kind != LAYER_DENSE || last->out_c != MODEL_CLASSES)
        return err_why(why, ERR_FORMAT, "layers: the last one must be dense%d", MODEL_CLASSES);
    last->relu = false;
    a.spec[a.n++] = (struct layer){.kind = LAYER_SOFTMAX};
    return model_create(out, a.spec, a.n, why);
}
