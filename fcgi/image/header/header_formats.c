/* The limits, and the error sentences. Visitors read them: each says what is wrong and what to do about it. */
#include "header_formats.h"

static const char *const FORMAT_NAMES[] = {
    [IMAGE_PNG] = "PNG",   [IMAGE_JPEG] = "JPEG", [IMAGE_GIF] = "GIF",  [IMAGE_BMP] = "BMP",
    [IMAGE_WEBP] = "WebP", [IMAGE_TIFF] = "TIFF", [IMAGE_AVIF] = "AVIF"};

enum err header_set_size(struct image_header *out, int64_t width, int64_t height, struct why *why)
{
    if (width <= 0 || height <= 0)
        return header_damaged(out->format, why);
    /* Sides first: they are at most 2^32, and only sides within the limit are multiplied. */
    if (width > IMAGE_SIDE_MAX_PX || height > IMAGE_SIDE_MAX_PX || width * height > IMAGE_AREA_MAX_PX)
        return err_why(why, ERR_LIMIT,
                       "The picture is %lld x %lld pixels. The largest that can be read has %d pixels a side and %d "
                       "megapixels in all. Make it smaller.",
                       (long long)width, (long long)height, IMAGE_SIDE_MAX_PX, IMAGE_AREA_MAX_PX / 1000000);
    out->width = (int)width;
    out->height = (int)height;
    return OK;
}

enum err header_cut_short(enum image_format format, struct why *why)
{
    return err_why(why, ERR_TRUNCATED,
                   "The %s file ends too early, so part of the picture is missing. Send the whole file again.",
                   FORMAT_NAMES[format]);
}

enum err header_damaged(enum image_format format, struct why *why)
{
    return err_why(why, ERR_FORMAT,
                   "The %s file is damaged. Save the picture again, for example as PNG, and send that.",
                   FORMAT_NAMES[format]);
}
