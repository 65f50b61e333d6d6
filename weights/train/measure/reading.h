/* A word to whoever works with a network that was trained on another form of pictures. */
#ifndef DIGITD_WEIGHTS_READING_H
#define DIGITD_WEIGHTS_READING_H

#include "net/model.h"

/* Prints a line that begins with "digit COMMAND: warning" where m, of that file, does not read digits in the form that
 * it is given them here (cnn_reading_check): digitd would refuse it. */
void reading_warn(const char *command, const struct model *m, const char *file);

#endif
