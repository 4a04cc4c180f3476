/* SPDX-License-Identifier: Apache-2.0 */
#include "format/onnx_type.h"

#include "base/cleanup.h"

#include <assert.h>
#include <inttypes.h>

#define DEPTH_MAX 8

/* By TensorProto.DataType; 0 is undefined. */
static const int dtypes[] = {
    -1,
    DTYPE_FLOAT32,
    DTYPE_UINT8,
    DTYPE_INT8,
    DTYPE_UINT16,
    DTYPE_INT16,
    DTYPE_INT32,
    DTYPE_INT64,
    DTYPE_STRING,
    DTYPE_BOOL,
    DTYPE_FLOAT16,
    DTYPE_FLOAT64,
    DTYPE_UINT32,
    DTYPE_UINT64,
    DTYPE_COMPLEX64,
    DTYPE_COMPLEX128,
    DTYPE_BFLOAT16,
    DTYPE_FLOAT8_E4M3FN,
    DTYPE_FLOAT8_E4M3FNUZ,
    DTYPE_FLOAT8_E5M2,
    DTYPE_FLOAT8_E5M2FNUZ,
    DTYPE_UINT4,
    DTYPE_INT4,
    DTYPE_FLOAT4_E2M1,
    DTYPE_FLOAT8_E8M0,
    DTYPE_UINT2,
    DTYPE_INT2,
};

const struct dtype *onnx_type_find(uint64_t code)
{
    if (code >= ARRAY_LEN(dtypes) || dtypes[code] < 0)
        return NULL;
    return dtype_get((enum dtype_id)dtypes[code]);
}

const char *onnx_type_name(struct info_draft *draft, uint64_t code)
{
    const struct dtype *dtype = onnx_type_find(code);

    return dtype ? dtype->name : arena_printf(draft->arena, "type %u", (unsigned)(code & 0xffff));
}

/* TensorShapeProto.Dimension */
static int read_dim(struct info_draft *draft, struct wire wire, struct info_tensor *tensor)
{
    struct info_dim dim = {.size = INFO_UNKNOWN_SIZE};
    struct wire_field field;
    uint64_t at = wire.at;
    int r;

    for (;;) {
        r = wire_next(&wire, &field);
        if (r || field.number == 0)
            break;
        if (field.number == 1) {
            r = wire_expect(&wire, &field, WIRE_VARINT, "the size of a dimension");
            /* some exporters write -1 for "any" */
            dim = (struct info_dim){.size = (int64_t)field.value};
            if (dim.size < 0)
                dim.size = INFO_UNKNOWN_SIZE;
        } else if (field.number == 2) {
            r = wire_expect(&wire, &field, WIRE_BYTES, "the name of a dimension");
            dim = (struct info_dim){.size = INFO_UNKNOWN_SIZE};
            if (!r && field.size > 0)
                r = info_name(draft, wire.view, field.start, field.size, &dim.symbol);
        }
        if (r)
            break;
    }
    return r ? r : info_add_dim(draft, wire.view, tensor, at, dim);
}

/* TensorShapeProto */
static int read_shape(struct info_draft *draft, struct wire wire, struct info_tensor *tensor)
{
    struct wire_field field;
    int r;

    tensor->ranked = true;
    tensor->rank = 0;
    for (;;) {
        r = wire_next(&wire, &field);
        if (r || field.number == 0)
            return r;
        if (field.number != 1)
            continue;
        r = wire_expect(&wire, &field, WIRE_BYTES, "a dimension");
        if (!r)
            r = read_dim(draft, wire_inside(&wire, &field), tensor);
        if (r)
            return r;
    }
}

