/* The check that digitd makes at its start, as a warning: what is measured with such a network is true all the same,
 * and tells how bad it is. */
#include "reading.h"

#include <stdio.h>

#include "net/cnn.h"

void reading_warn(const char *command, const struct model *m, const char *file)
{
    struct cnn *c = NULL;
    struct why why = {0};
    enum err e = cnn_create(&c, m, CNN_AUTO, &why);
    if (e == OK)
        e = cnn_reading_check(c, m, file, &why);
    if (e == ERR_RANGE)
        fprintf(stderr, "digit %s: warning: %s\n", command, why.text);
    cnn_free(c);
}
