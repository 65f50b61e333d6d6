/* multipart/form-data (R18): the shapes that real programs send, each defect, every cut, every flipped bit, and time.
 * Bodies are parsed from a block of exactly their size, so that ASan sees a read past the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/http/multipart.h"
#include "pace.h"

#define PNG "\x89PNG\r\n\x1a\n"

static struct multipart_part parts[MULTIPART_PARTS_MAX];
static int n_parts;
static struct why why;
static uint8_t *block; /* what parts point into */

static enum err parse(const void *body, size_t n, const char *boundary)
{
    enum err e;

    free(block);
    block = malloc(n > 0 ? n : 1);
    assert_non_null(block);
    memcpy(block, body, n);
    why.text[0] = '\0';
    e = multipart_parse(block, n, boundary, "image", parts, MULTIPART_PARTS_MAX, &n_parts, &why);
    if (e == OK) {
        assert_string_equal(why.text, "");
        for (int i = 0; i < n_parts; i++) { /* parts in order, inside the body, not overlapping */
            assert_true(parts[i].bytes >= (i == 0 ? block : parts[i - 1].bytes + parts[i - 1].n));
            assert_true(parts[i].bytes + parts[i].n <= block + n);
        }
    } else {
        assert_int_equal(n_parts, 0);
        assert_true(strlen(why.text) > 10 && why.text[strlen(why.text) - 1] == '.');
    }
    return e;
}

static void expect_part(int line, int i, const char *bytes, size_t n, const char *filename)
{
    char name[256];

    if (i >= n_parts)
        fail_msg("line %d: %d parts", line, n_parts);
    (void)multipart_filename(&parts[i], name, sizeof(name));
    if (parts[i].n != n || memcmp(parts[i].bytes, bytes, n) != 0)
        fail_msg("line %d: part %d has %zu bytes: %.*s", line, i, parts[i].n, (int)parts[i].n, parts[i].bytes);
    if (strcmp(name, filename) != 0)
        fail_msg("line %d: part %d is called \"%s\", not \"%s\"", line, i, name, filename);
}

