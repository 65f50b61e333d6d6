/* Columns: where the gaps of several rows line up. */
#ifndef DIGITD_LAYOUT_TABLE_H
#define DIGITD_LAYOUT_TABLE_H

#include "layout.h"

/* What stands between two spaces. */
struct layout_word {
    int32_t line, first, signs; /* of the reading */
    int32_t column;             /* from 0 on; in a table, no two words of a line have the same */
};

struct layout_table {
    int32_t columns, words; /* columns: 0: this is no table */
    struct layout_word word[LAYOUT_ATOMS_MAX];
};

void layout_table_find(const struct layout_lattice *l, const struct layout_reading *r, struct layout_table *out);

#endif
