/* The gate's parsers: records in pieces of any size, parameters, and the head of a worker's answer. What is parsed lies
 * in a block of exactly its size, so that ASan sees a read past the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/params.h"
#include "gate/record.h"
#include "gate/told.h"
#include "web/ask.h"

enum { STREAM_MAX = 1 << 20 };

/* What a reader made of a stream. */
static struct {
    struct buf *params, *body;
    int begins, params_ends, body_ends, ends;
    enum err error;
    size_t used; /* bytes, until the error */
} got;

static void got_reset(void)
{
    buf_free(got.params);
    buf_free(got.body);
    memset(&got, 0, sizeof(got));
    got.params = buf_new(STREAM_MAX);
    got.body = buf_new(STREAM_MAX);
}

static void got_part(const struct record_part *part)
{
    got.begins += part->type == RECORD_BEGIN;
    got.ends += part->type == RECORD_END;
    got.params_ends += part->type == RECORD_PARAMS && part->n == 0;
    got.body_ends += (part->type == RECORD_STDIN || part->type == RECORD_STDOUT) && part->n == 0;
    if (part->n > 0)
        assert_int_equal(buf_add(part->type == RECORD_PARAMS ? got.params : got.body, part->bytes, part->n), OK);
}

/* Reads stream[n] in pieces of this size. */
static enum err feed(enum record_side side, const void *stream, size_t n, size_t piece)
{
    struct record_reader r;
    uint8_t *block = malloc(n > 0 ? n : 1);

    assert_non_null(block);
    memcpy(block, stream, n);
    got_reset();
    record_reader_init(&r, side);
    for (size_t at = 0; at < n && got.error == OK;) {
        size_t most = n - at < piece ? n - at : piece, used;
        struct record_part part;

        got.error = record_read(&r, block + at, most, &used, &part);
        if (got.error != OK)
            break;
        assert_true(used > 0 && used <= most);
        assert_true(part.n == 0 || (part.bytes >= block + at && part.bytes + part.n <= block + at + used));
        got_part(&part);
        got.used = at += used;
    }
    free(block);
    return got.error;
}

/* A request as nginx sends it: with padding, and its streams in several records. */
static struct buf *request_new(void)
{
    static const uint8_t padded[] = {1, 5, 0, 1, 0, 3, 5, 0, 'a', 'b', 'c', 0, 0, 0, 0, 0};
    static const uint8_t padded_end[] = {1, 4, 0, 1, 0, 0, 2, 0, 9, 9};
    struct buf *b = buf_new(STREAM_MAX);

    record_add_begin(b);
    record_add_param(b, "REQUEST_METHOD", "POST");
    record_add_param(b, "REMOTE_ADDR", "");
    (void)buf_add(b, padded_end, sizeof(padded_end));
    (void)buf_add(b, padded, sizeof(padded));
    record_add(b, RECORD_STDIN, "defg", 4);
    record_add_end(b, RECORD_STDIN);
    assert_int_equal(buf_status(b), OK);
    return b;
}

/* Breaks when a record is lost or mixed up where it is cut, wherever that is. */
static void test_any_pieces(void **state)
{
    struct buf *b = request_new();

    (void)state;
    for (size_t piece = 1; piece <= buf_len(b); piece++) {
        assert_int_equal(feed(RECORD_REQUEST, buf_data(b), buf_len(b), piece), OK);
        assert_int_equal(got.begins, 1);
        assert_int_equal(got.params_ends, 1);
        assert_int_equal(got.body_ends, 1);
        assert_int_equal(buf_len(got.body), 7);
        assert_memory_equal(buf_data(got.body), "abcdefg", 7);
        assert_int_equal(buf_len(got.params), 2 + 14 + 4 + 2 + 11);
    }
    buf_free(b);
}

/* Breaks when a request that was cut short looks whole. */
static void test_every_cut(void **state)
{
    struct buf *b = request_new();

    (void)state;
    for (size_t n = 0; n < buf_len(b); n++) {
        assert_int_equal(feed(RECORD_REQUEST, buf_data(b), n, n + 1), OK);
        assert_int_equal(got.body_ends, 0);
    }
    buf_free(b);
}

