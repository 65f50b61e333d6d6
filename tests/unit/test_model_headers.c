/* The loader's checks one by one: headers written by hand, each right or wrong in one thing, and lists of layers that
 * do not fit together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/model.h"

/* A file by hand: a header, and floats of 0.25. Returns its length. */
static size_t by_hand(const char *header, size_t floats, uint8_t *to, size_t max)
{
    const size_t header_n = strlen(header);
    assert_true(8 + header_n + 4 * floats <= max);
    memset(to, 0, max);
    to[0] = (uint8_t)header_n;
    to[1] = (uint8_t)(header_n >> 8);
    memcpy(to + 8, header, header_n);
    for (size_t i = 0; i < floats; i++)
        to[8 + header_n + 4 * i + 2] = 0x80, to[8 + header_n + 4 * i + 3] = 0x3e;
    return 8 + header_n + 4 * floats;
}

#define LAYERS                                                                                                         \
    "[{\\\"type\\\":\\\"maxpool2\\\"},{\\\"type\\\":\\\"maxpool2\\\"},{\\\"type\\\":\\\"flatten\\\"},"                 \
    "{\\\"type\\\":\\\"dense\\\",\\\"name\\\":\\\"d\\\",\\\"in\\\":49,\\\"out\\\":10,\\\"activation\\\":\\\"none\\\"}" \
    "]"
#define META   "\"__metadata__\":{\"layers\":\"" LAYERS "\"}"
#define WEIGHT "\"d.weight\":{\"dtype\":\"F32\",\"shape\":[10,49],\"data_offsets\":[0,1960]}"

/* Breaks when a file that somebody else wrote, without digest, padding, bias or numbers of ours, is not read. */
static void test_by_hand(void **state)
{
    (void)state;
    static uint8_t bytes[4096];
    struct why why = {0};
    struct model *m = NULL;
    const size_t n = by_hand("{" WEIGHT "," META "}", 490, bytes, sizeof bytes);
    if (model_parse(&m, bytes, n, "x", &why))
        fail_msg("%s", why.text);
    assert_false(m->sha256_in_file);
    assert_int_equal(strlen(m->sha256), DIGEST_HEX);
    assert_true(m->temperature == 1 && m->look_again_below == 0 && m->unsure_below == 0);
    assert_true(m->layers[3].weight[489] == 0.25F);
    assert_null(m->layers[3].bias);
    model_free(m);
}

/* Breaks when one of the loader's checks is missing: each of these headers is wrong in one thing, and the line must say
 * which. */
