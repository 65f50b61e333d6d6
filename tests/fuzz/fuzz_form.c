/* Bodies of plain forms: what is taken is an object of texts that can be written as JSON. */
#include <stdint.h>
#include <stdlib.h>

#include "web/http/form_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct json *v = NULL;
    struct why why = {""};
    struct buf *text;
    enum err e = form_body_parse(&v, (const char *)bytes, n, &why);

    if (e != OK) {
        if (v != NULL || why.text[0] == '\0')
            abort();
        return 0;
    }
    text = buf_new(6 * n + 64); /* a control character becomes six */
    if (text == NULL || !json_is_object(v) || json_write(v, 17, text) != OK)
        abort();
    buf_free(text);
    json_free(v);
    return 0;
}
