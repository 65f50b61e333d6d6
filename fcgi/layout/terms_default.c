#include "terms.h"
const struct layout_terms layout_terms_default = {.trust = 1};
