/* What tests of POST /classify share: a picture, and the bodies that carry pictures. */
#ifndef DIGITD_TESTS_FIXTURE_PICTURES_H
#define DIGITD_TESTS_FIXTURE_PICTURES_H

#include "fixture_app.h"

static uint8_t *seven; /* [seven_n]: digit-7.png, between seven_read and seven_free */
static size_t seven_n;

static inline int seven_read(void **state)
{
    (void)state;
    seven = file_read(PICTURES "digit-7.png", &seven_n);
    return 0;
}

static inline int seven_free(void **state)
{
    (void)state;
    free(seven);
    return 0;
}

static inline int post_picture(const char *type, const char *query, const void *bytes, size_t n)
{
    return answer(
        (struct ask){.method = "POST", .uri = "/classify", .query = query, .type = type, .body = bytes, .body_n = n});
}

static inline int post_form(const void *body, size_t n)
{
    return answer((struct ask){.method = "POST", .uri = "/classify", .type = FORM, .body = body, .body_n = n});
}

/* Appends a part to a form with the boundary b. */
static inline void form_add(struct buf *form, const char *filename, const void *bytes, size_t n)
{
    (void)buf_add_fmt(form, "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"%s\"\r\n\r\n", filename);
    (void)buf_add(form, bytes, n);
    assert_int_equal(buf_add_str(form, "\r\n"), OK);
}

static inline int post_parts(struct buf *form)
{
    assert_int_equal(buf_add_str(form, "--b--\r\n"), OK);
    return post_form(buf_data(form), buf_len(form));
}

#endif