/* What programs send for one file named a.png with the bytes PNG. Breaks when a shape that is in use is refused. */
static void test_real_clients(void **state)
{
    static const struct {
        int line;
        const char *type, *boundary, *body;
    } cases[] = {
        /* curl 7.88 -F image=@a.png */
        {__LINE__, "multipart/form-data; boundary=------------------------1b2c3d4e5f607182",
         "------------------------1b2c3d4e5f607182",
         "--------------------------1b2c3d4e5f607182\r\n"
         "Content-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n" PNG
         "\r\n--------------------------1b2c3d4e5f607182--\r\n"},
        /* Chromium, Safari */
        {__LINE__, "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
         "----WebKitFormBoundary7MA4YWxkTrZu0gW",
         "------WebKitFormBoundary7MA4YWxkTrZu0gW\r\n"
         "Content-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n" PNG
         "\r\n------WebKitFormBoundary7MA4YWxkTrZu0gW--\r\n"},
        /* Firefox */
        {__LINE__, "multipart/form-data; boundary=---------------------------9051914041544843365972754266",
         "---------------------------9051914041544843365972754266",
         "-----------------------------9051914041544843365972754266\r\n"
         "Content-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n" PNG
         "\r\n-----------------------------9051914041544843365972754266--\r\n"},
        /* Python requests 2.34 (urllib3): no Content-Type without being told */
        {__LINE__, "multipart/form-data; boundary=2c0a1a7f6b0b4c3f9f4c2f1d5d3c7e8a", "2c0a1a7f6b0b4c3f9f4c2f1d5d3c7e8a",
         "--2c0a1a7f6b0b4c3f9f4c2f1d5d3c7e8a\r\n"
         "Content-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n\r\n" PNG
         "\r\n--2c0a1a7f6b0b4c3f9f4c2f1d5d3c7e8a--\r\n"},
        /* .NET MultipartFormDataContent: boundary in quotes, names without, filename* as well */
        {__LINE__, "multipart/form-data; boundary=\"0c8f4a52-3f2b-4d7e-9a61-7f5f0e1c2b3a\"",
         "0c8f4a52-3f2b-4d7e-9a61-7f5f0e1c2b3a",
         "--0c8f4a52-3f2b-4d7e-9a61-7f5f0e1c2b3a\r\nContent-Type: image/png\r\n"
         "Content-Disposition: form-data; name=image; filename=a.png; filename*=utf-8''a.png\r\n\r\n" PNG
         "\r\n--0c8f4a52-3f2b-4d7e-9a61-7f5f0e1c2b3a--\r\n"},
        /* Java, Apache HttpClient 4: transfer encoding binary, charset in the type */
        {__LINE__, "multipart/form-data; boundary=LJk_7x-HhYr0b5; charset=ISO-8859-1", "LJk_7x-HhYr0b5",
         "--LJk_7x-HhYr0b5\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n"
         "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n" PNG
         "\r\n--LJk_7x-HhYr0b5--\r\n"},
        /* Java, OkHttp: the part tells its length */
        {__LINE__, "multipart/form-data; boundary=f0a5b1c2-11aa-4f6e-8f0d-9c6f7a8b9c0d",
         "f0a5b1c2-11aa-4f6e-8f0d-9c6f7a8b9c0d",
         "--f0a5b1c2-11aa-4f6e-8f0d-9c6f7a8b9c0d\r\n"
         "Content-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n"
         "Content-Type: image/png\r\nContent-Length: 8\r\n\r\n" PNG "\r\n--f0a5b1c2-11aa-4f6e-8f0d-9c6f7a8b9c0d--\r\n"},
        /* Written by hand: no CRLF at the end, lower-case headers, an empty line first, padding */
        {__LINE__, "Multipart/Form-Data;BOUNDARY=b", "b",
         "\r\n--b  \r\ncontent-disposition:form-data;name=image;filename=\"a.png\"\r\n\r\n" PNG "\r\n--b-- "},
    };
    char boundary[MULTIPART_BOUNDARY_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (multipart_boundary(cases[i].type, boundary, &why) != OK || strcmp(boundary, cases[i].boundary) != 0)
            fail_msg("line %d: boundary \"%s\": %s", cases[i].line, boundary, why.text);
        if (parse(cases[i].body, strlen(cases[i].body), boundary) != OK || n_parts != 1)
            fail_msg("line %d: %d parts: %s", cases[i].line, n_parts, why.text);
        expect_part(cases[i].line, 0, PNG, strlen(PNG), "a.png");
    }
}

/* RFC 2046 section 5.1.1. Breaks when a boundary is cut, guessed, or taken from another parameter. */
static void test_boundary(void **state)
{
#define B70 "1234567890123456789012345678901234567890123456789012345678901234567890"
    static const struct {
        int line;
        const char *type, *boundary; /* NULL: refused */
    } cases[] = {
        {__LINE__, "multipart/form-data; boundary=x", "x"},
        {__LINE__, "multipart/form-data; charset=utf-8; boundary=x", "x"},
        {__LINE__, "multipart/form-data; boundary=\"a b'()+_,-./:=?c\"", "a b'()+_,-./:=?c"},
        {__LINE__, "multipart/form-data;\tboundary=x ;", "x"},
        {__LINE__, "multipart/form-data; boundary=" B70, B70},
        {__LINE__, "multipart/form-data; boundary=" B70 "1", NULL},
        {__LINE__, "multipart/form-data", NULL},
        {__LINE__, "multipart/form-data;", NULL},
        {__LINE__, "multipart/form-data; boundary", NULL},
        {__LINE__, "multipart/form-data; boundary=", NULL},
        {__LINE__, "multipart/form-data; boundary=\"\"", NULL},
        {__LINE__, "multipart/form-data; boundary=\"x", NULL},
        {__LINE__, "multipart/form-data; boundary=\"x \"", NULL},
        {__LINE__, "multipart/form-data; boundary=\"x\"y", NULL},
        {__LINE__, "multipart/form-data; boundary=x; boundary=y", NULL},
        {__LINE__, "multipart/form-data; xboundary=x", NULL},
        {__LINE__, "multipart/form-data; a=\"; boundary=x\"", NULL},
        {__LINE__, "multipart/form-data; boundary=a@b", NULL},
        {__LINE__, "multipart/form-data; boundary=a\xc3\xa9", NULL},
        {__LINE__, "multipart/form-data; boundary=a\\b", NULL},
        {__LINE__, "", NULL},
    };
    char boundary[MULTIPART_BOUNDARY_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum err e = multipart_boundary(cases[i].type, boundary, &why);

        if ((e == OK) != (cases[i].boundary != NULL) || (e == OK && strcmp(boundary, cases[i].boundary) != 0))
            fail_msg("line %d: %s: \"%s\"", cases[i].line, err_str(e), boundary);
        if (e != OK && boundary[0] != '\0')
            fail_msg("line %d: a boundary in spite of %s", cases[i].line, err_str(e));
    }
}

