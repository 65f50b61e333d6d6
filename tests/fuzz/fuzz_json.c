/* Input: text as a log-in would send it. What is read can be written, is then read again, and is written the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEPTH_MAX = 16, TEXT_MAX = 8 << 20 };

static void check(int good)
{
    if (!good)
        __builtin_trap();
}

static void write_twice(const struct json *v)
{
    struct buf *first = buf_new(TEXT_MAX), *second = buf_new(TEXT_MAX);
    struct json *again = NULL;

    check(first != NULL && second != NULL);
    check(json_write(v, 17, first) == OK);
    check(json_parse(&again, buf_data(first), buf_len(first), DEPTH_MAX, NULL) == OK);
    check(json_write(again, 17, second) == OK);
    check(buf_len(first) == buf_len(second) && memcmp(buf_data(first), buf_data(second), buf_len(first)) == 0);
    json_free(again);
    buf_free(first);
    buf_free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json *v = NULL;
    struct why why = {""};
    enum err e = json_parse(&v, (const char *)data, size, DEPTH_MAX, &why);
    const char *email;
    size_t n;

    if (e != OK) {
        check(v == NULL && why.text[0] != '\0');
        return 0;
    }
    check(memchr(data, '\0', size) == NULL);
    email = json_get_str(v, "email", &n);
    check(email == NULL || strlen(email) == n);
    write_twice(v);
    json_free(v);
    return 0;
}
