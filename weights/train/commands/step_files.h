/* Saves the picture after each processing step as a PNG file: DIR/NAME-1-grey.png ... NAME is that of the picture file,
 * without directory and suffix. If two pictures of one run have the same name, the second becomes NAME~2. */
#ifndef DIGITD_WEIGHTS_STEP_FILES_H
#define DIGITD_WEIGHTS_STEP_FILES_H

#include "base/json.h"
#include "image/decoder.h"

struct step_files;

/* Makes dir and its parents where they are missing; for up to n pictures. ERR_IO, ERR_LIMIT, ERR_NOMEM. */
enum err step_files_new(struct step_files **out, const char *dir, int n, struct why *why);
void step_files_free(struct step_files *s);

/* Writes the steps of the picture file path; files of an earlier run are replaced. told (may be NULL) gets one object
 * per step: name, width, height, file. ERR_IO, ERR_LIMIT, ERR_NOMEM. */
enum err step_files_write(struct step_files *s, const char *path, const struct decoder_reply *reply, struct json *told,
                          struct why *why);

#endif
