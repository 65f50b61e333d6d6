/* What a reply tells of the network. */
#ifndef DIGITD_WEB_CARD_H
#define DIGITD_WEB_CARD_H

#include "../base/json.h"
#include "app.h"

/* Sets "name" and "sha256" in obj: the metadata's name, or that of the weights file without its folder and suffix. */
void card_identify(const struct app *app, struct json *obj);

#endif