static void test_wrong_headers(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *header, *says;
    } cases[] = {
        {__LINE__, "[" WEIGHT "]", "not a JSON object"},
        {__LINE__, "{" WEIGHT "," META, "header: "},
        {__LINE__, "{" WEIGHT "}", "no __metadata__"},
        {__LINE__, "{\"__metadata__\":[]," WEIGHT "}", "no __metadata__"},
        {__LINE__, "{\"__metadata__\":{\"layers\":7}," WEIGHT "}", "\"layers\" is not a string"},
        {__LINE__, "{\"__metadata__\":{\"format\":\"pt\"}," WEIGHT "}", "__metadata__ has no \"layers\", the list"},
        {__LINE__, "{\"__metadata__\":{\"layers\":\"no\"}," WEIGHT "}", "not a JSON list"},
        {__LINE__, "{\"__metadata__\":{\"layers\":\"[]\"}," WEIGHT "}", "1 to 64 layers"},
        {__LINE__, "{\"__metadata__\":{\"layers\":\"[3]\"}," WEIGHT "}", "is not a supported type"},
        {__LINE__, "{\"__metadata__\":{\"layers\":\"[{\\\"type\\\":\\\"lstm\\\"}]\"}," WEIGHT "}",
         "layer 1: \"lstm\" is not a supported type"},
        {__LINE__, "{\"__metadata__\":{\"layers\":\"[{\\\"type\\\":\\\"relu\\\"}]\"}," WEIGHT "}",
         "give the layer before it \"activation\":\"relu\""},
        {__LINE__, "{\"__metadata__\":{\"layers\":\"[{\\\"type\\\":\\\"maxpool2\\\",\\\"stride\\\":1}]\"}," WEIGHT "}",
         "layer 1 (maxpool2): \"stride\" is not a supported member"},
        {__LINE__,
         "{\"__metadata__\":{\"layers\":\"[{\\\"type\\\":\\\"conv2d\\\",\\\"name\\\":\\\"c\\\",\\\"out\\\":2,"
         "\\\"kernel\\\":3,\\\"padding\\\":\\\"same\\\",\\\"groups\\\":0,\\\"activation\\\":\\\"relu\\\"}]\"}," WEIGHT
         "}",
         "\"groups\" must be a number"},
        {__LINE__,
         "{\"__metadata__\":{\"layers\":\"[{\\\"type\\\":\\\"conv2d\\\",\\\"name\\\":\\\"c\\\",\\\"out\\\":2,"
         "\\\"kernel\\\":3,\\\"padding\\\":\\\"same\\\",\\\"groups\\\":-1,\\\"activation\\\":\\\"relu\\\"}]\"}," WEIGHT
         "}",
         "\"groups\" must be a number"},
        {__LINE__,
         "{\"__metadata__\":{\"layers\":\"[{\\\"type\\\":\\\"conv2d\\\",\\\"name\\\":\\\"c\\\",\\\"out\\\":2,"
         "\\\"kernel\\\":3,\\\"padding\\\":\\\"same\\\",\\\"groups\\\":\\\"2\\\",\\\"activation\\\":\\\"relu\\\"}]\"}"
         "," WEIGHT "}",
         "\"groups\" must be a number"},
        {__LINE__,
         "{\"__metadata__\":{\"layers\":\"[{\\\"type\\\":\\\"conv2d\\\",\\\"name\\\":\\\"c\\\",\\\"out\\\":2,"
         "\\\"kernel\\\":3,\\\"padding\\\":\\\"same\\\",\\\"groups\\\":4294967297,\\\"activation\\\":\\\"relu\\\"}]\"}"
         "," WEIGHT "}",
         "\"groups\" must be a number"},
        {__LINE__,
         "{\"__metadata__\":{\"layers\":\"[{\\\"type\\\":\\\"conv2d\\\",\\\"name\\\":\\\"c\\\",\\\"out\\\":2,"
         "\\\"kernel\\\":3,\\\"padding\\\":\\\"same\\\",\\\"groups\\\":2,\\\"activation\\\":\\\"relu\\\"}]\"}," WEIGHT
         "}",
         "equal groups"},
        {__LINE__,
         "{\"__metadata__\":{\"layers\":\"[{\\\"type\\\":\\\"conv2d\\\",\\\"name\\\":\\\"c\\\",\\\"out\\\":2,"
         "\\\"kernel\\\":3,\\\"padding\\\":\\\"same\\\",\\\"groups\\\":65,\\\"activation\\\":\\\"relu\\\"}]\"}," WEIGHT
         "}",
         "at most 64"},
        {__LINE__, "{\"__metadata__\":{\"layers\":\"" LAYERS "\",\"writer\":\"digitd\"}," WEIGHT "}",
         "sha256 is missing"},
        {__LINE__, "{\"__metadata__\":{\"layers\":\"" LAYERS "\",\"sha256\":\"12\"}," WEIGHT "}", "64 hexadecimal"},
        {__LINE__,
         "{\"__metadata__\":{\"layers\":\"" LAYERS
         "\",\"sha256\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}," WEIGHT "}",
         "sha256 is wrong"},
        {__LINE__, "{\"__metadata__\":{\"layers\":\"" LAYERS "\",\"temperature\":\"0\"}," WEIGHT "}", "temperature"},
        {__LINE__, "{\"__metadata__\":{\"layers\":\"" LAYERS "\",\"temperature\":\"1x\"}," WEIGHT "}", "temperature"},
        {__LINE__, "{\"__metadata__\":{\"layers\":\"" LAYERS "\",\"temperature\":\"1e-300\"}," WEIGHT "}",
         "temperature"},
        {__LINE__, "{\"__metadata__\":{\"layers\":\"" LAYERS "\",\"unsure_below\":\"1.5\"}," WEIGHT "}",
         "unsure_below"},
        {__LINE__, "{\"__metadata__\":{\"layers\":\"" LAYERS "\",\"look_again_below\":\"-0.1\"}," WEIGHT "}",
         "look_again_below"},
        {__LINE__, "{" META "}", "1960 bytes after"},
        {__LINE__,
         "{\"__metadata__\":{\"layers\":\"[{\\\"type\\\":\\\"flatten\\\"},{\\\"type\\\":\\\"dense\\\",\\\"name\\\":"
         "\\\"d\\\","
         "\\\"out\\\":10,\\\"activation\\\":\\\"none\\\"}]\"}," WEIGHT "}",
         "the tensor \"d.weight\" is 10 x 49, but for layer 2 (dense \"d\") it must be 10 x 784"},
        {__LINE__,
         "{\"__metadata__\":{\"layers\":\"[{\\\"type\\\":\\\"flatten\\\"},{\\\"type\\\":\\\"dense\\\",\\\"name\\\":"
         "\\\"d\\\","
         "\\\"in\\\":49,\\\"out\\\":10}]\"}," WEIGHT "}",
         "\"activation\" must be"},
        {__LINE__,
         "{\"__metadata__\":{\"layers\":\"[{\\\"type\\\":\\\"maxpool2\\\"},{\\\"type\\\":\\\"maxpool2\\\"},{"
         "\\\"type\\\":\\\"flatten\\\"},"
         "{\\\"type\\\":\\\"dense\\\",\\\"name\\\":\\\"d\\\",\\\"in\\\":48,\\\"out\\\":10,\\\"activation\\\":"
         "\\\"none\\\"}]\"}," WEIGHT "}",
         "the layer gets 49 inputs"},
        {__LINE__, "{" META ",\"d.weight\":{\"dtype\":\"F64\",\"shape\":[10,49],\"data_offsets\":[0,1960]}}", "match"},
        {__LINE__, "{" META ",\"d.weight\":{\"dtype\":\"F32\",\"data_offsets\":[0,1960]}}", "must have"},
        {__LINE__, "{" META ",\"d.weight\":{\"dtype\":\"F32\",\"shape\":[10,-49],\"data_offsets\":[0,1960]}}",
         "shape must be a list"},
        {__LINE__, "{" META ",\"d.weight\":{\"dtype\":\"F32\",\"shape\":[10,49],\"data_offsets\":[1960]}}",
         "shape must be a list"},
        {__LINE__, "{" META ",\"d.weight\":{\"dtype\":\"F32\",\"shape\":[49,10],\"data_offsets\":[0,1960]}}",
         "is 49 x 10, but for layer 4 (dense \"d\") it must be 10 x 49: transpose it"},
        {__LINE__, "{" META ",\"d.weight\":{\"dtype\":\"F32\",\"shape\":[10,7,7],\"data_offsets\":[0,1960]}}",
         "is 10 x 7 x 7, but"},
        {__LINE__, "{" META ",\"d.weight\":{\"dtype\":\"U8\",\"shape\":[10,196],\"data_offsets\":[0,1960]}}",
         "dtype U8, but must have F32; in PyTorch"},
        {__LINE__, "{" META ",\"d.weight\":{\"dtype\":\"F32\",\"shape\":[10,48],\"data_offsets\":[0,1960]}}",
         "its data_offsets do not match"},
        {__LINE__,
         "{" META ",\"d.weight\":{\"dtype\":\"F32\",\"shape\":[65536,65536,65536,65536],\"data_offsets\":[0,1960]}}",
         "its data_offsets do not match"},
        {__LINE__, /* 1960 bytes modulo 2^64 */
         "{" META ",\"d.weight\":{\"dtype\":\"F32\",\"shape\":[59328839,212447,2826,2201],\"data_offsets\":[0,1960]}}",
         "its data_offsets do not match"},
        {__LINE__, "{" META ",\"d.weight\":{\"dtype\":\"F32\",\"shape\":[10,49],\"data_offsets\":[0,1964]}}",
         "ends 4 bytes past the end of the file, which was cut short"},
        {__LINE__, "{" META ",\"d.weight\":{\"dtype\":\"F32\",\"shape\":[10,49],\"data_offsets\":[1960,0]}}",
         "its data_offsets do not match"},
        {__LINE__, "{" META ",\"d.weight\":{\"dtype\":\"F32\",\"shape\":[10,48],\"data_offsets\":[40,1960]}}",
         "gap at byte 0"},
        {__LINE__, "{" META "," WEIGHT ",\"e\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1956,1960]}}",
         "overlap"},
        {__LINE__, "{" META "," WEIGHT ",\"d.bias\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[1960,1960]}}",
         "no layer uses the tensor \"d.bias\": give its layer \"bias\":true in \"layers\""},
        {__LINE__, "{" META ",\"golden.logits\":{\"dtype\":\"F32\",\"shape\":[49,10],\"data_offsets\":[0,1960]}}",
         "the tensor \"d.weight\" of layer 4 (dense \"d\") is missing; the file has no weights"},
        {__LINE__,
         "{" META "," WEIGHT ",\"golden.input\":{\"dtype\":\"F32\",\"shape\":[0,10],\"data_offsets\":[1960,1960]}}",
         "golden.logits must be"},
    };
    static uint8_t bytes[4096];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct why why = {0};
        struct model *m = NULL;
        const size_t n = by_hand(cases[i].header, 490, bytes, sizeof bytes);
        const enum err e = model_parse(&m, bytes, n, "x", &why);
        if (e == OK || m || !strstr(why.text, cases[i].says))
            fail_msg("line %d: \"%s\", must say \"%s\"", cases[i].line, why.text, cases[i].says);
    }
}

