/* Input: lines NAME=value. Whatever the parameters are, the request is usable for an error reply, and everything that
 * looks into one of its strings ends. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/api/routes.h"
#include "web/csrf.h"
#include "web/http/request.h"
#include "web/session.h"
#include "web/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int good)
{
    if (!good)
        __builtin_trap();
}

/* ctx: lines, each ended by a NUL, the last one empty. */
static const char *param(const void *ctx, const char *name)
{
    size_t n = strlen(name);

    for (const char *line = ctx; *line != '\0'; line += strlen(line) + 1)
        if (strncmp(line, name, n) == 0 && line[n] == '=')
            return line + n + 1;
    return NULL;
}

static void look_into(const struct request *r)
{
    static struct conf conf;
    char allow[ROUTE_ALLOW_MAX];
    const char *value;
    size_t n;
    int64_t id;

    if (conf.n_origins == 0 && conf_load(&conf, NULL, NULL, NULL) != OK)
        __builtin_trap();
    (void)request_wants_html(r);
    (void)request_type_is(r, "application/json");
    (void)request_type_is(r, "image/");
    (void)csrf_refusal(&conf, r, true);
    (void)conf_origin_of_host(&conf, r->host, strlen(r->host));
    check(route_find(&api_routes, r->path, r->method, allow, &id) == NULL || r->path[0] == '/');
    check(id >= 0);
    (void)route_screen(&api_routes, r->path);
    if (token_read(r->authorization, &value) == OK)
        check(strlen(value) == TOKEN_CHARS);
    else
        check(value == NULL);
    if (session_cookie_read(r->cookie, &conf.origins[0], &value, &n) == OK)
        check(n == SESSION_TOKEN_CHARS && value >= r->cookie && value + n <= r->cookie + strlen(r->cookie));
    else
        check(value == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *lines = malloc(size + 2);
    struct request r;
    enum err e;

    if (lines == NULL)
        return 0;
    if (size > 0)
        memcpy(lines, data, size);
    lines[size] = lines[size + 1] = '\0';
    for (char *p = lines; (p = strchr(p, '\n')) != NULL;)
        *p++ = '\0';
    e = request_read(&r, param, lines);
    check(strlen(r.id) == REQUEST_ID_MAX && strspn(r.id, "0123456789abcdef") == REQUEST_ID_MAX);
    check(strlen(r.path) <= REQUEST_PATH_MAX);
    check(e != OK || r.path[0] == '/');
    look_into(&r);
    request_strip_path(&r, "/digits/");
    check(e != OK || r.path[0] == '/');
    free(lines);
    return 0;
}
