/* SPDX-License-Identifier: Apache-2.0 */
#include "format/caffe2.h"

#include "base/cleanup.h"
#include "format/names.h"
#include "format/wire.h"

#include <inttypes.h>
#include <string.h>

#define OP_TYPE_MAX 64
#define BESIDE_MAX 8 /* files that are looked at for the other half */

/* Numbers of fields. */
enum {
    NET_NAME = 1,
    NET_OP = 2,
    NET_INPUT = 7,
    NET_OUTPUT = 8,
    OP_INPUT = 1,
    OP_OUTPUT = 2,
    OP_TYPE = 4,
    OP_ARGUMENT = 5,
    ARGUMENT_NAME = 1,
    ARGUMENT_INTS = 6,
};

/* Operators that make a tensor out of nothing, and of what type. */
static const struct {
    const char *op;
    enum dtype_id dtype;
} fills[] = {
    {"GivenTensorFill",                  DTYPE_FLOAT32},
    {"GivenTensorDoubleFill",            DTYPE_FLOAT64},
    {"GivenTensorBoolFill",              DTYPE_BOOL   },
    {"GivenTensorInt16Fill",             DTYPE_INT16  },
    {"GivenTensorIntFill",               DTYPE_INT32  },
    {"GivenTensorInt64Fill",             DTYPE_INT64  },
    {"GivenTensorStringFill",            DTYPE_STRING },
    {"GivenTensorByteStringToUInt8Fill", DTYPE_UINT8  },
    {"Int8GivenTensorFill",              DTYPE_UINT8  },
    {"Int8GivenIntTensorFill",           DTYPE_INT32  },
    {"ConstantFill",                     DTYPE_FLOAT32},
    {"XavierFill",                       DTYPE_FLOAT32},
    {"MSRAFill",                         DTYPE_FLOAT32},
    {"UniformFill",                      DTYPE_FLOAT32},
    {"GaussianFill",                     DTYPE_FLOAT32},
};

struct caffe2 {
    struct view *view;
    struct info_draft *draft;   /* NULL: only what it fills */
    struct names outputs;       /* of all operators */
    const struct names *filled; /* by the other half; or NULL */
    uint64_t ops;
    uint64_t fill_ops;
    bool quantising;
};

struct op {
    char type[OP_TYPE_MAX + 1];
    uint64_t inputs;
    uint64_t outputs;
    uint64_t elements; /* of the shape that its arguments say */
    bool has_shape;
};

static void caffe2_release(struct caffe2 *caffe2)
{
    names_release(&caffe2->outputs);
}

int caffe2_probe(struct view *view, bool *ret_maybe)
{
    uint8_t first;
    int r;

    *ret_maybe = false;
    if (view->source.size == 0)
        return 0;
    r = view_u8(view, 0, "the first byte", &first);
    if (!r)
        *ret_maybe = first == 0x0a || first == 0x12; /* a name, an operator */
    return r;
}

/* ---- operators ---------------------------------------------------------------------------- */

static int multiply(struct caffe2 *caffe2, struct op *op, uint64_t at, uint64_t dim)
{
    op->has_shape = true;
    if (dim > INT64_MAX || __builtin_mul_overflow(op->elements, dim, &op->elements))
        return fault_set(caffe2->view->fault, FAULT_E_DAMAGED, at,
                         "the shape at byte %" PRIu64 " is one that no memory holds", at);
    return 0;
}

static int read_ints(struct caffe2 *caffe2, const struct wire *wire, const struct wire_field *field,
                     struct op *op)
{
    uint64_t end = field->start + field->size;
    uint64_t at = field->start;
    uint64_t dim;
    int r;

    if (field->type == WIRE_VARINT)
        return multiply(caffe2, op, field->at, field->value);
    r = wire_expect(wire, field, WIRE_BYTES, "numbers");
    while (!r && at < end) {
        r = view_step(caffe2->view, at);
        if (!r)
            r = wire_varint(caffe2->view, end, &at, &dim);
        if (!r)
            r = multiply(caffe2, op, at, dim);
    }
    return r;
}

