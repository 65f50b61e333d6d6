/* The names of verdicts in the API, on the command line and in the history. */
#include "cnn.h"

const char *verdict_name(enum verdict v)
{
    static const char *const names[] = {
        [VERDICT_DIGIT] = "digit", [VERDICT_UNSURE] = "unsure", [VERDICT_NOT_A_DIGIT] = "not_a_digit"};
    return names[v];
}
