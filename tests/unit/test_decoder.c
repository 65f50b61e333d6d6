/* image/decoder: the child reads what this process would read, to the bit, whatever the bytes are. R34, R38. */
#include <dirent.h>
#include <unistd.h>

#include "fixture_decoder.h"
#include "fixture_tunables.h"

static void compare_file(struct decoder *d, const char *name)
{
    char path[300];
    size_t n;
    uint8_t *bytes;
    struct decoder_reply want, got;
    struct why here = {""}, there = {""};
    enum err e;

    (void)snprintf(path, sizeof(path), PICTURES "%s", name);
    bytes = file_read(path, &n);
    e = read_here(bytes, n, &want, &here);
    assert_int_equal(ask(d, bytes, n, &got, &there), e);
    assert_string_equal(there.text, here.text);
    expect_same(name, &want, &got);
    free(bytes);
}

/* R34, R38. Fails when the child's answer, or its refusal, is not the one of this process for every golden picture, in
 * any order and in a second child; and when the sandbox ends a child over an ordinary picture. */
static void test_same_as_here(void **state)
{
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        struct decoder *d = new_decoder(BYTES_MAX);
        DIR *dir = opendir(PICTURES);
        int files = 0;

        assert_non_null(dir);
        for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
            if (entry->d_type == DT_REG) {
                compare_file(d, entry->d_name);
                files++;
            }
        closedir(dir);
        assert_true(files > 15);
        assert_false(decoder_lost(d));
        decoder_free(d);
    }
}

/* Fails when damage of any kind is told otherwise than here, or ends the child: 300 damaged copies of each format. */
static void test_same_damage(void **state)
{
    static const char *const FILES[] = {"digit-7.png",  "digit-7.jpg",        "digit-7.gif",     "digit-7.bmp",
                                        "digit-7.webp", "digit-7-lossy.webp", "digit-7.tif",     "digit-4-turned.tif",
                                        "digit-7.avif", "digit-7-12bit.png",  "digit-7-cmyk.jpg"};
    struct decoder *d = new_decoder(BYTES_MAX);
    unsigned seed = 1;

    (void)state;
    for (size_t f = 0; f < sizeof(FILES) / sizeof(FILES[0]); f++) {
        char path[200];
        size_t n;
        uint8_t *bytes;

        (void)snprintf(path, sizeof(path), PICTURES "%s", FILES[f]);
        bytes = file_read(path, &n);
        for (int i = 0; i < 300; i++) {
            struct decoder_reply want, got;
            struct why here = {""}, there = {""};
            size_t at;
            uint8_t was;

            seed = seed * 1664525 + 1013904223;
            at = (seed >> 8) % n;
            was = bytes[at];
            bytes[at] ^= (uint8_t)(1u << (seed >> 29));
            assert_int_equal(ask(d, bytes, n, &got, &there), read_here(bytes, n, &want, &here));
            assert_string_equal(there.text, here.text);
            expect_same(FILES[f], &want, &got);
            bytes[at] = was;
        }
        free(bytes);
    }
    assert_false(decoder_lost(d));
    decoder_free(d);
}

/* R38. Fails when libpng's first warning ends the child because stderr, buffered in the parent (as stdbuf does it), is
 * looked at only then. */