#define HEAD "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\n"
#define END  "\r\n--b--\r\n"

/* Breaks when bytes that look like a delimiter end a part, or an empty part is lost. */
static void test_contents(void **state)
{
    static const char *const contents[] = {"",         "x",           "\r\n",         "\r",          "\n",
                                           "\r\n\r\n", "--b",         "--b--",        "\n--b\r\n",   "\r--b\r\n",
                                           "\r\n--",   "\r\n--B\r\n", "\r\n--bx\r\n", "\r\n--b \tx", "\r\n--b-",
                                           "\r\n-b",   "\r\r\n--a",   "\r\n\r\n--",   "\r\n--b\rx",  "\r\n--b-\r\n"};
    char body[512];

    (void)state;
    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
        (void)snprintf(body, sizeof(body), HEAD "%s\r\n" HEAD "second" END, contents[i]);
        if (parse(body, strlen(body), "b") != OK || n_parts != 2)
            fail_msg("contents %zu: %d parts: %s", i, n_parts, why.text);
        expect_part(__LINE__, 0, contents[i], strlen(contents[i]), "a");
        expect_part(__LINE__, 1, "second", 6, "a");
    }
    assert_int_equal(parse("--b--", 5, "b"), OK); /* a form without parts: good, and empty */
    assert_int_equal(n_parts, 0);
    assert_int_equal(parse(HEAD "a\0b" END, sizeof(HEAD "a\0b" END) - 1, "b"), OK);
    expect_part(__LINE__, 0, "a\0b", 3, "a");
}

