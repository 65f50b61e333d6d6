/* The names of verdicts, as API, command line and history have them. */
#include "cnn.h"

const char *verdict_name(enum verdict v)
{
    static const char *const names[] = {
        [VERDICT_DIGIT] = "digit", [VERDICT_UNSURE] = "unsure", [VERDICT_NOT_A_DIGIT] = "not_a_digit"};
    return names[v];
}
