/* Input: a Content-Type, a NUL, a body. Beyond what the sanitizers see: parts lie in the body, in order, and what was
 * taken apart is all there is between the delimiters. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/http/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int good)
{
    if (!good)
        __builtin_trap();
}

static void check_parts(const struct multipart_part *parts, int n, const uint8_t *body, size_t body_n)
{
    const uint8_t *from = body;
    char name[256];

    check(n >= 0 && n <= MULTIPART_PARTS_MAX);
    for (int i = 0; i < n; i++) {
        check(parts[i].bytes >= from && parts[i].n <= (size_t)(body + body_n - parts[i].bytes));
        from = parts[i].bytes + parts[i].n;
        check(memcmp(from, "\r\n--", 4) == 0);
        check(multipart_filename(&parts[i], name, sizeof(name)) == strlen(name));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct multipart_part parts[MULTIPART_PARTS_MAX];
    const uint8_t *nul = memchr(data, '\0', size), *body;
    char boundary[MULTIPART_BOUNDARY_MAX + 1];
    struct why why = {""};
    int n = -1;

    if (nul == NULL)
        return 0;
    if (multipart_boundary((const char *)data, boundary, &why) != OK) {
        check(boundary[0] == '\0');
        return 0;
    }
    check(strlen(boundary) >= 1);
    body = nul + 1;
    size -= (size_t)(body - data);
    if (multipart_parse(body, size, boundary, "image", parts, MULTIPART_PARTS_MAX, &n, &why) == OK)
        check_parts(parts, n, body, size);
    else
        check(n == 0 && why.text[0] != '\0');
    return 0;
}