/* Each defect of R18 by itself. Breaks when one of them is let through. */
static void test_defects(void **state)
{
#define PART(headers) "--b\r\n" headers "\r\n\r\nx" END
#define NAME          "Content-Disposition: form-data; name=\"image\""
    static const struct {
        int line;
        enum err e;
        const char *body;
    } cases[] = {
        {__LINE__, OK, PART(NAME)},
        {__LINE__, ERR_TRUNCATED, ""},
        {__LINE__, ERR_TRUNCATED, "--"},
        {__LINE__, ERR_FORMAT, "x" PART(NAME)},
        {__LINE__, ERR_FORMAT, "preamble\r\n" PART(NAME)},
        {__LINE__, ERR_FORMAT, "\r\n\r\n" PART(NAME)},
        {__LINE__, ERR_FORMAT, "--c\r\n" NAME "\r\n\r\nx\r\n--c--\r\n"},
        {__LINE__, ERR_FORMAT, "--bb\r\n" NAME "\r\n\r\nx\r\n--bb--\r\n"},
        {__LINE__, ERR_FORMAT, PART(NAME) "x"},
        {__LINE__, ERR_FORMAT, PART(NAME) "\r\n"},
        {__LINE__, ERR_FORMAT, PART(NAME) PART(NAME)},
        {__LINE__, ERR_FORMAT, "--b\r\n" NAME "\r\n\r\nx\r\n--b--x"},
        {__LINE__, ERR_FORMAT, "--b\r\n" NAME "\r\n\r\nx\r\n--b--\r"},
        {__LINE__, ERR_FORMAT, "--b\r\n" NAME "\r\n\r\nx\r\n--b--\n"},
        {__LINE__, ERR_TRUNCATED, "--b\r\n" NAME "\r\n\r\nx"},
        {__LINE__, ERR_TRUNCATED, "--b\r\n" NAME "\r\n\r\nx\n--b--\n"},
        {__LINE__, ERR_TRUNCATED, "--b\r\n" NAME "\r\n\r\n--b--\r\n"}, /* no CRLF of its own before the delimiter */
        {__LINE__, ERR_FORMAT, "--b\n" NAME "\n\nx\n--b--\n"},
        {__LINE__, ERR_FORMAT, "--b\r\n\r\nx" END},
        {__LINE__, ERR_FORMAT, PART("Content-Type: image/png")},
        {__LINE__, ERR_FORMAT, PART("Content-Disposition: form-data")},
        {__LINE__, ERR_FORMAT, PART("Content-Disposition: form-data; name")},
        {__LINE__, ERR_FORMAT, PART("Content-Disposition: form-data; name=\"image")},
        {__LINE__, ERR_FORMAT, PART("Content-Disposition: form-data; name=\"image\"x")},
        {__LINE__, ERR_FORMAT, PART("Content-Disposition: form-data name=\"image\"")},
        {__LINE__, ERR_FORMAT, PART("Content-Disposition: attachment; name=\"image\"")},
        {__LINE__, ERR_FORMAT, PART("Content-Disposition: form-data; name=\"image\"; name=\"image\"")},
        {__LINE__, ERR_FORMAT, PART(NAME "; filename=\"a\"; filename=\"b\"")},
        {__LINE__, ERR_FORMAT, PART(NAME "\r\n" NAME)},
        {__LINE__, ERR_FORMAT, PART("Content-Disposition: form-data; name=\"file\"")},
        {__LINE__, ERR_FORMAT, PART("Content-Disposition: form-data; name=\"Image\"")},
        {__LINE__, ERR_FORMAT, PART("Content-Disposition: form-data; name=\"images\"")},
        {__LINE__, ERR_FORMAT, PART("Content-Disposition: form-data; name=\"\"")},
        {__LINE__, ERR_FORMAT, PART(NAME "\r\nContent-Type: multipart/mixed; boundary=c")},
        {__LINE__, ERR_FORMAT, PART(NAME "\r\nContent-Type: MULTIPART/form-data")},
        {__LINE__, ERR_FORMAT, PART(NAME "\r\nContent-Transfer-Encoding: base64")},
        {__LINE__, ERR_FORMAT, PART(NAME "\r\nContent-Transfer-Encoding: quoted-printable")},
        {__LINE__, ERR_FORMAT, PART(NAME "\r\nContent-Transfer-Encoding:")},
        {__LINE__, OK, PART(NAME "\r\nContent-Transfer-Encoding: 8BIT")},
        {__LINE__, OK, PART(NAME "\r\nContent-Transfer-Encoding: 7bit\r\nX-Anything: at all; \"")},
        {__LINE__, ERR_FORMAT, PART(NAME ";\r\n filename=\"a\"")}, /* folded */
        {__LINE__, ERR_FORMAT, PART("no colon\r\n" NAME)},
        {__LINE__, ERR_FORMAT, PART(": no name\r\n" NAME)},
        {__LINE__, ERR_FORMAT, PART("Bad Name: x\r\n" NAME)},
        {__LINE__, ERR_FORMAT, PART("X: a\rb\r\n" NAME)},
        {__LINE__, ERR_FORMAT, PART("X: a\nb\r\n" NAME)},
        {__LINE__, ERR_FORMAT, PART("X: \x1b[2J\r\n" NAME)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum err e = parse(cases[i].body, strlen(cases[i].body), "b");

        if (e != cases[i].e)
            fail_msg("line %d: %s, not %s (%s)", cases[i].line, err_str(e), err_str(cases[i].e), why.text);
    }
    assert_int_equal(parse(PART(NAME "\r\nX: a\0b"), sizeof(PART(NAME "\r\nX: a\0b")) - 1, "b"), ERR_FORMAT);
}

/* Breaks when the 65th part is taken, or the 64th refused. */
static void test_number_of_parts(void **state)
{
    char body[66 * sizeof(HEAD "x\r\n")] = "";

    (void)state;
    for (int n = 1; n <= 65; n++) {
        size_t len = strlen(body);

        (void)snprintf(body + len, sizeof(body) - len, HEAD "x\r\n");
        len = strlen(body);
        (void)snprintf(body + len, sizeof(body) - len, "--b--\r\n");
        if (n < 65) {
            assert_int_equal(parse(body, len + 7, "b"), OK);
            assert_int_equal(n_parts, n);
        } else {
            assert_int_equal(parse(body, len + 7, "b"), ERR_LIMIT);
        }
        body[len] = '\0';
    }
}

/* Breaks when the limit on headers is off by one, or is looked at only after a search through the whole body. */
static void test_header_bytes(void **state)
{
    static const char before[] = "--b\r\n" NAME "\r\nX: ", after[] = "\r\n\r\n";
    static char body[MULTIPART_HEADERS_MAX + 100];

    (void)state;
    for (size_t total = MULTIPART_HEADERS_MAX - 3; total <= MULTIPART_HEADERS_MAX + 1; total++) {
        size_t pad = total - (sizeof(before) - 1 - 5) - (sizeof(after) - 1);

        memcpy(body, before, sizeof(before) - 1);
        memset(body + sizeof(before) - 1, 'x', pad);
        (void)snprintf(body + sizeof(before) - 1 + pad, 100, "%sx" END, after);
        assert_int_equal(parse(body, strlen(body), "b"), total <= MULTIPART_HEADERS_MAX ? OK : ERR_LIMIT);
    }
}

/* R19. Breaks when an escape survives, a path is lost or bytes that are no UTF-8 come through. */
static void test_filenames(void **state)
{
    static const struct {
        int line;
        const char *param, *want;
    } cases[] = {
        {__LINE__, "", ""},
        {__LINE__, "; filename=\"\"", ""},
        {__LINE__, "; filename=\"a b;c=d.png\"", "a b;c=d.png"},
        {__LINE__, "; filename=\"a%22b.png\"", "a\"b.png"},  /* browsers, curl */
        {__LINE__, "; filename=\"a\\\"b.png\"", "a\"b.png"}, /* curl --form-escape, Python */
        {__LINE__, "; filename=\"a\\\\b.png\"", "a\\b.png"},
        {__LINE__, "; filename=\"C:\\dir\\a.png\"", "C:\\dir\\a.png"},
        {__LINE__, "; filename=\"100%.png\"", "100%.png"},
        {__LINE__, "; filename=\"%2\"", "%2"},
        {__LINE__, "; filename=a\\\"b.png", "a\\\"b.png"},
        {__LINE__, "; filename=a b.png ; x=y", "a b.png"},
        {__LINE__, "; filename=\"../../etc/passwd\"", "../../etc/passwd"},
        {__LINE__, "; filename=\"\xc3\xa9\xff.png\"", "\xc3\xa9\xef\xbf\xbd.png"},
        {__LINE__, "; filename=\"a\tb\"",
         "a\xef\xbf\xbd"
         "b"},
        {__LINE__, "; filename=\"<img src=x onerror=1>\"", "<img src=x onerror=1>"},
        {__LINE__, "; filename*=UTF-8''%e2%82%ac.png", ""},
        {__LINE__, "; filename*=UTF-8''%e2%82%ac.png; filename=\"euro.png\"", "euro.png"},
        {__LINE__, "; FILENAME=\"a\"", "a"},
    };
    char body[1024], name[256];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)snprintf(body, sizeof(body), "--b\r\n" NAME "%s\r\n\r\nx" END, cases[i].param);
        if (parse(body, strlen(body), "b") != OK)
            fail_msg("line %d: %s", cases[i].line, why.text);
        expect_part(cases[i].line, 0, "x", 1, cases[i].want);
    }
    /* 300 letters of two bytes into 255: 127 of them. */
    (void)snprintf(body, sizeof(body), "--b\r\n" NAME "; filename=\"");
    for (int i = 0; i < 300; i++)
        (void)strncat(body, "\xc3\xa9", 3);
    (void)strncat(body, "\"\r\n\r\nx" END, 100);
    assert_int_equal(parse(body, strlen(body), "b"), OK);
    assert_int_equal(multipart_filename(&parts[0], name, sizeof(name)), 254);
}

