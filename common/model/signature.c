/* SPDX-License-Identifier: Apache-2.0 */
#include "model/signature.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "model/dtype.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No control characters: names are shown on terminals. */
static bool is_clean(const char *text)
{
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    }
    return true;
}

static const char *check_name(const char *text)
{
    return is_clean(text) ? NULL : "a name without control characters";
}

static const char *check_symbol(const char *text)
{
    bool sound = text[0] && strlen(text) <= SIGNATURE_SYMBOL_MAX && is_clean(text) &&
                 !strpbrk(text, ",[]") && strcmp(text, "?") != 0 && !strchr("0123456789-", text[0]);

    return sound ? NULL : "a size, null, or a name of at most 64 characters such as \"N\"";
}

/* ---- JSON --------------------------------------------------------------------------------- */

struct tensor {
    const char *name;
    const char *type;
    const json_t *shape;
};

struct decoded {
    struct tensor *inputs;
    size_t input_count;
    struct tensor *outputs;
    size_t output_count;
};

static const struct field tensor_fields[] = {
    FIELD("name", STRING, struct tensor, name, .required = true, .min = 1,
          .max = SIGNATURE_NAME_MAX, .check = check_name),
    FIELD("type", STRING, struct tensor, type, .required = true, .check = dtype_check),
    FIELD("shape", JSON, struct tensor, shape, .nullable = true),
};
static const struct shape tensor_shape = SHAPE(struct tensor, tensor_fields, .open = true);

static const struct field signature_fields[] = {
    FIELD_ARRAY("inputs", LIST, struct decoded, inputs, input_count, .required = true,
                .max = SIGNATURE_TENSORS_MAX, .shape = &tensor_shape),
    FIELD_ARRAY("outputs", LIST, struct decoded, outputs, output_count, .required = true,
                .max = SIGNATURE_TENSORS_MAX, .shape = &tensor_shape),
};
static const struct shape signature_shape = SHAPE(struct decoded, signature_fields, .open = true);

static int decode_dim(const json_t *value, const char *path, size_t index, struct arena *arena,
                      struct signature_dim *ret_dim, struct fields_error *error)
{
    char place[128];

    *ret_dim = (struct signature_dim){.size = SIGNATURE_UNKNOWN_SIZE};
    if (json_is_null(value))
        return 0;
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        ret_dim->size = json_integer_value(value);
        return 0;
    }
    if (json_is_string(value) && !check_symbol(json_string_value(value)) &&
        strlen(json_string_value(value)) == json_string_length(value)) {
        ret_dim->symbol = arena_strdup(arena, json_string_value(value));
        return 0;
    }
    (void)snprintf(place, sizeof(place), "%s.shape[%zu]", path, index);
    return fields_refuse(error, place, "%s expected", check_symbol(""));
}

static int decode_tensor(const struct tensor *tensor, const char *path, struct arena *arena,
                         struct signature_tensor *ret_tensor, struct fields_error *error)
{
    size_t rank = json_array_size(tensor->shape);
    char place[128];

    *ret_tensor = (struct signature_tensor){.name = tensor->name, .type = tensor->type};
    if (!tensor->shape)
        return 0;
    if (!json_is_array(tensor->shape) || rank > SIGNATURE_RANK_MAX) {
        (void)snprintf(place, sizeof(place), "%s.shape", path);
        return fields_refuse(error, place, "an array of at most %d sizes expected",
                             SIGNATURE_RANK_MAX);
    }
    ret_tensor->ranked = true;
    ret_tensor->rank = rank;
    ret_tensor->dims = arena_array(arena, rank, sizeof(*ret_tensor->dims));
    for (size_t i = 0; i < rank; i++) {
        int r = decode_dim(json_array_get(tensor->shape, i), path, i, arena, &ret_tensor->dims[i],
                           error);

        if (r)
            return r;
    }
    return 0;
}

static int decode_tensors(const struct tensor *tensors, size_t count, const char *path,
                          struct arena *arena, struct signature_tensor **ret_tensors,
                          struct fields_error *error)
{
    struct signature_tensor *decoded = arena_array(arena, count, sizeof(*decoded));

    for (size_t i = 0; i < count; i++) {
        char place[96];
        int r;

        (void)snprintf(place, sizeof(place), "%s[%zu]", path, i);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(tensors[i].name, tensors[j].name) == 0)
                return fields_refuse(error, place, "'%.64s' is there already", tensors[i].name);
        }
        r = decode_tensor(&tensors[i], place, arena, &decoded[i], error);
        if (r)
            return r;
    }
    *ret_tensors = decoded;
    return 0;
}

int signature_decode(const json_t *value, const char *path, struct arena *arena,
                     struct signature *ret_signature, struct fields_error *ret_error)
{
    struct fields_error inner = {0};
    struct decoded decoded = {0};
    struct signature signature;
    char place[64];
    int r;

    if (fields_decode(&signature_shape, value, arena, &decoded, &inner))
        return fields_refuse(ret_error, path, "%s", inner.text);
    signature.input_count = decoded.input_count;
    signature.output_count = decoded.output_count;
    (void)snprintf(place, sizeof(place), "%s.inputs", path);
    r = decode_tensors(decoded.inputs, decoded.input_count, place, arena, &signature.inputs,
                       ret_error);
    if (r)
        return r;
    (void)snprintf(place, sizeof(place), "%s.outputs", path);
    r = decode_tensors(decoded.outputs, decoded.output_count, place, arena, &signature.outputs,
                       ret_error);
    if (r)
        return r;
    *ret_signature = signature;
    return 0;
}

