/* SPDX-License-Identifier: Apache-2.0 */
#include "format/onnx_tensor.h"

#include "format/onnx_entry.h"
#include "format/onnx_type.h"
#include "model/name.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_TEXT_MAX 20
#define LOCATION_MAX ((uint64_t)1024)

/* Numbers of TensorProto's fields. */
enum {
    DIMS = 1,
    DATA_TYPE = 2,
    FLOAT_DATA = 4,
    INT32_DATA = 5,
    STRING_DATA = 6,
    INT64_DATA = 7,
    NAME = 8,
    RAW_DATA = 9,
    DOUBLE_DATA = 10,
    UINT64_DATA = 11,
    EXTERNAL_DATA = 13,
    DATA_LOCATION = 14,
};

struct tensor {
    struct info_draft *draft;
    struct view *view;
    uint64_t at;
    struct onnx_tensor_name name;
    uint64_t elements;
    uint64_t type;
    uint64_t raw_bytes;
    uint64_t fixed_bytes; /* of float_data and double_data */
    bool has_raw;
    bool has_fixed;
    bool has_numbers; /* data whose elements have no fixed length */
    bool external;
    const char *location;
    uint64_t external_offset;
    uint64_t external_length;
    bool has_external_length;
    char label[VIEW_LABEL_SIZE]; /* its name, for messages */
};

static int add_dim(struct tensor *tensor, uint64_t at, uint64_t dim)
{
    if (dim > INT64_MAX || __builtin_mul_overflow(tensor->elements, dim, &tensor->elements))
        return fault_set(tensor->view->fault, FAULT_E_DAMAGED, at,
                         "the tensor at byte %" PRIu64 " has dimensions that no memory holds",
                         tensor->at);
    return 0;
}

static int read_dims(struct tensor *tensor, struct wire *wire, const struct wire_field *field)
{
    uint64_t at = field->start;
    uint64_t dim;
    int r = 0;

    if (field->type == WIRE_VARINT)
        return add_dim(tensor, field->at, field->value);
    r = wire_expect(wire, field, WIRE_BYTES, "dimensions");
    while (!r && at < field->start + field->size) {
        r = view_step(wire->view, at);
        if (!r)
            r = wire_varint(wire->view, field->start + field->size, &at, &dim);
        if (!r)
            r = add_dim(tensor, at, dim);
    }
    return r;
}

/* A decimal number in the file. */
static int read_number(struct tensor *tensor, const struct wire_field *field, uint64_t *ret_number)
{
    char text[NUMBER_TEXT_MAX + 1] = "";
    char *end = text;
    int r;

    if (field->size == 0 || field->size > NUMBER_TEXT_MAX)
        return fault_set(tensor->view->fault, FAULT_E_DAMAGED, field->start,
                         "the offset or length at byte %" PRIu64 " is no number", field->start);
    r = view_read(tensor->view, field->start, text, (size_t)field->size, "a number");
    if (r)
        return r;
    if (text[0] >= '0' && text[0] <= '9')
        *ret_number = strtoull(text, &end, 10);
    if (end != text + field->size || *ret_number > INT64_MAX)
        return fault_set(tensor->view->fault, FAULT_E_DAMAGED, field->start,
                         "the offset or length at byte %" PRIu64 " is no number", field->start);
    return 0;
}

static int read_location(struct tensor *tensor, const struct wire_field *field)
{
    int r;

    if (field->size == 0 || field->size > LOCATION_MAX)
        return fault_set(tensor->view->fault, FAULT_E_DAMAGED, field->start,
                         "the location of data at byte %" PRIu64 " is no file name", field->start);
    r = info_name(tensor->draft, tensor->view, field->start, field->size, &tensor->location);
    if (r)
        return r;
    if (tensor->location[0] == '/' || strstr(tensor->location, "..") ||
        strchr(tensor->location, '\\'))
        return fault_set(tensor->view->fault, FAULT_E_DAMAGED, field->start,
                         "the model wants data from outside its own folder, '%.128s'",
                         tensor->location);
    return 0;
}

/* One property of external_data. */
static int read_external(struct tensor *tensor, const struct wire *outer,
                         const struct wire_field *field)
{
    struct onnx_entry entry;
    char key[16] = "";
    int r;

    r = onnx_entry_read(wire_inside(outer, field), &entry);
    if (!r && entry.key.size < sizeof(key))
        r = view_read(outer->view, entry.key.start, key, (size_t)entry.key.size, "a key");
    if (r)
        return r;
    if (strcmp(key, "location") == 0)
        return read_location(tensor, &entry.value);
    if (strcmp(key, "offset") == 0)
        return read_number(tensor, &entry.value, &tensor->external_offset);
    if (strcmp(key, "length") == 0) {
        tensor->has_external_length = true;
        return read_number(tensor, &entry.value, &tensor->external_length);
    }
    return 0;
}

