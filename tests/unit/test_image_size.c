/* image/image against a header reader that is wrong (R30): image.c is compiled into this test with a reader that tells
 * one row too few, as a trap that nobody has thought of would make ours do. */
#include "image/header/header.h"

static enum err lying_header_read(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);

#define image_header_read lying_header_read
#include "image/image.c"
#undef image_header_read

#include "pictures.h"

static int rows_too_few;

static enum err lying_header_read(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why)
{
    enum err e = image_header_read(bytes, n, out, why);

    out->height -= rows_too_few;
    return e;
}

/* Fails when what libgd has decoded is used although it has another size than the one that was checked. */
static void test_size_must_be_the_headers(void **state)
{
    static const char *const FILES[] = {"digit-7.png",  "digit-7.jpg",        "digit-7.gif",      "digit-7.bmp",
                                        "digit-7.webp", "digit-7-lossy.webp", "digit-9-dark.png", "digit-7.tif",
                                        "digit-7.avif", "digit-7-12bit.png"};

    (void)state;
    for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++) {
        char path[200];
        size_t n;
        uint8_t *bytes;
        struct image img;
        struct why why = {""};

        (void)snprintf(path, sizeof(path), PICTURES "%s", FILES[i]);
        bytes = file_read(path, &n);
        rows_too_few = 0;
        assert_int_equal(image_decode(bytes, n, &img, &why), OK);
        image_free(&img);
        rows_too_few = 1;
        if (image_decode(bytes, n, &img, &why) != ERR_FORMAT)
            fail_msg("%s: libgd's size went through", FILES[i]);
        assert_null(img.px);
        rows_too_few = -1;
        assert_int_equal(image_decode(bytes, n, &img, &why), ERR_FORMAT);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_size_must_be_the_headers)};

    return cmocka_run_group_tests_name("image_size", tests, NULL, NULL);
}
