/* Any bytes -> image/header: a size within the limits, or an error with a sentence; and nothing in between. */
#include "image/header/header.h"

#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int good)
{
    if (!good)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct image_header h;
    struct why why = {{0}};

    if (image_header_read(data, size, &h, &why) != OK) {
        check(h.width == 0 && h.height == 0 && why.text[0] != '\0');
        return 0;
    }
    check(h.width >= 1 && h.width <= IMAGE_SIDE_MAX_PX && h.height >= 1 && h.height <= IMAGE_SIDE_MAX_PX);
    check((int64_t)h.width * h.height <= IMAGE_AREA_MAX_PX && h.orientation >= 1 && h.orientation <= 8);
    return 0;
}
