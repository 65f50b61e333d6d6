/* Words of different rows that stand over one another make a column. Rows of which each has at most one word in each
 * column, and at least two columns in all, are a table. */
#include "table.h"

#include <stdlib.h>
#include <string.h>

/* From the left of the first sign to the right of the last. */
static void word_extent(const struct layout_lattice *l, const struct layout_reading *r, const struct layout_word *w,
                        int *x0, int *x1)
{
    *x0 = l->candidate[r->sign[w->first].candidate].box.x0;
    *x1 = *x0;
    for (int i = w->first; i < w->first + w->signs; i++) {
        const struct box *b = &l->candidate[r->sign[i].candidate].box;

        *x0 = b->x0 < *x0 ? b->x0 : *x0;
        *x1 = b->x1 > *x1 ? b->x1 : *x1;
    }
}

static void find_words(const struct layout_reading *r, struct layout_table *out)
{
    for (int i = 0; i < r->lines; i++)
        for (int k = r->line[i].first; k < r->line[i].first + r->line[i].signs; k++) {
            if (r->sign[k].candidate < 0)
                continue;
            if (k == r->line[i].first || r->sign[k - 1].candidate < 0)
                out->word[out->words++] = (struct layout_word){.line = i, .first = k, .column = -1};
            out->word[out->words - 1].signs++;
        }
}

/* Gives words a column, from left to right: a column ends where no word reaches over its right end. */
static void find_columns(const struct layout_lattice *l, const struct layout_reading *r, struct layout_table *out)
{
    for (;;) {
        int start = INT32_MAX, end, x0, x1;
        bool grown = true;

        for (int i = 0; i < out->words; i++) { /* the leftmost word that is not in a column */
            word_extent(l, r, &out->word[i], &x0, &x1);
            if (out->word[i].column < 0 && x0 < start)
                start = x0;
        }
        if (start == INT32_MAX)
            return;
        end = start + 1;
        while (grown) {
            grown = false;
            for (int i = 0; i < out->words; i++) {
                word_extent(l, r, &out->word[i], &x0, &x1);
                if (out->word[i].column >= 0 || x0 >= end)
                    continue;
                out->word[i].column = out->columns;
                end = x1 > end ? x1 : end;
                grown = true;
            }
        }
        out->columns++;
    }
}

void layout_table_find(const struct layout_lattice *l, const struct layout_reading *r, struct layout_table *out)
{
    memset(out, 0, sizeof(*out));
    find_words(r, out);
    find_columns(l, r, out);
    for (int i = 0; i + 1 < out->words; i++)
        if (out->word[i].line == out->word[i + 1].line && out->word[i].column == out->word[i + 1].column) {
            out->columns = 0;
            return;
        }
    if (r->lines < 2 || out->columns < 2)
        out->columns = 0;
}