/* Breaks when what is no request, or one in another order, is taken for one. */
static void test_refused(void **state)
{
    static const struct {
        const char *what;
        size_t at;
        uint8_t value;
    } flips[] = {
        {"version 2", 0, 2},
        {"PARAMS first", 1, 4},
        {"an unknown type", 1, 11},
        {"ABORT_REQUEST", 1, 2},
        {"request 2", 3, 2},
        {"request 256", 2, 1},
        {"BEGIN of 9 bytes", 5, 9},
        {"an empty BEGIN", 5, 0},
        {"authorizer", 9, 2},
        {"role 257", 8, 1},
        {"STDIN too early", 17, 5},
        {"a second BEGIN", 17, 1},
        {"another request", 16 + 3, 2},
    };
    struct buf *b = request_new();
    uint8_t bytes[256];

    (void)state;
    assert_true(buf_len(b) < sizeof(bytes));
    for (size_t i = 0; i < sizeof(flips) / sizeof(flips[0]); i++) {
        memcpy(bytes, buf_data(b), buf_len(b));
        bytes[flips[i].at] = flips[i].value;
        if (feed(RECORD_REQUEST, bytes, buf_len(b), 7) != ERR_FORMAT)
            fail_msg("%s: not refused", flips[i].what);
    }
    record_add_begin(b); /* a second request on the connection */
    assert_int_equal(feed(RECORD_REQUEST, buf_data(b), buf_len(b), 16), ERR_FORMAT);
    assert_int_equal(got.body_ends, 1);
    buf_free(b);
}

/* Breaks when what a worker's side sends is misread: streams in any order, one end, nothing after it. */
static void test_response(void **state)
{
    struct buf *b = buf_new(STREAM_MAX);

    (void)state;
    record_add(b, RECORD_STDERR, "oops", 4);
    record_add(b, RECORD_STDOUT, "Status: 200", 11);
    record_add_end(b, RECORD_STDOUT);
    record_add_end(b, RECORD_END);
    for (size_t piece = 1; piece <= buf_len(b); piece++) {
        assert_int_equal(feed(RECORD_RESPONSE, buf_data(b), buf_len(b), piece), OK);
        assert_int_equal(got.ends, 1);
        assert_int_equal(buf_len(got.body), 15);
    }
    record_add(b, RECORD_STDOUT, "more", 4);
    assert_int_equal(feed(RECORD_RESPONSE, buf_data(b), buf_len(b), 5), ERR_FORMAT);
    buf_reset(b);
    record_add(b, RECORD_STDIN, "x", 1);
    assert_int_equal(feed(RECORD_RESPONSE, buf_data(b), buf_len(b), 5), ERR_FORMAT);
    buf_free(b);
}

/* Breaks when a body is written otherwise than it is read, at a size where its records end, or from any place in it. */
static void test_stdin_at(void **state)
{
    static const size_t sizes[] = {0,
                                   1,
                                   100,
                                   RECORD_CONTENT_MAX - 1,
                                   RECORD_CONTENT_MAX,
                                   RECORD_CONTENT_MAX + 1,
                                   2 * RECORD_CONTENT_MAX,
                                   3 * RECORD_CONTENT_MAX - 5};
    static uint8_t body[3 * RECORD_CONTENT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (uint8_t)(i * 31 >> 3);
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        for (size_t step = 3; step < 200000; step = step * 7 + 1) {
            struct buf *b = buf_new(STREAM_MAX);
            uint8_t head[RECORD_HEAD_BYTES];
            const uint8_t *piece;
            size_t n, at = 0;

            record_add_begin(b);
            record_add_end(b, RECORD_PARAMS);
            while (piece = record_stdin_at(body, sizes[s], at, head, &n), n > 0) {
                n = n < step ? n : step; /* the kernel takes as much as it likes */
                assert_int_equal(buf_add(b, piece, n), OK);
                at += n;
            }
            assert_int_equal(feed(RECORD_REQUEST, buf_data(b), buf_len(b), 40000), OK);
            assert_int_equal(got.body_ends, 1);
            assert_int_equal(buf_len(got.body), sizes[s]);
            assert_memory_equal(buf_data(got.body), body, sizes[s]);
            buf_free(b);
        }
    }
}

static enum err split(const void *bytes, size_t n, struct buf *out)
{
    uint8_t *block = malloc(n > 0 ? n : 1);
    enum err e;

    assert_non_null(block);
    memcpy(block, bytes, n);
    buf_reset(out);
    e = params_split(block, n, out);
    free(block);
    return e;
}

