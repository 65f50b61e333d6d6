/* A model to a file: header, padding, tensors, digest; then a temporary file, fsync, rename, fsync of the directory.
 *
 * Pitfall: rename is only as safe as the fsync before it. If write, fsync or close fails, so does the save; the old
 * file stays, and the temporary one is removed. */
#include "model.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/fs.h"
#include "model_parts.h"

enum { PATH_BYTES = 4096 };

/* The text of a float that reads back as the same float. */
static void set_number(struct model *m, const char *key, float v)
{
    char text[32];
    snprintf(text, sizeof(text), "%.9g", (double)v);
    model_set_meta(m, key, text);
}

/* The metadata that this program sets itself; sha256 is 64 zeros until the rest of the file is there. */
static enum err set_metadata(struct model *m, const char *zeros)
{
    struct buf *layers = buf_new(MODEL_HEADER_MAX);
    const enum err e = layers ? model_layers_write(m, layers) : ERR_NOMEM;
    if (e == OK)
        model_set_meta(m, "layers", buf_data(layers));
    buf_free(layers);
    set_number(m, "temperature", m->temperature);
    set_number(m, "look_again_below", m->look_again_below);
    set_number(m, "unsure_below", m->unsure_below);
    set_number(m, "ink_above", m->ink_above);
    json_remove(m->meta, "reject_below");
    json_remove(m->meta, "doubt_below");
    if (m->reject.hidden > 0) {
        set_number(m, "reject_below", m->reject.below);
        set_number(m, "doubt_below", m->reject.doubt);
    }
    model_set_meta(m, "writer", MODEL_WRITER);
    model_set_meta(m, "sha256", zeros);
    return e;
}

static size_t tensor_bytes(const struct model_tensor *t)
{
    return t->n * (t->u8 ? sizeof(*t->u8) : sizeof(*t->f32));
}

/* The header's JSON, padded with spaces so that the data begins at a multiple of MODEL_HEADER_ALIGN. */
static enum err write_header(const struct model *m, const struct model_tensor *t, int n, struct buf *out)
{
    size_t at = 0;
    struct json *root = json_new_object();
    model_copy_strings(m->meta, json_set_object(root, "__metadata__"));
    for (int i = 0; i < n; i++) {
        struct json *obj = json_set_object(root, t[i].name);
        json_set_str(obj, "dtype", t[i].u8 ? "U8" : "F32");
        struct json *shape = json_set_array(obj, "shape"), *span = json_set_array(obj, "data_offsets");
        for (int d = 0; d < t[i].n_dims; d++)
            json_add_int(shape, (int64_t)t[i].dim[d]);
        json_add_int(span, (int64_t)at);
        at += tensor_bytes(&t[i]);
        json_add_int(span, (int64_t)at);
    }
    const enum err e = root ? json_write(root, 17, out) : ERR_NOMEM;
    json_free(root);
    while (e == OK && (MODEL_LENGTH_BYTES + buf_len(out)) % MODEL_HEADER_ALIGN != 0)
        if (buf_add(out, " ", 1) != OK)
            break;
    return e == OK ? buf_status(out) : e;
}

static void put_tensor(uint8_t *to, const struct model_tensor *t)
{
    if (t->u8)
        memcpy(to, t->u8, t->n);
    for (size_t i = 0; t->f32 && i < t->n; i++) {
        uint32_t bits;
        memcpy(&bits, &t->f32[i], sizeof(bits));
        for (size_t b = 0; b < sizeof(bits); b++)
            to[i * sizeof(bits) + b] = (uint8_t)(bits >> 8 * b);
    }
}

/* The whole file in memory. */
struct file {
    uint8_t *bytes;
    size_t n, header_n;
};