static void test_buffered_stderr(void **state)
{
    size_t n;
    uint8_t *bytes = file_read(PICTURES "digit-7.png", &n);
    pid_t pid;

    (void)state;
    pid = fork();
    if (pid == 0) {
        struct decoder *d;
        struct decoder_reply reply;
        struct why why;

        stderr = fopen("/dev/null", "w"); /* a fresh one: ours has been used */
        if (stderr == NULL || decoder_new(&d, BYTES_MAX, NULL) != OK)
            _exit(1);
        for (size_t bit = 8 * 41; bit < 8 * (n - 12) && !decoder_lost(d); bit++) { /* some of them make it warn */
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            (void)ask(d, bytes, n, &reply, &why);
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        _exit(decoder_lost(d) ? 2 : 0);
    }
    expect_done(pid);
    free(bytes);
}

/* Fails when a wish does not reach the normaliser, or the orientation is not told. */
static void test_wishes(void **state)
{
    struct decoder *d = new_decoder(BYTES_MAX);
    size_t n;
    uint8_t *bytes = file_read(PICTURES "digit-4-turned.jpg", &n);
    struct decoder_request request = {.bytes = bytes, .n = n};
    struct decoder_reply plain, box, inverted;

    (void)state;
    assert_int_equal(decoder_read(d, &request, &plain, NULL), OK);
    assert_true(plain.upright);
    assert_int_equal(plain.steps.width, 300);
    assert_int_equal(plain.n_pictures, 0);
    request.center = NORMALISE_CENTER_NONE;
    assert_int_equal(decoder_read(d, &request, &box, NULL), OK);
    assert_true(memcmp(plain.input, box.input, sizeof(box.input)) != 0);
    request.center = NORMALISE_CENTER_MASS;
    request.invert = plain.steps.inverted ? NORMALISE_INVERT_NO : NORMALISE_INVERT_YES;
    assert_int_equal(decoder_read(d, &request, &inverted, NULL), OK);
    assert_true(inverted.steps.inverted != plain.steps.inverted);
    free(bytes);
    decoder_free(d);
}

/* Fails when the step pictures are missing, unnamed, larger than asked for, or not of this picture. */
static void test_step_pictures(void **state)
{
    struct decoder *d = new_decoder(BYTES_MAX);
    size_t n;
    uint8_t *bytes = file_read(PICTURES "digit-5-drawing.png", &n);
    struct decoder_request request = {.bytes = bytes, .n = n, .steps_side_px = 100};
    struct decoder_reply reply;
    const struct decoder_step *first = &reply.pictures[0], *last;
    int lightest = 0, darkest = 255;

    (void)state;
    assert_int_equal(decoder_read(d, &request, &reply, NULL), OK);
    assert_in_range(reply.n_pictures, 3, DECODER_STEPS_MAX);
    for (int i = 0; i < reply.n_pictures; i++) {
        assert_in_range(reply.pictures[i].w, 1, 100);
        assert_in_range(reply.pictures[i].h, 1, 100);
        assert_true(strlen(reply.pictures[i].name) > 1);
    }
    assert_int_equal(first->w, 100); /* of 800 x 600 */
    assert_int_equal(first->h, 75);
    for (int i = 0; i < first->w * first->h; i++) {
        lightest = first->px[i] > lightest ? first->px[i] : lightest;
        darkest = first->px[i] < darkest ? first->px[i] : darkest;
    }
    assert_true(lightest - darkest > 100);
    last = &reply.pictures[reply.n_pictures - 1];
    assert_int_equal(last->w, 28);
    assert_int_equal(last->h, 28);
    assert_memory_equal(last->px, reply.input, 784);
    request.steps_side_px = DECODER_STEP_SIDE_MAX_PX + 1;
    assert_int_equal(decoder_read(d, &request, &reply, NULL), ERR_RANGE);
    free(bytes);
    decoder_free(d);
}

/* Fails when the lattice is not the one of this process, is given to who did not ask, or stays in the shared area. */
static void test_lattice(void **state)
{
    struct decoder *d = new_decoder(BYTES_MAX);
    struct layout_lattice *there = calloc(1, sizeof(*there)), *here = calloc(1, sizeof(*here));
    size_t n;
    uint8_t *bytes = file_read(PICTURES "digit-5-drawing.png", &n);
    struct decoder_request request = {.bytes = bytes, .n = n, .lattice = there};
    struct decoder_reply reply;
    struct image img;
    struct picture p = {.state = PICTURE_RASTER};

    (void)state;
    assert_non_null(there);
    assert_non_null(here);
    assert_int_equal(image_decode(bytes, n, &img, NULL), OK);
    p.in = img.raster;
    assert_int_equal(normalise_run_until(&p, PICTURE_DARKENING, NULL), OK);
    assert_int_equal(layout_find(&p, here), OK);
    picture_free(&p);
    image_free(&img);
    assert_true(here->candidates > 0);
    assert_int_equal(decoder_read(d, &request, &reply, NULL), OK);
    assert_memory_equal(there, here, layout_lattice_bytes(here));
    free(bytes);
    bytes = file_read(PICTURES "truncated.png", &n);
    request.bytes = bytes;
    request.n = n;
    assert_int_not_equal(decoder_read(d, &request, &reply, NULL), OK);
    assert_int_equal(there->rows, 0);
    assert_int_equal(there->candidates, 0);
    assert_false(decoder_lost(d));
    free(bytes);
    free(here);
    free(there);
    decoder_free(d);
}

/* Fails when a file over the size that the area has is copied into it all the same. */
static void test_too_large(void **state)
{
    struct decoder *d = new_decoder(1000);
    uint8_t bytes[1001] = {0};
    struct decoder_reply reply;
    struct why why = {""};

    (void)state;
    assert_int_equal(ask(d, bytes, 1000, &reply, &why), ERR_UNSUPPORTED);
    assert_int_equal(ask(d, bytes, 1001, &reply, &why), ERR_LIMIT);
    assert_true(strlen(why.text) > 20);
    assert_false(decoder_lost(d));
    decoder_free(d);
}

/* A BMP of 24 bits a pixel: a black bar on white. Free it. */
static uint8_t *large_picture(size_t *n)
{
    enum { SIDE = 1200, ROW = 3 * SIDE, HEAD = 54 };
    static const uint8_t head[HEAD] = {'B',
                                       'M',
                                       (HEAD + ROW * SIDE) & 255,
                                       (HEAD + ROW * SIDE) >> 8 & 255,
                                       (HEAD + ROW * SIDE) >> 16,
                                       [10] = HEAD,
                                       [14] = 40,
                                       [18] = SIDE & 255,
                                       SIDE >> 8,
                                       [22] = SIDE & 255,
                                       SIDE >> 8,
                                       [26] = 1,
                                       [28] = 24};
    uint8_t *bytes;

    *n = HEAD + (size_t)ROW * SIDE;
    bytes = malloc(*n);
    assert_non_null(bytes);
    memcpy(bytes, head, HEAD);
    memset(bytes + HEAD, 255, *n - HEAD);
    for (size_t y = 200; y < 1000; y++)
        memset(bytes + HEAD + y * ROW + 3 * (size_t)550, 0, 3 * (size_t)100);
    return bytes;
}

static int read_large(void)
{
    struct decoder *d = new_decoder(BYTES_MAX);
    size_t n;
    uint8_t *bytes = large_picture(&n);
    struct decoder_reply reply;
    struct why why;
    int status = 0;

    for (int i = 0; i < 3 && status == 0; i++) {
        if (ask(d, bytes, n, &reply, &why) != OK) {
            status = decoder_lost(d) ? 2 : 1;
            decoder_log_loss(d, ""); /* killed, or too slow? */
        } else if (reply.steps.width != 1200 || reply.steps.blank)
            status = 3;
    }
    free(bytes);
    decoder_free(d);
    return status;
}

static char read_large_word[] = "read-large";

/* Fails when the sandbox takes what malloc does about a large picture, as the machine is set, for an attack. */
static void test_tunables(void **state)
{
    (void)state;
    run_tuned_all(read_large_word);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_here),    cmocka_unit_test(test_same_damage),
        cmocka_unit_test(test_buffered_stderr), cmocka_unit_test(test_wishes),
        cmocka_unit_test(test_step_pictures),   cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_tunables),        cmocka_unit_test(test_lattice),
    };

    if (argc == 2 && strcmp(argv[1], read_large_word) == 0)
        return read_large();
    return cmocka_run_group_tests_name("decoder", tests, NULL, NULL);
}
