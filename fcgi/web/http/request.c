/* Reads a request. Everything here comes from outside, through nginx. What nginx checks is checked again, because a
 * test or a misconfiguration may talk to the socket directly. */
#include "request.h"

#include <sys/random.h>

#include <string.h>
#include <strings.h>

static const char *const method_names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"};

const char *method_name(enum method method)
{
    return method_names[method];
}

bool method_is_safe(enum method method)
{
    return method == METHOD_GET || method == METHOD_HEAD || method == METHOD_OPTIONS;
}

static enum method method_of(const char *name)
{
    for (int m = METHOD_GET; m < METHOD_OTHER; m++)
        if (strcmp(name, method_names[m]) == 0)
            return (enum method)m;
    return METHOD_OTHER;
}

/* The length of a run of lower-case hexadecimal digits that is all of s. */
static bool id_is_good(const char *s)
{
    size_t n = strlen(s);

    return n == REQUEST_ID_MAX && strspn(s, "0123456789abcdef") == n;
}

/* 128 random bits, like nginx's $request_id; zeros if there are none: an id is no secret. */
static void id_make(char id[REQUEST_ID_MAX + 1])
{
    static const char hex[] = "0123456789abcdef";
    uint8_t bytes[REQUEST_ID_MAX / 2] = {0};

    if (getrandom(bytes, sizeof(bytes), GRND_NONBLOCK) != (ssize_t)sizeof(bytes))
        memset(bytes, 0, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        id[2 * i] = hex[bytes[i] >> 4];
        id[2 * i + 1] = hex[bytes[i] & 15];
    }
    id[REQUEST_ID_MAX] = '\0';
}

/* A header's value may contain tabs (RFC 9110 section 5.5), but no other control characters. */
static enum err text_check(const char *s)
{
    const char *p = s;

    for (; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return ERR_FORMAT;
    }
    return p - s > REQUEST_HEADER_MAX ? ERR_LIMIT : OK;
}

static enum err length_read(struct request *r, const char *s)
{
    size_t length = 0;

    if (*s == '\0') /* nginx sends an empty one where the client sent none */
        return OK;
    for (; *s != '\0'; s++) {
        if (*s < '0' || *s > '9')
            return ERR_FORMAT;
        length = length > SIZE_MAX / 10 - 1 ? SIZE_MAX : length * 10 + (size_t)(*s - '0');
    }
    r->has_length = true;
    r->length = length;
    return OK;
}

static enum err path_read(struct request *r, const char *path)
{
    size_t n = strlen(path);

    if (path[0] != '/')
        return ERR_FORMAT;
    if (n > REQUEST_PATH_MAX)
        return ERR_LIMIT;
    memcpy(r->path, path, n + 1);
    return strchr(path, '\t') == NULL ? OK : ERR_FORMAT;
}

enum err request_read(struct request *r, const char *(*param)(const void *ctx, const char *name), const void *ctx)
{
    const char *method, *path, *length, *late_length, *id, *ask;
    const struct {
        const char *name;
        const char **to;
    } texts[] = {{"REQUEST_METHOD", &method},
                 {"DOCUMENT_URI", &path},
                 {"CONTENT_LENGTH", &length},
                 {"DIGITD_LENGTH", &late_length},
                 {"DIGITD_ASK", &ask},
                 {"REQUEST_ID", &id},
                 {"QUERY_STRING", &r->query},
                 {"CONTENT_TYPE", &r->content_type},
                 {"HTTP_HOST", &r->host},
                 {"HTTP_ORIGIN", &r->origin},
                 {"HTTP_SEC_FETCH_SITE", &r->sec_fetch_site},
                 {"HTTP_COOKIE", &r->cookie},
                 {"HTTP_AUTHORIZATION", &r->authorization},
                 {"HTTP_ACCEPT", &r->accept},
                 {"HTTP_USER_AGENT", &r->user_agent},
                 {"HTTP_DIGITD_ACCOUNT", &r->account},
                 {"REMOTE_ADDR", &r->address}};
    enum err e = OK, each;

    memset(r, 0, sizeof(*r));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *value = param(ctx, texts[i].name);

        *texts[i].to = value == NULL ? "" : value;
        each = text_check(*texts[i].to);
        e = e == OK ? each : e;
    }
    if (id_is_good(id))
        memcpy(r->id, id, REQUEST_ID_MAX + 1);
    else
        id_make(r->id);
    r->method = method_of(method);
    if (e == OK && *method == '\0')
        e = ERR_FORMAT;
    if (e == OK)
        e = path_read(r, path);
    r->ask = strcmp(ask, "1") == 0;
    if (e == OK)
        e = length_read(r, length[0] != '\0' ? length : late_length);
    return e;
}

void request_strip_path(struct request *r, const char *site_path)
{
    size_t n = strlen(site_path);

    if (n > 1 && strncmp(r->path, site_path, n) == 0)
        memmove(r->path, r->path + n - 1, strlen(r->path + n - 1) + 1);
}

bool request_type_is(const struct request *r, const char *type)
{
    size_t n = strcspn(r->content_type, "; \t"), type_n = strlen(type);

    if (type_n > 0 && type[type_n - 1] == '/')
        return n > type_n && strncasecmp(r->content_type, type, type_n) == 0;
    return n == type_n && strncasecmp(r->content_type, type, n) == 0;
}

/* The weight of one element of Accept, in thousandths (RFC 9110 section 12.4.2); params begins after the media range.
 */
static int accept_weight(const char *params, const char *end)
{
    for (const char *p = params; p < end; p++) {
        int weight = 0, digit = 1000;

        if (*p != ';')
            continue;
        do
            p++;
        while (p < end && (*p == ' ' || *p == '\t'));
        if (end - p < 3 || (*p != 'q' && *p != 'Q') || p[1] != '=')
            continue;
        for (p += 2; p < end && ((*p >= '0' && *p <= '9') || *p == '.'); p++)
            if (*p != '.') {
                weight += (*p - '0') * digit;
                digit /= 10;
            }
        return weight;
    }
    return 1000;
}

/* The weight that accept gives to a media type by its own name; 0 if it does not name it. */
static int accept_of(const char *accept, const char *type)
{
    size_t type_n = strlen(type);

    for (const char *p = accept; *p != '\0';) {
        const char *end = p + strcspn(p, ",");
        size_t n;

        p += strspn(p, " \t");
        n = strcspn(p, ";, \t");
        if (n == type_n && strncasecmp(p, type, n) == 0)
            return accept_weight(p + n, end);
        p = *end == ',' ? end + 1 : end;
    }
    return 0;
}

bool request_wants_html(const struct request *r)
{
    return accept_of(r->accept, "text/html") > accept_of(r->accept, "application/json");
}
