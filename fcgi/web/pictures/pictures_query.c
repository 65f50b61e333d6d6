/* One row for each parameter. */
#include "pictures.h"

#include <string.h>

#include "web/http/query.h"

#define MEMBER(m) offsetof(struct pictures_query, m)

static const struct query_param params[] = {
    {"input", query_no_or_yes, 0, 0, "0 or 1", MEMBER(input)},
    {"steps", query_no_or_yes, 0, 0, "0 or 1", MEMBER(steps)},
    {"save", query_no_or_yes, 0, 0, "0 or 1", MEMBER(save)},
    {"invert", reading_invert_words, 0, 0, "auto, yes or no", MEMBER(invert)},
    {"center", reading_center_words, 0, 0, "mass, box or none", MEMBER(center)},
    {"plain", query_no_or_yes, 0, 0, "0 or 1", MEMBER(plain)}, /* the last: /classify has the rows before it */
};
enum { PARAMS = sizeof(params) / sizeof(params[0]) };

enum err pictures_query_read(const char *query, bool numbers, struct pictures_query *out, struct why *why)
{
    memset(out, 0, sizeof(*out));
    return query_read(params, numbers ? PARAMS : PARAMS - 1, query, out, why);
}