#define DENSE "\"type\":\"dense\",\"out\":10,\"activation\":\"none\""
#define LIST  "[{\"type\":\"maxpool2\"},{\"type\":\"maxpool2\"},{\"type\":\"flatten\"},{" DENSE

/* A file of one dense layer behind two pools, whose list ends with `last` and whose tensors are as told: 49 x 10 floats
 * where "NAME DTYPE SHAPE BYTES" says so. */
static size_t of_others(const char *last, const char *tensors, uint8_t *to, size_t max)
{
    char header[2048], quoted[1024];
    size_t n = 0, at = 0;
    char list[512], *rest = NULL, copy[512];
    snprintf(list, sizeof list, LIST "%s}]", last);
    for (const char *p = list; *p; p++) {
        if (*p == '"')
            quoted[n++] = '\\';
        quoted[n++] = *p;
    }
    quoted[n] = '\0';
    n = (size_t)snprintf(header, sizeof header, "{\"__metadata__\":{\"layers\":\"%s\"}", quoted);
    snprintf(copy, sizeof copy, "%s", tensors);
    for (char *one = strtok_r(copy, ";", &rest); one; one = strtok_r(NULL, ";", &rest)) {
        char name[64], dtype[8], shape[32];
        size_t bytes = 0;
        assert_int_equal(sscanf(one, "%63s %7s %31s %zu", name, dtype, shape, &bytes), 4);
        n += (size_t)snprintf(header + n, sizeof header - n,
                              ",\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}", name, dtype,
                              shape, at, at + bytes);
        at += bytes;
    }
    snprintf(header + n, sizeof header - n, "}");
    return by_hand(header, at / 4, to, max);
}

