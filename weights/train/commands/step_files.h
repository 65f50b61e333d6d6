/* The pictures between the steps of a reading as PNG files: DIR/NAME-1-grey.png ... NAME is the picture's own, without
 * folder and suffix; where two pictures of one run have the same, the later one's becomes NAME~2. */
#ifndef DIGITD_WEIGHTS_STEP_FILES_H
#define DIGITD_WEIGHTS_STEP_FILES_H

#include "base/json.h"
#include "image/decoder.h"

struct step_files;

/* Makes dir, and those above it, where it is missing; for up to n pictures. ERR_IO, ERR_LIMIT, ERR_NOMEM. */
enum err step_files_new(struct step_files **out, const char *dir, int n, struct why *why);
void step_files_free(struct step_files *s);

/* Writes the steps of the picture file path; a file of an earlier run is replaced. told (NULL: nobody listens) gets one
 * object a step: name, width, height, file. ERR_IO, ERR_LIMIT, ERR_NOMEM. */
enum err step_files_write(struct step_files *s, const char *path, const struct decoder_reply *reply, struct json *told,
                          struct why *why);

#endif
