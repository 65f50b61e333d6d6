/* FastCGI records (specification, section 3.3): 8 bytes of header, content, padding. Pure; allocates nothing.
 *
 * The reader takes a stream in pieces of any size and gives it back in parts: the content without headers and padding.
 * It also checks the order of a request's records, so that whoever uses it sees BEGIN, PARAMS to their end, STDIN to
 * its end, and nothing else. */
#ifndef DIGITD_GATE_RECORD_H
#define DIGITD_GATE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum record_type {
    RECORD_NONE = 0,
    RECORD_BEGIN = 1,
    RECORD_END = 3,
    RECORD_PARAMS = 4,
    RECORD_STDIN = 5,
    RECORD_STDOUT = 6,
    RECORD_STDERR = 7
};

enum {
    RECORD_HEAD_BYTES = 8,
    RECORD_CONTENT_MAX = 65528 /* of those that are written: the most that needs no padding */
};

/* Which way a stream goes: from a web server, or from an application. */
enum record_side { RECORD_REQUEST, RECORD_RESPONSE };

struct record_reader {
    enum record_side side;
    enum record_type stream; /* of a request: what may come next */
    uint8_t head[RECORD_HEAD_BYTES], begin[8];
    size_t head_n, at; /* bytes of the header; bytes of the content */
    bool ended;        /* a request's STDIN, or END_REQUEST */
};

/* What was found: a part of a record's content, or, with n of 0, the record that ends a stream (or the whole request,
 * for RECORD_END). RECORD_BEGIN comes once, without content. RECORD_NONE: the bytes did not make a part. */
struct record_part {
    enum record_type type;
    const uint8_t *bytes; /* [n], in what was given */
    size_t n;
};

void record_reader_init(struct record_reader *r, enum record_side side);

/* Takes up to n bytes: *used tells how many, at least 1 unless n is 0. ERR_FORMAT: no FastCGI, another role than
 * responder, a record out of place, another request id than 1, or bytes after the end. */
enum err record_read(struct record_reader *r, const uint8_t *bytes, size_t n, size_t *used, struct record_part *part);

/* The header of a record of request 1. */
void record_head(uint8_t head[RECORD_HEAD_BYTES], enum record_type type, size_t content_n);

/* Append whole records; failures are kept in the buffer. record_add: content[n] as a stream of this type, without the
 * record that ends it, which record_add_end adds. record_add_param: PARAMS with one pair of up to 127 bytes each. */
void record_add_begin(struct buf *out);
void record_add(struct buf *out, enum record_type type, const void *content, size_t n);
void record_add_end(struct buf *out, enum record_type type);
void record_add_param(struct buf *out, const char *name, const char *value);

/* body[n] as a whole STDIN stream, seen as one row of bytes of which the first `at` have been sent: the next piece.
 * *n_piece is 0 at the end. A header's bytes are made in head. */
const uint8_t *record_stdin_at(const uint8_t *body, size_t n, size_t at, uint8_t head[RECORD_HEAD_BYTES],
                               size_t *n_piece);

#endif