/* Breaks when a file that another program wrote is refused without a word of what its author has to do, or one that has
 * all that it needs is refused at all (the whole line is empty then). */
static void test_files_of_others(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *last, *tensors, *says;
    } cases[] = {
        {__LINE__, ",\"name\":\"d\",\"bias\":false", "d.weight F32 10,49 1960", ""},
        {__LINE__, ",\"name\":\"net.fc.0\"", "net.fc.0.weight F32 10,49 1960", ""},
        {__LINE__, ",\"name\":\"d\",\"bias\":true", "d.weight F32 10,49 1960",
         "f: the tensor \"d.bias\" of layer 4 (dense \"d\") is missing; if the layer has no bias, give it "
         "\"bias\":false in \"layers\""},
        {__LINE__, ",\"name\":\"d\"", "d.weight F32 10,49 1960;d.bias F32 10 40",
         "f: no layer uses the tensor \"d.bias\": give its layer \"bias\":true in \"layers\""},
        {__LINE__, ",\"name\":\"d\"", "module.fc.weight F32 10,49 1960;reject.hidden.weight F32 1 4",
         "f: the tensor \"d.weight\" of layer 4 (dense \"d\") is missing; the file has \"module.fc.weight\": a layer's "
         "\"name\" is the part before .weight"},
        {__LINE__, ",\"name\":\"d\"", "d.weight F16 10,49 980",
         "f: the tensor \"d.weight\" has the dtype F16, but must have F32; in PyTorch, call tensor.float() before "
         "saving it"},
        {__LINE__, ",\"name\":\"d\"", "d.weight F64 10,49 3920",
         "f: the tensor \"d.weight\" has the dtype F64, but must have F32; in PyTorch, call tensor.float() before "
         "saving it"},
        {__LINE__, ",\"name\":\"d\"", "d.weight Q4 10,49 1960",
         "f: tensor \"d.weight\": dtype \"Q4\" is not supported"},
        {__LINE__, ",\"name\":\"d\"", "d.weight F32 49,10 1960",
         "f: the tensor \"d.weight\" is 49 x 10, but for layer 4 (dense \"d\") it must be 10 x 49: transpose it "
         "to PyTorch's order: outputs, inputs, rows, columns"},
        {__LINE__, ",\"name\":\"d\"", "d.weight F32 10,64 2560",
         "f: the tensor \"d.weight\" is 10 x 64, but for layer 4 (dense \"d\") it must be 10 x 49"},
        {__LINE__, ",\"name\":\"d\"",
         "bn.weight F32 1 4;bn.running_mean F32 1 4;bn.num_batches_tracked I64 1 8;d.weight F32 10,49 1960",
         "f: no layer uses the tensor \"bn.running_mean\": batch normalisation must be folded into the convolution "
         "before it (see MODEL.md)"},
        {__LINE__, ",\"name\":\"d\",\"bias\":true", "d.weight F32 10,49 1960;bn.running_mean F32 1 4",
         "f: the tensor \"d.bias\" of layer 4 (dense \"d\") is missing, and there is \"bn.running_mean\": batch "
         "normalisation must be folded into the convolution before it (see MODEL.md)"},
        {__LINE__, ",\"name\":\"d\"", "d.weight F32 10,49 1960;head.weight F32 1 4",
         "f: no layer uses the tensor \"head.weight\": remove it or list its layer"},
        {__LINE__, "", "d.weight F32 10,49 1960",
         "f: layer 4 (dense): \"name\" must be the prefix of its tensors' names, up to 31 characters"},
        {__LINE__, ",\"name\":\"golden.d\"", "golden.d.weight F32 10,49 1960",
         "f: layer 4: its name is missing, is reserved (golden, golden., reject.) or has characters other than "
         "letters, digits, _, - and ."},
        {__LINE__, ",\"name\":\"d\",\"bias\":0", "d.weight F32 10,49 1960",
         "f: layer 4 (dense): \"bias\" must be true or false"},
        {__LINE__, ",\"name\":\"d\",\"in\":\"49\"", "d.weight F32 10,49 1960",
         "f: layer 4 (dense): \"in\" must be a number"},
        {__LINE__, ",\"name\":\"d\",\"name in\":1", "d.weight F32 10,49 1960",
         "f: layer 4 (dense): \"name in\" is not a supported member (supported: type name in out activation "
         "bias)"},
    };
    static uint8_t bytes[8192];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct why why = {0};
        struct model *m = NULL;
        const size_t n = of_others(cases[i].last, cases[i].tensors, bytes, sizeof bytes);
        (void)model_parse(&m, bytes, n, "f", &why);
        if (strcmp(why.text, cases[i].says) != 0 || (m != NULL) != (cases[i].says[0] == '\0'))
            fail_msg("line %d: \"%s\", must say \"%s\"", cases[i].line, why.text, cases[i].says);
        model_free(m);
    }
}

