/* Verdicts in words: for the API, the command line and the history. */
#include "cnn.h"

const char *verdict_name(enum verdict v)
{
    static const char *const names[] = {
        [VERDICT_DIGIT] = "digit", [VERDICT_UNSURE] = "unsure", [VERDICT_NOT_A_DIGIT] = "not_a_digit"};
    return names[v];
}

const char *unsure_name(enum unsure because)
{
    static const char *const names[] = {
        [UNSURE_CONFIDENCE] = "confidence", [UNSURE_UNFAMILIAR] = "unfamiliar", [UNSURE_BOTH] = "both"};
    return names[because];
}

int verdict_runner_up(const float probability[MODEL_CLASSES], int best)
{
    int second = best == 0 ? 1 : 0;
    for (int i = second + 1; i < MODEL_CLASSES; i++)
        if (i != best && probability[i] > probability[second])
            second = i;
    return second;
}