static json_t *encode_dim(const struct signature_dim *dim)
{
    if (dim->size != SIGNATURE_UNKNOWN_SIZE)
        return json_integer(dim->size);
    return dim->symbol ? json_string(dim->symbol) : json_null();
}

static json_t *encode_tensors(const struct signature_tensor *tensors, size_t count)
{
    json_auto_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        json_t *tensor = json_pack("{s:s, s:s}", "name", tensors[i].name, "type", tensors[i].type);
        json_t *shape = tensors[i].ranked ? json_array() : NULL;

        for (size_t j = 0; shape && j < tensors[i].rank; j++)
            (void)json_array_append_new(shape, encode_dim(&tensors[i].dims[j]));
        if (shape && json_object_set_new(tensor, "shape", shape) < 0) {
            json_decref(tensor);
            return NULL;
        }
        if (json_array_append_new(array, tensor) < 0)
            return NULL;
    }
    return json_incref(array);
}

json_t *signature_encode(const struct signature *signature)
{
    return json_pack("{s:o, s:o}", "inputs",
                     encode_tensors(signature->inputs, signature->input_count), "outputs",
                     encode_tensors(signature->outputs, signature->output_count));
}

/* ---- text --------------------------------------------------------------------------------- */

/* The dimension of that text, without blanks. */
static int parse_dim(char *text, struct signature_dim *ret_dim, struct fields_error *error)
{
    char *end;

    *ret_dim = (struct signature_dim){.size = SIGNATURE_UNKNOWN_SIZE};
    if (strcmp(text, "?") == 0)
        return 0;
    if (text[0] >= '0' && text[0] <= '9') {
        errno = 0;
        ret_dim->size = strtoll(text, &end, 10);
        if (!errno && *end == '\0')
            return 0;
    } else if (!check_symbol(text)) {
        ret_dim->symbol = text;
        return 0;
    }
    return fields_refuse(error, "", "'%.32s' is no dimension: a size, '?' or a name expected",
                         text);
}

/* "N,64]" */
static int parse_dims(char *text, struct arena *arena, struct signature_tensor *tensor,
                      struct fields_error *error)
{
    size_t length = strlen(text);

    if (length == 0 || text[length - 1] != ']')
        return fields_refuse(error, "", "a shape ends with ']'");
    text[length - 1] = '\0';
    tensor->ranked = true;
    tensor->dims = arena_array(arena, SIGNATURE_RANK_MAX, sizeof(*tensor->dims));
    for (char *dim = text; *text && dim;) {
        char *comma = strchr(dim, ',');
        int r;

        if (comma)
            *comma++ = '\0';
        dim += strspn(dim, " ");
        if (tensor->rank == SIGNATURE_RANK_MAX)
            return fields_refuse(error, "", "a shape has at most %d dimensions",
                                 SIGNATURE_RANK_MAX);
        r = parse_dim(dim, &tensor->dims[tensor->rank++], error);
        if (r)
            return r;
        dim = comma;
    }
    return 0;
}

int signature_parse_tensor(const char *text, struct arena *arena,
                           struct signature_tensor *ret_tensor, struct fields_error *ret_error)
{
    struct signature_tensor tensor = {0};
    char *copy = arena_strdup(arena, text);
    char *bracket = strrchr(copy, '[');
    char *colon;
    int r;

    if (bracket)
        *bracket++ = '\0';
    colon = strrchr(copy, ':'); /* names have colons of their own: "input:0" */
    if (!colon || colon == copy)
        return fields_refuse(ret_error, "",
                             "NAME:TYPE[DIMENSIONS] expected, such as "
                             "image:float32[N,64]");
    *colon++ = '\0';
    tensor.name = copy;
    tensor.type = colon;
    if (!utf8_valid(text, strlen(text)) || !is_clean(text) || strlen(copy) > SIGNATURE_NAME_MAX)
        return fields_refuse(ret_error, "", "the name is no UTF-8 of at most %d bytes",
                             SIGNATURE_NAME_MAX);
    if (dtype_check(colon))
        return fields_refuse(ret_error, "", "'%.32s' is no type: %s expected", colon,
                             dtype_check(colon));
    r = bracket ? parse_dims(bracket, arena, &tensor, ret_error) : 0;
    if (!r)
        *ret_tensor = tensor;
    return r;
}

const char *signature_tensor_text(const struct signature_tensor *tensor, struct arena *arena)
{
    CLEANUP(buffer_release) struct buffer text = BUFFER((size_t)1 << 16);

    buffer_printf(&text, "%s:%s%s", tensor->name, tensor->type, tensor->ranked ? "[" : "");
    for (size_t i = 0; i < tensor->rank; i++) {
        const struct signature_dim *dim = &tensor->dims[i];

        buffer_append_text(&text, i ? "," : "");
        if (dim->size != SIGNATURE_UNKNOWN_SIZE)
            buffer_printf(&text, "%" PRId64, dim->size);
        else
            buffer_append_text(&text, dim->symbol ? dim->symbol : "?");
    }
    buffer_append_text(&text, tensor->ranked ? "]" : "");
    return arena_strndup(arena, text.bytes, text.size);
}