/* Breaks when a file of another kind is called a damaged safetensors file. */
static void test_other_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *says;
    } cases[] = {{"PK\3\4 and what follows", "torch.save"},
                 {"\x89HDF\r\n\x1a\n and what follows", "HDF5"},
                 {"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"},
                 {"<!DOCTYPE html>", "not a safetensors file"},
                 {"short", "too short for a safetensors file (5 bytes)"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct why why = {0};
        struct model *m = NULL;
        assert_int_not_equal(model_parse(&m, (const uint8_t *)cases[i].bytes, strlen(cases[i].bytes), "f", &why), OK);
        if (m || !strstr(why.text, cases[i].says))
            fail_msg("\"%s\", must say \"%s\"", why.text, cases[i].says);
    }
}

/* Breaks when NaN or an infinity is let in as a weight: no answer would make sense after it. */
static void test_not_finite(void **state)
{
    (void)state;
    static uint8_t bytes[4096];
    struct why why = {0};
    struct model *m = NULL;
    const size_t n = by_hand("{" WEIGHT "," META "}", 490, bytes, sizeof bytes);
    bytes[n - 1] = 0x7f;
    assert_int_equal(model_parse(&m, bytes, n, "x", &why), ERR_FORMAT);
    assert_non_null(strstr(why.text, "finite"));
}

