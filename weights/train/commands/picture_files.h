/* Picture files, read as uploads are: through the decoder child, the normaliser and the network.
 *
 * A picture that ends its decoder costs that picture alone: the next one gets a new child. */
#ifndef DIGITD_WEIGHTS_PICTURE_FILES_H
#define DIGITD_WEIGHTS_PICTURE_FILES_H

#include "answer/numbers.h"
#include "base/json.h"
#include "image/decoder.h"
#include "net/cnn.h"
#include "step_files.h"

struct picture_files {
    const char *command;     /* of digit, for what is printed */
    const char *weights;     /* the file of the model */
    struct decoder *decoder; /* NULL: to be made */
    struct model *model;
    struct cnn *cnn;
    void *scratch;
    struct decoder_request request; /* what is the same for all files */
    struct step_files *step_files;  /* NULL: not asked for */
    struct numbers *numbers;        /* of the last picture, for tell to read; NULL: not asked for */
    struct numbers_eye eye;         /* what it is read with */
};

/* What is made of a picture: sets the members of result, or prints lines where that is NULL. What goes wrong is told in
 * why, with one->name; result is then empty. */
typedef enum err picture_files_tell(void *ctx, struct reading *one, struct json *result, struct why *why);

/* p has command and request set, all else NULL. weights: as the option has it. steps: the directory for step_files
 * of n pictures; "": not wanted. After an error too, p is for picture_files_close. */
enum err picture_files_open(struct picture_files *p, const char *weights, const char *steps, int n, struct why *why);
void picture_files_close(struct picture_files *p);

/* After picture_files_open: the decoder is also to look for several digits. Errors as of numbers_eye_open. */
enum err picture_files_open_numbers(struct picture_files *p, struct why *why);

/* --invert's word as a setting of the request; ERR_RANGE for another. */
enum err picture_files_invert(struct picture_files *p, const char *word, struct why *why);

/* What the decoder makes of a file. */
enum err picture_files_decode(struct picture_files *p, const char *path, struct decoder_reply *out, struct why *why);

/* Reads n files and tells each, with its steps; what goes wrong is printed, too. json: one object with the model and
 * all results is printed. EXIT_FAILED where anything went wrong. */
int picture_files_run(struct picture_files *p, int n, char **paths, bool json, picture_files_tell *tell, void *ctx);

#endif