static const char whole[] = "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a%22\\\".png\"\r\n"
                            "Content-Type: image/png\r\n\r\n\r\n--not" PNG "\r\n--b \r\n"
                            "Content-Disposition: form-data; name=image\r\n\r\nsecond" END;

/* Breaks when any beginning of a body passes for the whole: only the last CRLF may be missing. */
static void test_cut_at_every_byte(void **state)
{
    size_t n = sizeof(whole) - 1;

    (void)state;
    for (size_t cut = 0; cut <= n; cut++) {
        bool good = cut == n || cut == n - 2;

        if ((parse(whole, cut, "b") == OK) != good)
            fail_msg("cut to %zu of %zu bytes: %d parts, %s", cut, n, n_parts, why.text);
    }
}

/* Breaks (under ASan, or in the checks of parse) when a damaged body leads outside itself. */
static void test_every_bit_flipped(void **state)
{
    char body[sizeof(whole)], name[256];
    int good = 0;

    (void)state;
    for (size_t bit = 0; bit < 8 * (sizeof(whole) - 1); bit++) {
        memcpy(body, whole, sizeof(whole));
        body[bit / 8] = (char)(body[bit / 8] ^ 1 << bit % 8);
        if (parse(body, sizeof(whole) - 1, "b") != OK)
            continue;
        good++;
        for (int i = 0; i < n_parts; i++)
            (void)multipart_filename(&parts[i], name, sizeof(name));
    }
    /* In a picture's bytes, a file name or an unknown header a flip is harmless; in the grammar it is not. */
    assert_in_range(good, 100, 8 * (sizeof(whole) - 1) / 2);
}