static int read_fixed(struct tensor *tensor, const struct wire_field *field)
{
    static const uint64_t sizes[] = {[WIRE_FIXED64] = 8, [WIRE_FIXED32] = 4};

    tensor->has_fixed = true;
    if (field->type == WIRE_BYTES)
        tensor->fixed_bytes += field->size;
    else if (field->type == WIRE_FIXED64 || field->type == WIRE_FIXED32)
        tensor->fixed_bytes += sizes[field->type];
    else
        return fault_set(tensor->view->fault, FAULT_E_DAMAGED, field->at,
                         "the field at byte %" PRIu64 " should be floating point numbers",
                         field->at);
    return 0;
}

static int read_field(struct tensor *tensor, struct wire *wire, const struct wire_field *field)
{
    int r;

    switch (field->number) {
    case DIMS:
        return read_dims(tensor, wire, field);
    case DATA_TYPE:
        tensor->type = field->value;
        return wire_expect(wire, field, WIRE_VARINT, "the type of a tensor");
    case NAME:
        tensor->name = (struct onnx_tensor_name){field->start, field->size};
        return wire_expect(wire, field, WIRE_BYTES, "the name of a tensor");
    case RAW_DATA:
        tensor->has_raw = true;
        tensor->raw_bytes = field->size;
        return wire_expect(wire, field, WIRE_BYTES, "the data of a tensor");
    case FLOAT_DATA:
    case DOUBLE_DATA:
        return read_fixed(tensor, field);
    case INT32_DATA:
    case INT64_DATA:
    case UINT64_DATA:
    case STRING_DATA:
        tensor->has_numbers = true;
        return 0;
    case EXTERNAL_DATA:
        r = wire_expect(wire, field, WIRE_BYTES, "where data is");
        return r ? r : read_external(tensor, wire, field);
    case DATA_LOCATION:
        tensor->external = field->value == 1;
        return wire_expect(wire, field, WIRE_VARINT, "a place of data");
    default:
        return 0;
    }
}

static int refuse_data(const struct tensor *tensor, uint64_t has, uint64_t wanted)
{
    return fault_set(tensor->view->fault, FAULT_E_DAMAGED, tensor->at,
                     "tensor '%s' at byte %" PRIu64 " has %" PRIu64
                     " bytes of data, but its dimensions and type want %" PRIu64,
                     tensor->label, tensor->at, has, wanted);
}

/* Where the data is elsewhere: how much of that file there must be. */
static int check_external(const struct tensor *tensor, uint64_t bytes, bool bytes_known)
{
    uint64_t length = tensor->has_external_length ? tensor->external_length : bytes;
    uint64_t end;

    if (!tensor->location)
        return fault_set(tensor->view->fault, FAULT_E_DAMAGED, tensor->at,
                         "tensor '%s' at byte %" PRIu64 " does not say which file its data is in",
                         tensor->label, tensor->at);
    if (bytes_known && length != bytes)
        return refuse_data(tensor, length, bytes);
    if (__builtin_add_overflow(tensor->external_offset, length, &end))
        return refuse_data(tensor, length, bytes);
    return info_add_file(tensor->draft, tensor->view, tensor->at, tensor->location, end);
}

/* A string or an unknown type has no length that we know. */
static int check_data(const struct tensor *tensor, const struct dtype *dtype)
{
    bool known = dtype && dtype->bits > 0;
    uint64_t bits = 0;
    uint64_t bytes;

    if (known && __builtin_mul_overflow(tensor->elements, dtype->bits, &bits))
        return fault_set(tensor->view->fault, FAULT_E_DAMAGED, tensor->at,
                         "tensor '%s' at byte %" PRIu64 " is larger than any file", tensor->label,
                         tensor->at);
    bytes = bits / 8 + (bits % 8 > 0);
    if (tensor->external)
        return check_external(tensor, bytes, known);
    if (tensor->has_raw && known && tensor->raw_bytes != bytes)
        return refuse_data(tensor, tensor->raw_bytes, bytes);
    if (!tensor->has_raw && tensor->has_fixed && tensor->fixed_bytes != bytes)
        return refuse_data(tensor, tensor->fixed_bytes, bytes);
    if (!tensor->has_raw && !tensor->has_fixed && !tensor->has_numbers && tensor->elements > 0)
        return refuse_data(tensor, 0, bytes);
    return 0;
}

int onnx_tensor_read(struct info_draft *draft, struct wire wire, struct onnx_tensor_name *ret_name)
{
    struct tensor tensor = {.draft = draft, .view = wire.view, .at = wire.at, .elements = 1};
    struct wire_field field;
    int r;

    for (;;) {
        r = wire_next(&wire, &field);
        if (r)
            return r;
        if (field.number == 0)
            break;
        r = read_field(&tensor, &wire, &field);
        if (r)
            return r;
    }
    view_label(tensor.view, tensor.name.start, tensor.name.size, tensor.label);
    r = check_data(&tensor, onnx_type_find(tensor.type));
    if (!r)
        r = info_add_weights(draft, tensor.view, tensor.at, onnx_type_name(draft, tensor.type),
                             tensor.elements);
    if (!r)
        *ret_name = tensor.name;
    return r;
}