/* TypeProto.Tensor, TypeProto.SparseTensor. Only the outermost type gives the shape. */
static int read_tensor(struct info_draft *draft, struct wire wire, struct info_tensor *shaped,
                       const char **ret_type)
{
    struct wire_field field;
    int r;

    for (;;) {
        r = wire_next(&wire, &field);
        if (r || field.number == 0)
            return r;
        if (field.number == 1) {
            r = wire_expect(&wire, &field, WIRE_VARINT, "the type of elements");
            *ret_type = onnx_type_name(draft, field.value);
        } else if (field.number == 2) {
            r = wire_expect(&wire, &field, WIRE_BYTES, "a shape");
            if (!r && shaped)
                r = read_shape(draft, wire_inside(&wire, &field), shaped);
        }
        if (r)
            return r;
    }
}

static int read_type(struct info_draft *draft, struct wire wire, unsigned depth,
                     struct info_tensor *shaped, const char **ret_type);

/* TypeProto.Sequence, TypeProto.Optional, TypeProto.Map: what they are of. */
static int read_elements(struct info_draft *draft, struct wire wire, unsigned depth,
                         const char **ret_key, const char **ret_type)
{
    struct wire_field field;
    int r;

    for (;;) {
        r = wire_next(&wire, &field);
        if (r || field.number == 0)
            return r;
        if (field.type == WIRE_VARINT && field.number == 1)
            *ret_key = onnx_type_name(draft, field.value);
        else if (field.type == WIRE_BYTES && field.number <= 2)
            r = read_type(draft, wire_inside(&wire, &field), depth + 1, NULL, ret_type);
        if (r)
            return r;
    }
}

static int read_compound(struct info_draft *draft, struct wire wire, uint32_t kind, unsigned depth,
                         const char **ret_type)
{
    const char *key = "unknown";
    const char *element = "unknown";
    int r;

    r = read_elements(draft, wire, depth, &key, &element);
    if (r)
        return r;
    if (kind == 5)
        *ret_type = arena_printf(draft->arena, "map(%s,%s)", key, element);
    else
        *ret_type =
            arena_printf(draft->arena, "%s(%s)", kind == 4 ? "sequence" : "optional", element);
    return 0;
}

/* TypeProto */
static int read_type(struct info_draft *draft, struct wire wire, unsigned depth,
                     struct info_tensor *shaped, const char **ret_type)
{
    struct wire_field field;
    int r;

    if (depth > DEPTH_MAX)
        return fault_set(wire.view->fault, FAULT_E_LIMIT, wire.at,
                         "the type at byte %" PRIu64 " has more than %d levels", wire.at,
                         DEPTH_MAX);
    for (;;) {
        r = wire_next(&wire, &field);
        if (r || field.number == 0)
            return r;
        if (field.number == 6) /* denotation */
            continue;
        r = wire_expect(&wire, &field, WIRE_BYTES, "a type");
        if (r)
            return r;
        if (field.number == 1 || field.number == 8) {
            r = read_tensor(draft, wire_inside(&wire, &field), shaped, ret_type);
            if (!r && field.number == 8)
                *ret_type = arena_printf(draft->arena, "sparse(%s)", *ret_type);
        } else if (field.number == 4 || field.number == 5 || field.number == 9) {
            r = read_compound(draft, wire_inside(&wire, &field), field.number, depth, ret_type);
        } else if (field.number == 7) {
            *ret_type = "opaque";
        }
        if (r)
            return r;
    }
}

int onnx_type_value_info(struct info_draft *draft, struct wire value_info,
                         struct info_tensor *tensor)
{
    struct wire wire = value_info;
    struct wire_field field;
    int r;

    assert(tensor);
    for (;;) {
        r = wire_next(&wire, &field);
        if (r || field.number == 0)
            return r;
        if (field.number != 1 && field.number != 2)
            continue;
        r = wire_expect(&wire, &field, WIRE_BYTES, "the name or type of a value");
        if (!r && field.number == 1)
            r = info_name(draft, wire.view, field.start, field.size, &tensor->name);
        else if (!r)
            r = read_type(draft, wire_inside(&wire, &field), 1, tensor, &tensor->type);
        if (r)
            return r;
    }
}
