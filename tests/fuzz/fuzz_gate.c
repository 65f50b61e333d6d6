/* Input: a byte that says in which pieces the rest comes, then a stream of FastCGI records. Read as a request, as one
 * in other pieces, and as an answer: what is found never depends on the pieces, lies in the input, and its parameters
 * can be asked for. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gate/params.h"
#include "gate/record.h"
#include "gate/told.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PART_MAX = 1 << 20 };

static void check(int good)
{
    if (!good)
        __builtin_trap();
}

struct found {
    struct buf *content[8]; /* of each type */
    unsigned ends[8];
    enum err e;
};

static void feed(struct found *f, enum record_side side, const uint8_t *data, size_t n, size_t piece)
{
    struct record_reader r;
    struct record_part part;
    size_t used;

    memset(f, 0, sizeof(*f));
    for (size_t i = 0; i < 8; i++)
        f->content[i] = buf_new(PART_MAX);
    record_reader_init(&r, side);
    while (n > 0 && f->e == OK) {
        f->e = record_read(&r, data, n < piece ? n : piece, &used, &part);
        check(used <= n && (used > 0 || f->e != OK) && (unsigned)part.type < 8);
        check(part.n == 0 || (part.bytes >= data && part.bytes + part.n <= data + used));
        if (f->e != OK)
            break;
        f->ends[part.type] += part.type != RECORD_NONE && part.n == 0;
        (void)buf_add(f->content[part.type], part.bytes, part.n);
        data += used;
        n -= used;
    }
}

static void found_free(struct found *f)
{
    for (size_t i = 0; i < 8; i++)
        buf_free(f->content[i]);
}

static void look_into_params(const struct buf *params)
{
    struct buf *pairs = buf_new(PART_MAX);
    const char *value;

    if (params_split((const uint8_t *)buf_data(params), buf_len(params), pairs) == OK) {
        value = params_find(pairs, "REMOTE_ADDR");
        check(value == NULL || strlen(value) < buf_len(pairs) + 1);
        (void)params_find(pairs, "");
    }
    buf_free(pairs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct found a, b;
    struct told told;
    size_t piece = size > 0 ? (size_t)data[0] + 1 : 1;

    if (size == 0)
        return 0;
    data++;
    size--;
    for (int side = RECORD_REQUEST; side <= RECORD_RESPONSE; side++) {
        feed(&a, (enum record_side)side, data, size, piece);
        feed(&b, (enum record_side)side, data, size, size + 1);
        check(a.e == b.e);
        for (size_t i = 0; i < 8; i++) {
            check(a.ends[i] == b.ends[i] && buf_len(a.content[i]) == buf_len(b.content[i]));
            check(memcmp(buf_data(a.content[i]), buf_data(b.content[i]), buf_len(a.content[i])) == 0);
        }
        check(side == RECORD_RESPONSE || (a.ends[RECORD_BEGIN] <= 1 && a.ends[RECORD_STDIN] <= 1));
        look_into_params(a.content[RECORD_PARAMS]);
        found_free(&a);
        found_free(&b);
    }
    told_init(&told);
    for (size_t at = 0; at < size; at += piece)
        told_look(&told, data + at, size - at < piece ? size - at : piece);
    check(told.kind >= TOLD_OPEN && told.kind <= TOLD_LARGE && told.head_n <= TOLD_HEAD_MAX);
    return 0;
}
