/* Any bytes -> image/image -> normalise/normalise, with wishes and twice without: what is decoded has the size that the
 * header told, the box lies within it, and the second run gives the same 28x28 as the first.
 *
 * Pictures over 256 Kpx are left out: they cost time and reach no other code than small ones. The codecs behind libgd
 * are not instrumented; what is found in them is found by the allocator and by the checks here. */
#include "image/image.h"

#include <string.h>

#include "image/header/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int good)
{
    if (!good)
        __builtin_trap();
}

static void see(void *ctx, const char *name, int w, int h, const uint8_t *px)
{
    volatile uint8_t end = px[(size_t)w * (size_t)h - 1];

    (void)end;
    check(name[0] >= 'a' && name[0] <= 'z' && strlen(name) <= 15);
    ++*(int *)ctx;
}

/* wish: any number; it decides what is asked of the normaliser. */
static void check_normalise(const struct raster *r, size_t wish)
{
    int seen = 0;
    const struct normalise_trace trace = {see, &seen};
    const struct normalise_options options = {
        .invert = (enum normalise_invert)(wish % 3), .center = (enum normalise_center)(wish / 3 % 3), .trace = &trace};
    uint8_t first[DIGIT_PIXELS], second[DIGIT_PIXELS];
    struct normalise_steps s;

    check(normalise_with(r, &options, first, &s) == OK && seen >= 2);
    check(s.shift[0] >= -28 && s.shift[0] <= 28 && s.shift[1] >= -28 && s.shift[1] <= 28);
    check(s.box[0] >= 0 && s.box[1] >= 0 && s.box[0] + s.box[2] <= r->w && s.box[1] + s.box[3] <= r->h);
    check(normalise(r, first, &s) == OK && normalise(r, second, &s) == OK && memcmp(first, second, sizeof(first)) == 0);
    check(s.box[0] >= 0 && s.box[1] >= 0 && s.box[0] + s.box[2] <= r->w && s.box[1] + s.box[3] <= r->h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct image_header h;
    struct image img;
    struct why why = {{0}};

    if (image_header_read(data, size, &h, NULL) != OK || h.width * h.height > 256 * 1024)
        return 0;
    if (image_decode(data, size, &img, &why) == OK) {
        bool turned = h.orientation >= 5;

        check(img.raster.w == (turned ? h.height : h.width) && img.raster.h == (turned ? h.width : h.height));
        check_normalise(&img.raster, size);
    } else {
        check(why.text[0] != '\0' && img.px == NULL);
    }
    image_free(&img);
    return 0;
}