/* Breaks when a parameter is not found, or one that reaches past the end is. */
static void test_params(void **state)
{
    static const char good[] = "\1\2Axy\3\0ABC\1\200\0\0\4Blong\1\1Az\0\1v";
    struct buf *pairs = buf_new(1000);

    (void)state;
    assert_int_equal(split(good, sizeof(good) - 1, pairs), OK);
    assert_string_equal(params_find(pairs, "A"), "xy"); /* the first of two */
    assert_string_equal(params_find(pairs, "ABC"), "");
    assert_string_equal(params_find(pairs, "B"), "long");
    assert_string_equal(params_find(pairs, ""), "v");
    assert_null(params_find(pairs, "AB"));
    assert_null(params_find(pairs, "xy"));
    for (size_t n = 0; n < sizeof(good) - 1; n++)
        if (n != 0 && n != 5 && n != 10 && n != 20 && n != 24 && split(good, n, pairs) != ERR_FORMAT)
            fail_msg("cut at %zu: not refused", n);
    assert_int_equal(split("\1\1A\0", 4, pairs), ERR_FORMAT);             /* a NUL would end the value */
    assert_int_equal(split("\200\200", 2, pairs), ERR_FORMAT);            /* a length that is cut */
    assert_int_equal(split("\377\377\377\377\1A", 6, pairs), ERR_FORMAT); /* two gigabytes */
    assert_int_equal(split("\1\377\377\377\377A", 6, pairs), ERR_FORMAT);
    buf_free(pairs);
}

/* Looks at an answer of these texts, a record each, in pieces of 3 bytes. */
static struct told look(const char *one, const char *two)
{
    struct buf *b = buf_new(STREAM_MAX);
    struct told told;

    record_add(b, RECORD_STDOUT, one, strlen(one));
    record_add(b, RECORD_STDOUT, two, strlen(two));
    record_add_end(b, RECORD_END);
    told_init(&told);
    for (size_t at = 0; at < buf_len(b); at += 3)
        told_look(&told, (const uint8_t *)buf_data(b) + at, buf_len(b) - at < 3 ? buf_len(b) - at : 3);
    buf_free(b);
    return told;
}

/* Breaks when an answer for a client is taken for the gate's, or the other way round. */
static void test_told(void **state)
{
    struct told told = look("Status: 204 No Content\r\n", ASK_ACCOUNT_HEADER ": 17\r\nVary: Accept\r\n\r\n");
    char *long_head = calloc(1, 3 * TOLD_HEAD_MAX);

    (void)state;
    assert_int_equal(told.kind, TOLD_WHO);
    assert_int_equal(told.account, 17);
    assert_int_equal(look("Status: 204 No Content\r\n", ASK_HAND_OVER_HEADER ": " ASK_LARGE "\r\n\r\n").kind,
                     TOLD_LARGE);
    static const char *const others[] = {
        "Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n" ASK_ACCOUNT_HEADER ": 17\r\n\r\n", /* in the body */
        "\r\n\r\n" ASK_ACCOUNT_HEADER ": 17\r\n",                                               /* an empty head */
        "Status: 401 Unauthorized\r\n\r\n",
        "Status: 204 No Content\r\n" ASK_ACCOUNT_HEADER ": x\r\n\r\n",
        "Status: 204 No Content\r\n" ASK_HAND_OVER_HEADER ": " ASK_LARGE "r\r\n\r\n",
        "Status: 204 No Content\r\nX-" ASK_ACCOUNT_HEADER ": 17\r\n\r\n",
        "Status: 204 No Content\r\n", /* it ends before its head has */
        "",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (look(others[i], "").kind != TOLD_CLIENT)
            fail_msg("\"%s\" is not for the client", others[i]);
    memset(long_head, 'x', 2 * TOLD_HEAD_MAX);
    assert_int_equal(look(long_head, "\r\n" ASK_ACCOUNT_HEADER ": 17\r\n\r\n").kind, TOLD_CLIENT);
    free(long_head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_pieces), cmocka_unit_test(test_every_cut), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_response),   cmocka_unit_test(test_stdin_at),  cmocka_unit_test(test_params),
        cmocka_unit_test(test_told),
    };

    return cmocka_run_group_tests_name("gate record", tests, NULL, NULL);
}