/* Argument: only "shape" matters. Its name comes first in all that is written. */
static int read_argument(struct caffe2 *caffe2, struct wire wire, struct op *op)
{
    struct wire_field field;
    bool shape = false;
    int r;

    for (;;) {
        r = wire_next(&wire, &field);
        if (r || field.number == 0)
            return r;
        if (field.number == ARGUMENT_NAME) {
            r = wire_expect(&wire, &field, WIRE_BYTES, "the name of an argument");
            if (!r && field.size == 5)
                r = view_starts(caffe2->view, field.start, "shape", 5, &shape);
        } else if (field.number == ARGUMENT_INTS && shape) {
            r = read_ints(caffe2, &wire, &field, op);
        }
        if (r)
            return r;
    }
}

static int add_output(struct caffe2 *caffe2, const struct wire_field *field)
{
    struct names_key key;
    bool there;
    int r;

    r = names_key_of(caffe2->view, field->start, field->size, &key);
    if (!r)
        r = names_add(&caffe2->outputs, &key, &there);
    return r == FAULT_E_LIMIT ? fault_set(caffe2->view->fault, r, field->at,
                                          "it has more than %zu tensors", NAMES_MAX)
                              : r;
}

static int read_op_field(struct caffe2 *caffe2, const struct wire *wire,
                         const struct wire_field *field, struct op *op)
{
    switch (field->number) {
    case OP_INPUT:
        op->inputs++;
        return 0;
    case OP_OUTPUT:
        op->outputs++;
        return add_output(caffe2, field);
    case OP_TYPE:
        if (field->size > OP_TYPE_MAX)
            return 0; /* none that we know */
        memset(op->type, 0, sizeof(op->type));
        return view_read(caffe2->view, field->start, op->type, (size_t)field->size, "an operator");
    default: /* OP_ARGUMENT */
        return read_argument(caffe2, wire_inside(wire, field), op);
    }
}

static int count_op(struct caffe2 *caffe2, const struct op *op, uint64_t at)
{
    caffe2->ops++;
    if (strncmp(op->type, "Int8", 4) == 0)
        caffe2->quantising = true;
    for (size_t i = 0; i < ARRAY_LEN(fills); i++) {
        if (strcmp(op->type, fills[i].op) != 0 || op->inputs > 0)
            continue;
        caffe2->fill_ops++;
        if (!caffe2->draft || !op->has_shape)
            return 0;
        return info_add_weights(caffe2->draft, caffe2->view, at, dtype_get(fills[i].dtype)->name,
                                op->elements);
    }
    return 0;
}

/* OperatorDef */
static int read_op(struct caffe2 *caffe2, struct wire wire)
{
    struct op op = {.elements = 1};
    struct wire_field field;
    uint64_t at = wire.at;
    bool has_type = false;
    int r;

    for (;;) {
        r = wire_next(&wire, &field);
        if (r)
            return r;
        if (field.number == 0)
            break;
        if (field.number != OP_INPUT && field.number != OP_OUTPUT && field.number != OP_TYPE &&
            field.number != OP_ARGUMENT)
            continue;
        has_type = has_type || field.number == OP_TYPE;
        r = wire_expect(&wire, &field, WIRE_BYTES, "a part of an operator");
        if (!r)
            r = read_op_field(caffe2, &wire, &field, &op);
        if (r)
            return r;
    }
    if (!has_type)
        return fault_set(caffe2->view->fault, FAULT_E_DAMAGED, at,
                         "the operator at byte %" PRIu64 " does not say what it does", at);
    return count_op(caffe2, &op, at);
}

/* ---- nets --------------------------------------------------------------------------------- */

static int add_tensor(struct caffe2 *caffe2, const struct wire_field *field)
{
    struct format_info *info = &caffe2->draft->info;
    struct info_tensor *tensor;
    struct names_key key;
    int r;

    r = names_key_of(caffe2->view, field->start, field->size, &key);
    if (r || (field->number == NET_INPUT && caffe2->filled && names_have(caffe2->filled, &key)))
        return r;
    r = info_add_tensor(caffe2->draft, caffe2->view,
                        field->number == NET_INPUT ? &info->inputs : &info->outputs, field->at,
                        &tensor);
    return r ? r : info_name(caffe2->draft, caffe2->view, field->start, field->size, &tensor->name);
}