/* Fills f, with zeros for its digest; the caller frees f->bytes. */
static enum err make_file(const struct model *m, struct file *f)
{
    struct model_tensor t[MODEL_TENSORS_MAX];
    const int count = model_tensors(m, t);
    struct buf *header = buf_new(MODEL_HEADER_MAX);
    enum err e = header ? write_header(m, t, count, header) : ERR_NOMEM;
    if (e != OK)
        goto out;
    f->header_n = buf_len(header);
    f->n = MODEL_LENGTH_BYTES + f->header_n;
    for (int i = 0; i < count; i++)
        f->n += tensor_bytes(&t[i]);
    f->bytes = malloc(f->n);
    if (!f->bytes) {
        e = ERR_NOMEM;
        goto out;
    }
    for (size_t i = 0; i < MODEL_LENGTH_BYTES; i++)
        f->bytes[i] = (uint8_t)((uint64_t)f->header_n >> 8 * i);
    memcpy(f->bytes + MODEL_LENGTH_BYTES, buf_data(header), f->header_n);
    uint8_t *to = f->bytes + MODEL_LENGTH_BYTES + f->header_n;
    for (int i = 0; i < count; to += tensor_bytes(&t[i++]))
        put_tensor(to, &t[i]);
out:
    buf_free(header);
    return e;
}

/* Puts the digest of the file into its place. */
static enum err sign_file(struct model *m, struct file *f, const char *zeros, const char *path, struct why *why)
{
    size_t at = 0;
    if (!model_digits_find(f->bytes + MODEL_LENGTH_BYTES, f->header_n, zeros, &at))
        return err_why(why, ERR_FORMAT, "%s: not written: its metadata has 64 zeros in a row", path);
    digest_sha256_hex(f->bytes, f->n, m->sha256);
    memcpy(f->bytes + MODEL_LENGTH_BYTES + at, m->sha256, DIGEST_HEX);
    m->sha256_in_file = true;
    model_set_meta(m, "sha256", m->sha256);
    return OK;
}

static bool write_all(int fd, const uint8_t *bytes, size_t n)
{
    for (size_t done = 0; done < n;) {
        const ssize_t put = write(fd, bytes + done, n - done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        done += (size_t)put;
    }
    return true;
}

static enum err replace_file(const char *path, const uint8_t *bytes, size_t n, struct why *why)
{
    char tmp[PATH_BYTES];
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) /* the rename would put a file in a device's place */
        return err_why(why, ERR_IO, "cannot write %s: it is not a regular file", path);
    if (snprintf(tmp, sizeof(tmp), "%s.tmp-%ld", path, (long)getpid()) >= (int)sizeof(tmp))
        return err_why(why, ERR_LIMIT, "the path of the weights file is too long");
    const int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_why(why, ERR_IO, "%s: %s", tmp, strerror(errno));
    bool ok = write_all(fd, bytes, n) && fsync(fd) == 0;
    int failed = ok ? 0 : errno;
    if (close(fd) < 0 && ok) {
        ok = false;
        failed = errno;
    }
    if (ok && rename(tmp, path) < 0) {
        ok = false;
        failed = errno;
    }
    if (!ok) {
        unlink(tmp);
        return err_why(why, ERR_IO, "%s: %s", path, strerror(failed));
    }
    if (!fs_sync_directory_of(path))
        return err_why(why, ERR_IO, "%s: written, but its directory cannot be synced: %s", path, strerror(errno));
    return OK;
}

/* Checks before a file is written that it could be read back. */
static enum err check_numbers(const struct model *m, const char *path, struct why *why)
{
    const bool golden_ok = m->n_golden == 0 ||
                           (m->n_golden > 0 && m->n_golden <= MODEL_GOLDEN_MAX && m->golden_input && m->golden_logits &&
                            model_all_finite(m->golden_logits, (size_t)m->n_golden * MODEL_CLASSES));
    if (!golden_ok || !model_all_finite(m->block, m->n_params) || !model_numbers_ok(m) || !model_reject_finite(m) ||
        !model_limits_ok(m))
        return err_why(why, ERR_RANGE, "%s: not written: a weight or a number is not finite or not in its range", path);
    return OK;
}

enum err model_save(struct model *m, const char *path, struct why *why)
{
    char zeros[DIGEST_HEX + 1];
    struct file f = {0};
    enum err e = check_numbers(m, path, why);
    if (e != OK)
        return e;
    memset(zeros, '0', DIGEST_HEX);
    zeros[DIGEST_HEX] = '\0';
    e = set_metadata(m, zeros);
    if (e == OK)
        e = make_file(m, &f);
    if (e != OK)
        err_why(why, e, "%s: not written: %s", path, err_str(e));
    if (e == OK)
        e = sign_file(m, &f, zeros, path, why);
    if (e == OK)
        e = replace_file(path, f.bytes, f.n, why);
    free(f.bytes);
    return e;
}