/* Breaks when views are taken for others than the file says, or what is no list of them is taken at all. */
static void test_views(void **state)
{
    (void)state;
    static const struct {
        const char *of;
        int n; /* 0: refused */
        uint64_t moments;
    } cases[] = {{"\\\"plain\\\"", 1, 0},
                 {"\\\"moments\\\"", 1, 1},
                 {"\\\"plain,moments,plain,moments\\\"", 4, 10},
                 {"\\\"\\\"", 0, 0},
                 {"\\\"plain,\\\"", 0, 0},
                 {"\\\",plain\\\"", 0, 0},
                 {"\\\"plain,,moments\\\"", 0, 0},
                 {"\\\"Plain\\\"", 0, 0},
                 {"\\\"plain \\\"", 0, 0},
                 {"\\\"momentsplain\\\"", 0, 0},
                 {"1", 0, 0},
                 {"[\\\"plain\\\"]", 0, 0},
                 {"\\\"plain\\\",\\\"out\\\":1", 0, 0}};
    static uint8_t bytes[1 << 18];
    char header[2048];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int in = cases[i].n ? cases[i].n * 784 : 784;
        struct why why = {0};
        struct model *m = NULL;
        snprintf(
            header, sizeof header,
            "{\"d.weight\":{\"dtype\":\"F32\",\"shape\":[10,%d],\"data_offsets\":[0,%d]},\"__metadata__\":{\"layers\":"
            "\""
            "[{\\\"type\\\":\\\"views\\\",\\\"of\\\":%s},{\\\"type\\\":\\\"flatten\\\"},{\\\"type\\\":\\\"dense\\\","
            "\\\"name\\\":\\\"d\\\",\\\"out\\\":10,\\\"activation\\\":\\\"none\\\"}]\"}}",
            in, in * 40, cases[i].of);
        const size_t n = by_hand(header, (size_t)in * 10, bytes, sizeof bytes);
        if ((model_parse(&m, bytes, n, "x", &why) == OK) != (cases[i].n > 0))
            fail_msg("of %s: %s", cases[i].of, m ? "taken" : why.text);
        if (m) {
            assert_int_equal(m->layers[0].out_c, cases[i].n);
            assert_int_equal(m->layers[0].moments, cases[i].moments);
        } else {
            assert_non_null(
                strstr(why.text, "layer")); /* "layer 1 (views): a member ...", or "layers: not a JSON list" */
        }
        model_free(m);
    }
}