/* Its operators; or, once those are known, its name and what goes in and out. */
static int read_net(struct caffe2 *caffe2, bool tensors)
{
    struct wire wire = wire_all(caffe2->view);
    struct wire_field field;
    const char *name;
    int r;

    for (;;) {
        r = wire_next(&wire, &field);
        if (r || field.number == 0)
            return r;
        if (field.number != NET_NAME && field.number != NET_OP && field.number != NET_INPUT &&
            field.number != NET_OUTPUT)
            continue;
        r = wire_expect(&wire, &field, WIRE_BYTES, "a part of a net");
        if (!r && !tensors && field.number == NET_OP)
            r = read_op(caffe2, wire_inside(&wire, &field));
        if (!r && tensors && (field.number == NET_INPUT || field.number == NET_OUTPUT))
            r = add_tensor(caffe2, &field);
        if (!r && tensors && field.number == NET_NAME && field.size > 0) {
            r = info_prose(caffe2->draft, caffe2->view, field.start, field.size, &name);
            if (!r)
                info_set(caffe2->draft, "net", name);
        }
        if (r)
            return r;
    }
}

static bool is_init(const struct caffe2 *caffe2)
{
    return caffe2->ops > 0 && caffe2->fill_ops == caffe2->ops;
}

/* What file i fills, if it is the first half; its outputs move to ret_filled. */
static int read_beside(const struct format_scan *scan, size_t i, struct names *ret_filled,
                       bool *ret_found)
{
    CLEANUP(caffe2_release) struct caffe2 other = {0};
    CLEANUP(view_release) struct view view = {0};
    struct fault ignored;
    bool maybe;
    int r;

    view_init(&view, &scan->set->files[i].source, scan->set->limits, &ignored);
    other.view = &view;
    *ret_found = false;
    r = caffe2_probe(&view, &maybe);
    if (r < 0 || !maybe)
        return r;
    r = read_net(&other, false);
    if (r < 0)
        return r;
    if (r == 0 && is_init(&other)) {
        *ret_filled = other.outputs;
        other.outputs = (struct names){0};
        *ret_found = true;
    }
    return 0;
}

static int read_others(const struct format_scan *scan, struct names *ret_filled, bool *ret_found)
{
    unsigned looked = 0;
    int r;

    *ret_found = false;
    for (size_t i = 0; i < scan->set->count && looked < BESIDE_MAX && !*ret_found; i++) {
        const char *name = scan->set->files[i].name;
        size_t length = strlen(name);

        if (strcmp(name, scan->name) == 0 || length < 3 || strcmp(name + length - 3, ".pb") != 0)
            continue;
        looked++;
        r = read_beside(scan, i, ret_filled, ret_found);
        if (r)
            return r;
    }
    return 0;
}

static int read_predict(const struct format_scan *scan, struct caffe2 *caffe2)
{
    CLEANUP(names_release) struct names filled = {0};
    bool found;
    int r;

    r = read_others(scan, &filled, &found);
    if (r)
        return r;
    if (found)
        caffe2->filled = &filled;
    else
        info_warn(scan->draft, "there is no init net beside it: its inputs include its parameters");
    r = read_net(caffe2, true);
    caffe2->filled = NULL;
    scan->draft->info.has_signature = found;
    return r;
}

int caffe2_read(const struct format_scan *scan)
{
    CLEANUP(caffe2_release)
    struct caffe2 caffe2 = {.view = scan->view, .draft = scan->draft};
    struct format_info *info = &scan->draft->info;
    int r;

    r = read_net(&caffe2, false);
    if (r)
        return r;
    if (caffe2.ops == 0)
        return fault_set(scan->view->fault, FAULT_E_DAMAGED, scan->view->source.size,
                         "there is no operator in it");
    if (is_init(&caffe2)) {
        info_set(scan->draft, "part", "init");
        info->has_parameters = true;
    } else {
        info_set(scan->draft, "part", "predict");
        r = read_predict(scan, &caffe2);
        if (r)
            return r;
    }
    info_set_number(scan->draft, "operators", caffe2.ops);
    info_finish(scan->draft);
    if (!info->quantisation && caffe2.quantising)
        info->quantisation = "int8";
    return 0;
}
