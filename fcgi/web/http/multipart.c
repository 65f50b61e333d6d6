/* Splits multipart bodies.
 *
 * Why the search is linear without a table: a delimiter starts with CR and contains no other CR, so after a mismatch at
 * its k-th byte no new match can start within the k bytes that matched. */
#include "multipart.h"

#include <string.h>
#include <strings.h>

#include "text.h"

struct span {
    const char *p;
    size_t n;
};

/* What follows the boundary on its line. */
enum delimiter { DELIMITER_NONE, DELIMITER_NEXT, DELIMITER_LAST, DELIMITER_CUT };

struct parse {
    const uint8_t *p, *end; /* what is left */
    const char *boundary, *name;
    size_t boundary_n;
    struct why *why;
};

/* The headers of one part that mean something here. */
struct part_head {
    bool has_disposition, has_name;
    struct span name, filename;
    bool has_filename, filename_quoted;
};

static bool span_is(struct span s, const char *word)
{
    return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

static struct span span_trim(struct span s)
{
    while (s.n > 0 && (*s.p == ' ' || *s.p == '\t'))
        s.p++, s.n--;
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* tchar of RFC 9110 section 5.6.2. */
static bool is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Removes the first parameter `; key=value` from the start of *rest. OK; ERR_NOT_FOUND at the end; ERR_FORMAT. A quoted
 * value loses its quotes, but not its escapes. */
static enum err param_take(struct span *rest, struct span *key, struct span *value, bool *quoted)
{
    struct span s = span_trim(*rest);
    size_t i = 0;

    if (s.n == 0)
        return ERR_NOT_FOUND;
    if (*s.p != ';')
        return ERR_FORMAT;
    s = span_trim((struct span){s.p + 1, s.n - 1});
    *rest = s;
    if (s.n == 0) /* a semicolon at the end, as some send it */
        return ERR_NOT_FOUND;
    while (i < s.n && is_token_char(s.p[i]))
        i++;
    if (i == 0 || i == s.n || s.p[i] != '=')
        return ERR_FORMAT;
    *key = (struct span){s.p, i};
    s = (struct span){s.p + i + 1, s.n - i - 1};
    *quoted = s.n > 0 && *s.p == '"';
    i = *quoted ? 1 : 0;
    if (*quoted) {
        /* Only \" and \\ are escapes: any other backslash is part of a Windows path. */
        for (; i < s.n && s.p[i] != '"'; i++)
            if (s.p[i] == '\\' && i + 1 < s.n && (s.p[i + 1] == '"' || s.p[i + 1] == '\\'))
                i++;
        if (i >= s.n)
            return ERR_FORMAT;
        *value = (struct span){s.p + 1, i - 1};
        i++;
    } else {
        while (i < s.n && s.p[i] != ';')
            i++;
        *value = span_trim((struct span){s.p, i});
    }
    *rest = (struct span){s.p + i, s.n - i};
    return OK;
}

static bool boundary_is_good(struct span b)
{
    if (b.n < 1 || b.n > MULTIPART_BOUNDARY_MAX || b.p[b.n - 1] == ' ')
        return false;
    for (size_t i = 0; i < b.n; i++) { /* bchars of RFC 2046 section 5.1.1 */
        char c = b.p[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
              (c != '\0' && strchr("'()+_,-./:=? ", c) != NULL)))
            return false;
    }
    return true;
}

enum err multipart_boundary(const char *content_type, char boundary[MULTIPART_BOUNDARY_MAX + 1], struct why *why)
{
    size_t type_n = strcspn(content_type, ";");
    struct span rest = {content_type + type_n, strlen(content_type + type_n)}, key, value, found = {NULL, 0};
    bool quoted;
    enum err e;

    boundary[0] = '\0';
    while ((e = param_take(&rest, &key, &value, &quoted)) == OK) {
        if (!span_is(key, "boundary"))
            continue;
        if (found.p != NULL)
            return err_why(why, ERR_FORMAT, "The Content-Type of the upload has two boundaries.");
        found = value;
    }
    if (e != ERR_NOT_FOUND || found.p == NULL || !boundary_is_good(found))
        return err_why(why, ERR_FORMAT, "The Content-Type of the upload has no boundary of 1 to %d characters.",
                       MULTIPART_BOUNDARY_MAX);
    memcpy(boundary, found.p, found.n);
    boundary[found.n] = '\0';
    return OK;
}

/* Looks at what follows "--boundary" and, if that makes it a delimiter, moves *p past it. */
static enum delimiter delimiter_end(const struct parse *s, const uint8_t **p)
{
    const uint8_t *q = *p;
    size_t left = (size_t)(s->end - q);
    bool last = left >= 2 && q[0] == '-' && q[1] == '-';

    if (left == 0 || (left == 1 && *q == '-'))
        return DELIMITER_CUT;
    if (last)
        q += 2;
    while (q < s->end && (*q == ' ' || *q == '\t')) /* transport padding */
        q++;
    if (last) {
        *p = q;
        return DELIMITER_LAST;
    }
    if (q == s->end || (*q == '\r' && q + 1 == s->end))
        return DELIMITER_CUT;
    if (q[0] != '\r' || q[1] != '\n')
        return DELIMITER_NONE;
    *p = q + 2;
    return DELIMITER_NEXT;
}

/* Finds the next CRLF "--" boundary that is a delimiter. *at is the position of its CR; s->p moves past it. */
static enum delimiter delimiter_find(struct parse *s, const uint8_t **at)
{
    const uint8_t *p = s->p;

    while (p < s->end) {
        const uint8_t *q = *p == '\r' ? p : memchr(p, '\r', (size_t)(s->end - p));
        enum delimiter kind;

        if (q == NULL || (size_t)(s->end - q) < s->boundary_n + 4)
            break;
        p = q + 1;
        if (memcmp(q, "\r\n--", 4) != 0 || memcmp(q + 4, s->boundary, s->boundary_n) != 0)
            continue;
        p = q + 4 + s->boundary_n;
        kind = delimiter_end(s, &p);
        if (kind == DELIMITER_NONE)
            continue;
        *at = q;
        s->p = p;
        return kind;
    }
    return DELIMITER_CUT;
}

/* form-data; name="image"; filename="a.png" (RFC 7578 section 4.2). filename* violates that RFC; some clients send it,
 * and it is ignored. */
static enum err disposition_read(struct span value, struct part_head *head)
{
    size_t i = 0;
    struct span key, text, rest;
    bool quoted;
    enum err e;

    while (i < value.n && value.p[i] != ';')
        i++;
    if (head->has_disposition || !span_is(span_trim((struct span){value.p, i}), "form-data"))
        return ERR_FORMAT;
    head->has_disposition = true;
    rest = (struct span){value.p + i, value.n - i};
    while ((e = param_take(&rest, &key, &text, &quoted)) == OK) {
        if (span_is(key, "name")) {
            if (head->has_name)
                return ERR_FORMAT;
            head->has_name = true;
            head->name = text;
        } else if (span_is(key, "filename")) {
            if (head->has_filename)
                return ERR_FORMAT;
            head->has_filename = true;
            head->filename = text;
            head->filename_quoted = quoted;
        }
    }
    return e == ERR_NOT_FOUND && head->has_name ? OK : ERR_FORMAT;
}

/* One line `Name: value`, without its CRLF. */
static enum err header_read(const struct parse *s, struct span line, struct part_head *head)
{
    size_t i = 0;
    struct span name, value;

    while (i < line.n && is_token_char(line.p[i]))
        i++;
    if (i == 0 || i == line.n || line.p[i] != ':')
        return err_why(s->why, ERR_FORMAT, "A part of the upload has a header line that is none.");
    name = (struct span){line.p, i};
    value = span_trim((struct span){line.p + i + 1, line.n - i - 1});
    for (i = 0; i < value.n; i++)
        if (((unsigned char)value.p[i] < 0x20 && value.p[i] != '\t') || value.p[i] == 0x7f)
            return err_why(s->why, ERR_FORMAT, "A part of the upload has a control character in its headers.");
    if (span_is(name, "Content-Disposition") && disposition_read(value, head) != OK)
        return err_why(s->why, ERR_FORMAT, "A part of the upload has a Content-Disposition that cannot be read.");
    if (span_is(name, "Content-Type") && value.n >= 10 && strncasecmp(value.p, "multipart/", 10) == 0)
        return err_why(s->why, ERR_FORMAT, "A part of the upload is a multipart body itself; that is not read here.");
    if (span_is(name, "Content-Transfer-Encoding") && !span_is(value, "7bit") && !span_is(value, "8bit") &&
        !span_is(value, "binary")) /* RFC 7578 section 4.7 */
        return err_why(s->why, ERR_FORMAT, "A part of the upload has a transfer encoding; send its bytes as they are.");
    return OK;
}

/* Header lines up to the empty one; s->p moves to the part's first byte. */
static enum err headers_read(struct parse *s, struct part_head *head)
{
    const uint8_t *start = s->p;

    memset(head, 0, sizeof(*head));
    for (;;) {
        size_t left = (size_t)(s->end - s->p), used = (size_t)(s->p - start);
        size_t room = MULTIPART_HEADERS_MAX - used;
        const uint8_t *eol = memmem(s->p, left < room ? left : room, "\r\n", 2);
        enum err e;

        if (eol == NULL && left < room)
            return err_why(s->why, ERR_TRUNCATED, "The upload ends too early.");
        if (eol == NULL)
            return err_why(s->why, ERR_LIMIT, "A part of the upload has more than %d bytes of headers.",
                           MULTIPART_HEADERS_MAX);
        if (eol == s->p)
            break;
        e = header_read(s, (struct span){(const char *)s->p, (size_t)(eol - s->p)}, head);
        if (e != OK)
            return e;
        s->p = eol + 2;
    }
    s->p += 2;
    if (!head->has_disposition)
        return err_why(s->why, ERR_FORMAT, "A part of the upload has no Content-Disposition.");
    if (head->name.n != strlen(s->name) || memcmp(head->name.p, s->name, head->name.n) != 0)
        return err_why(s->why, ERR_FORMAT, "A part of the upload is not named \"%s\". Name each so.", s->name);
    return OK;
}

/* The delimiter at the start of a body; there may be an empty line before it. */
static enum delimiter delimiter_first(struct parse *s)
{
    const uint8_t *p = s->p;
    enum delimiter kind;

    if (s->end - p >= 2 && memcmp(p, "\r\n", 2) == 0)
        p += 2;
    if ((size_t)(s->end - p) < 2 + s->boundary_n)
        return DELIMITER_CUT;
    if (memcmp(p, "--", 2) != 0 || memcmp(p + 2, s->boundary, s->boundary_n) != 0)
        return DELIMITER_NONE;
    p += 2 + s->boundary_n;
    kind = delimiter_end(s, &p);
    s->p = p;
    return kind;
}

/* Everything up to the last delimiter. */
static enum err parts_read(struct parse *s, struct multipart_part *parts, int max, int *n_parts)
{
    enum delimiter kind = delimiter_first(s);

    while (kind == DELIMITER_NEXT) {
        struct part_head head;
        const uint8_t *start, *at = NULL;
        enum err e;

        if (*n_parts == max)
            return err_why(s->why, ERR_LIMIT, "The upload has more than %d parts. Send fewer at a time.", max);
        e = headers_read(s, &head);
        if (e != OK)
            return e;
        start = s->p;
        kind = delimiter_find(s, &at);
        if (at != NULL)
            parts[(*n_parts)++] = (struct multipart_part){.bytes = start,
                                                          .n = (size_t)(at - start),
                                                          .filename = head.has_filename ? head.filename.p : NULL,
                                                          .filename_n = head.filename.n,
                                                          .filename_quoted = head.filename_quoted};
    }
    if (kind == DELIMITER_CUT)
        return err_why(s->why, ERR_TRUNCATED, "The upload ends too early.");
    if (kind == DELIMITER_NONE)
        return err_why(s->why, ERR_FORMAT, "The upload does not begin with the boundary that its Content-Type names.");
    if (s->p != s->end && !(s->end - s->p == 2 && memcmp(s->p, "\r\n", 2) == 0))
        return err_why(s->why, ERR_FORMAT, "There is something after the end of the upload.");
    return OK;
}

enum err multipart_parse(const uint8_t *body, size_t n, const char *boundary, const char *name,
                         struct multipart_part *parts, int max, int *n_parts, struct why *why)
{
    struct parse s = {
        .p = body, .end = body + n, .boundary = boundary, .name = name, .boundary_n = strlen(boundary), .why = why};
    enum err e;

    *n_parts = 0;
    e = parts_read(&s, parts, max, n_parts);
    if (e != OK)
        *n_parts = 0;
    return e;
}

size_t multipart_filename(const struct multipart_part *part, char *out, size_t size)
{
    char plain[MULTIPART_HEADERS_MAX];
    size_t n = 0;

    for (size_t i = 0; part->filename != NULL && i < part->filename_n && n < sizeof(plain); i++) {
        const char *p = part->filename + i;
        size_t left = part->filename_n - i;
        bool escape = part->filename_quoted && left >= 2 && p[0] == '\\' && (p[1] == '"' || p[1] == '\\');

        if (left >= 3 && memcmp(p, "%22", 3) == 0) {
            plain[n++] = '"';
            i += 2;
        } else {
            plain[n++] = p[escape ? 1 : 0];
            i += escape ? 1 : 0;
        }
    }
    return text_clean(plain, n, out, size);
}