/* Breaks when a list of layers that does not fit together makes a model. */
static void test_wrong_layers(void **state)
{
    (void)state;
    const struct layer pool = {.kind = LAYER_MAXPOOL2}, flat = {.kind = LAYER_FLATTEN}, soft = {.kind = LAYER_SOFTMAX},
                       views = {.kind = LAYER_VIEWS, .out_c = 1}, blind = {.kind = LAYER_VIEWS},
                       many = {.kind = LAYER_VIEWS, .out_c = MODEL_GROUPS_MAX + 1};
    const struct layer dense = {.kind = LAYER_DENSE, .name = "d", .out_c = 10};
    const struct layer conv = {.kind = LAYER_CONV2D, .name = "c", .out_c = 10, .kernel = 3};
    struct layer even = conv, named = dense, slash = dense, huge = dense, none = conv, golden = dense;
    even.kernel = 4;
    named.name[0] = '\0';
    slash.name[0] = '/';
    huge.out_c = MODEL_CHANNELS_MAX + 1;
    none.out_c = 0;
    memcpy(golden.name, "golden", 7);
    const struct {
        int line, n;
        struct layer spec[8];
    } cases[] = {
        {__LINE__, 0, {pool}},
        {__LINE__, 1, {dense}},                                     /* not flat */
        {__LINE__, 1, {flat}},                                      /* 784, not ten */
        {__LINE__, 2, {conv, soft}},                                /* not flat */
        {__LINE__, 3, {flat, conv, dense}},                         /* conv2d after flatten */
        {__LINE__, 3, {flat, pool, dense}},                         /* maxpool2 after flatten */
        {__LINE__, 3, {flat, soft, dense}},                         /* softmax not last */
        {__LINE__, 3, {flat, views, dense}},                        /* views not first */
        {__LINE__, 4, {views, views, flat, dense}},                 /* twice */
        {__LINE__, 3, {blind, flat, dense}},                        /* none of them */
        {__LINE__, 3, {many, flat, dense}},                         /* too many */
        {__LINE__, 3, {even, flat, dense}},                         /* 4x4 */
        {__LINE__, 2, {flat, named}},                               /* no name */
        {__LINE__, 2, {flat, slash}},                               /* a strange name */
        {__LINE__, 2, {flat, golden}},                              /* a name that is kept */
        {__LINE__, 3, {flat, dense, dense}},                        /* a name twice */
        {__LINE__, 3, {flat, huge, dense}},                         /* too wide */
        {__LINE__, 3, {none, flat, dense}},                         /* no output */
        {__LINE__, 7, {pool, pool, pool, pool, pool, flat, dense}}, /* 28 14 7 3 1, and again */
        {__LINE__, 7, {pool, pool, pool, pool, conv, flat, dense}}, /* 1x1 is too small for "valid" */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct why why = {0};
        struct model *m = NULL;
        if (model_create(&m, cases[i].spec, cases[i].n, &why) == OK || m || why.text[0] == '\0')
            fail_msg("line %d: accepted, or without a word", cases[i].line);
    }
}

/* Breaks when the number of parameters is counted in 32 bits, where size_t has no more: 2^32 and 1.7 million here. */
static void test_too_many_parameters(void **state)
{
    (void)state;
    const struct layer spec[] = {{.kind = LAYER_CONV2D, .name = "c", .out_c = 4096, .kernel = 3, .same = true},
                                 {.kind = LAYER_FLATTEN},
                                 {.kind = LAYER_DENSE, .name = "d", .out_c = 1338},
                                 {.kind = LAYER_DENSE, .name = "e", .out_c = 10}};
    struct why why = {0};
    struct model *m = NULL;
    assert_int_equal(model_create(&m, spec, sizeof spec / sizeof *spec, &why), ERR_LIMIT);
    assert_null(m);
    assert_non_null(strstr(why.text, "more than "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),         cmocka_unit_test(test_wrong_headers),
        cmocka_unit_test(test_files_of_others), cmocka_unit_test(test_other_kinds),
        cmocka_unit_test(test_not_finite),      cmocka_unit_test(test_wrong_layers),
        cmocka_unit_test(test_views),           cmocka_unit_test(test_too_many_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