/* The processor's milliseconds for a body of pattern over and over. */
static double ms_for(const char *pattern, size_t pattern_n, const char *boundary)
{
    enum { SIZE = 10 * 1024 * 1024 };
    char *body = malloc(SIZE);
    size_t n;
    double ms;
    enum err e;

    assert_non_null(body);
    n = (size_t)snprintf(body, 512, "--%s\r\n" NAME "\r\n\r\n", boundary);
    for (; n < SIZE; n++)
        body[n] = pattern[n % pattern_n];
    ms = -pace_cpu_ms();
    e = multipart_parse((uint8_t *)body, SIZE, boundary, "image", parts, MULTIPART_PARTS_MAX, &n_parts, &why);
    ms += pace_cpu_ms();
    free(body);
    assert_int_equal(e, ERR_TRUNCATED);
    return ms;
}

/* R18: 10 MiB in 100 ms, whatever is in them. Breaks when the search goes back over what it has seen. */
static void test_linear_time(void **state)
{
    static const char dashes[] = "----------------------------------------------------------------------"; /* 70 */
    static const struct {
        const char *pattern, *boundary;
    } cases[] = {
        {"\r\n--", "b"},
        {"\r\n--", "\x2d\x2d\x2d\x2d"},
        {"\r", "b"},
        {"\n", "b"},
        {"-", "----------"},
        {"\r\n------", dashes},
        {"\r\n--b", "bc"},
        {"\r\n--b \t   x", "b"},
        {"\r\n------------------------------------------------------------------", dashes},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double ms = ms_for(cases[i].pattern, strlen(cases[i].pattern), cases[i].boundary);

        print_message("             10 MiB, pattern %zu: %.1f ms\n", i, ms);
        assert_true(pace_cpu_within(ms, SANITIZED ? 2000 : 100));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_clients),      cmocka_unit_test(test_boundary),
        cmocka_unit_test(test_contents),          cmocka_unit_test(test_defects),
        cmocka_unit_test(test_number_of_parts),   cmocka_unit_test(test_header_bytes),
        cmocka_unit_test(test_filenames),         cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_every_bit_flipped), cmocka_unit_test(test_linear_time),
    };
    int failed = cmocka_run_group_tests_name("multipart", tests, NULL, NULL);

    free(block);
    return failed;
}
