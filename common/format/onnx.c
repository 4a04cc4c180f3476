/* SPDX-License-Identifier: Apache-2.0 */
#include "format/onnx.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "format/names.h"
#include "format/onnx_entry.h"
#include "format/onnx_tensor.h"
#include "format/onnx_type.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16               /* of graphs in nodes of graphs */
#define INPUTS_MAX ((size_t)65536) /* of a graph, initializers among them */
#define OP_TYPE_MAX 64

/* Numbers of fields. */
enum model_field {
    MODEL_IR_VERSION = 1,
    MODEL_PRODUCER_NAME = 2,
    MODEL_PRODUCER_VERSION = 3,
    MODEL_DOMAIN = 4,
    MODEL_VERSION = 5,
    MODEL_DOC = 6,
    MODEL_GRAPH = 7,
    MODEL_OPSET = 8,
    MODEL_METADATA = 14,
    MODEL_TRAINING = 20,
    MODEL_FUNCTION = 25,
};

enum graph_field {
    GRAPH_NODE = 1,
    GRAPH_NAME = 2,
    GRAPH_INITIALIZER = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    GRAPH_SPARSE = 15,
};

enum {
    NODE_OP_TYPE = 4,
    NODE_ATTRIBUTE = 5,
    ATTRIBUTE_GRAPH = 6,
    ATTRIBUTE_GRAPHS = 11,
    FUNCTION_NODE = 7,
};

struct onnx {
    struct view *view;
    struct info_draft *draft;
    struct names initializers; /* of the outermost graph */
    struct wire *inputs;       /* ValueInfoProtos of the outermost graph */
    size_t input_count;
    size_t input_capacity;
    uint64_t ir_version;
    uint64_t nodes;
    bool has_graph;
    bool quantising; /* some operator quantises or computes with quantised numbers */
    const char *producer_name;
    const char *producer_version;
};

static void onnx_release(struct onnx *onnx)
{
    names_release(&onnx->initializers);
    free(onnx->inputs);
}

int onnx_probe(struct view *view, bool *ret_maybe)
{
    /* the tags of ModelProto's fields that writers put first; most write ir_version */
    static const uint8_t tags[] = {0x08, 0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42};
    uint8_t first;
    int r;

    *ret_maybe = false;
    if (view->source.size == 0)
        return 0;
    r = view_u8(view, 0, "the first byte", &first);
    if (!r)
        *ret_maybe = memchr(tags, first, sizeof(tags)) != NULL;
    return r;
}

/* ---- nodes -------------------------------------------------------------------------------- */

static bool quantises(const char *op_type)
{
    static const char *const starts[] = {"QLinear", "Quantize",   "Dequantize", "DynamicQuantize",
                                         "QGemm",   "QAttention", "QEmbed",     "QOrdered"};
    static const char *const ends[] = {"Integer", "NBits", "Bnb4"};

    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        if (strncmp(op_type, starts[i], strlen(starts[i])) == 0)
            return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        if (strlen(op_type) > strlen(ends[i]) &&
            strcmp(op_type + strlen(op_type) - strlen(ends[i]), ends[i]) == 0)
            return true;
    }
    return false;
}

static int read_graph(struct onnx *onnx, struct wire wire, unsigned depth);

/* AttributeProto: nothing in it matters but graphs. */
static int read_attribute(struct onnx *onnx, struct wire wire, unsigned depth)
{
    struct wire_field field;
    int r;

    for (;;) {
        r = wire_next(&wire, &field);
        if (r || field.number == 0)
            return r;
        if (field.number != ATTRIBUTE_GRAPH && field.number != ATTRIBUTE_GRAPHS)
            continue;
        r = wire_expect(&wire, &field, WIRE_BYTES, "a graph");
        if (!r)
            r = read_graph(onnx, wire_inside(&wire, &field), depth + 1);
        if (r)
            return r;
    }
}

static int read_op_type(struct onnx *onnx, const struct wire_field *field)
{
    char op_type[OP_TYPE_MAX + 1] = "";
    int r;

    if (field->size > OP_TYPE_MAX)
        return 0; /* none that we know */
    r = view_read(onnx->view, field->start, op_type, (size_t)field->size, "an operator");
    if (!r && quantises(op_type))
        onnx->quantising = true;
    return r;
}

/* NodeProto */
static int read_node(struct onnx *onnx, struct wire wire, unsigned depth)
{
    struct wire_field field;
    bool has_op_type = false;
    uint64_t at = wire.at;
    int r;

    onnx->nodes++;
    for (;;) {
        r = wire_next(&wire, &field);
        if (r)
            return r;
        if (field.number == 0)
            break;
        if (field.number != NODE_OP_TYPE && field.number != NODE_ATTRIBUTE)
            continue;
        r = wire_expect(&wire, &field, WIRE_BYTES, "the operator or an attribute of a node");
        if (!r && field.number == NODE_OP_TYPE) {
            has_op_type = true;
            r = read_op_type(onnx, &field);
        } else if (!r) {
            r = read_attribute(onnx, wire_inside(&wire, &field), depth);
        }
        if (r)
            return r;
    }
    if (!has_op_type)
        return fault_set(onnx->view->fault, FAULT_E_DAMAGED, at,
                         "the node at byte %" PRIu64 " has no operator", at);
    return 0;
}

/* ---- graphs ------------------------------------------------------------------------------- */

static int read_initializer(struct onnx *onnx, struct wire wire, bool outermost)
{
    struct onnx_tensor_name name;
    struct names_key key;
    uint64_t at = wire.at;
    bool there;
    int r;

    r = onnx_tensor_read(onnx->draft, wire, &name);
    if (r || !outermost)
        return r;
    r = names_key_of(onnx->view, name.start, name.size, &key);
    if (!r)
        r = names_add(&onnx->initializers, &key, &there);
    if (r == FAULT_E_LIMIT)
        return fault_set(onnx->view->fault, r, at, "the graph has more than %zu initializers",
                         NAMES_MAX);
    return r;
}

/* SparseTensorProto: the first field is the values, which have the name. */
static int read_sparse(struct onnx *onnx, struct wire wire, bool outermost)
{
    struct wire_field field;
    int r;

    for (;;) {
        r = wire_next(&wire, &field);
        if (r || field.number == 0)
            return r;
        if (field.number != 1)
            continue;
        r = wire_expect(&wire, &field, WIRE_BYTES, "the values of a sparse tensor");
        if (!r)
            r = read_initializer(onnx, wire_inside(&wire, &field), outermost);
        if (r)
            return r;
    }
}

/* Inputs wait until all initializers are known. */
static int keep_input(struct onnx *onnx, struct wire value_info)
{
    if (onnx->input_count == INPUTS_MAX)
        return fault_set(onnx->view->fault, FAULT_E_LIMIT, value_info.at,
                         "the graph has more than %zu inputs", INPUTS_MAX);
    if (onnx->input_count == onnx->input_capacity) {
        size_t capacity = onnx->input_capacity ? onnx->input_capacity * 2 : 64;
        struct wire *inputs = reallocarray(onnx->inputs, capacity, sizeof(*inputs));

        if (!inputs)
            return log_fail(ERR_NO_MEMORY, "out of memory for the inputs of a graph");
        onnx->inputs = inputs;
        onnx->input_capacity = capacity;
    }
    onnx->inputs[onnx->input_count++] = value_info;
    return 0;
}

static int read_output(struct onnx *onnx, struct wire value_info)
{
    struct info_tensor *tensor;
    int r;

    r = info_add_tensor(onnx->draft, onnx->view, &onnx->draft->info.outputs, value_info.at,
                        &tensor);
    return r ? r : onnx_type_value_info(onnx->draft, value_info, tensor);
}

static int read_graph_field(struct onnx *onnx, const struct wire *wire,
                            const struct wire_field *field, unsigned depth)
{
    struct wire inside = wire_inside(wire, field);
    const char *name;
    int r;

    switch (field->number) {
    case GRAPH_NODE:
        return read_node(onnx, inside, depth);
    case GRAPH_INITIALIZER:
        return read_initializer(onnx, inside, depth == 0);
    case GRAPH_SPARSE:
        return read_sparse(onnx, inside, depth == 0);
    case GRAPH_INPUT:
        return depth == 0 ? keep_input(onnx, inside) : 0;
    case GRAPH_OUTPUT:
        return depth == 0 ? read_output(onnx, inside) : 0;
    default: /* GRAPH_NAME */
        if (depth > 0 || field->size == 0)
            return 0;
        r = info_prose(onnx->draft, onnx->view, field->start, field->size, &name);
        if (!r)
            info_set(onnx->draft, "graph", name);
        return r;
    }
}

/* GraphProto */
static int read_graph(struct onnx *onnx, struct wire wire, unsigned depth)
{
    static const char *const known[] = {
        [GRAPH_NODE] = "a node",
        [GRAPH_NAME] = "the name of a graph",
        [GRAPH_INITIALIZER] = "an initializer",
        [GRAPH_INPUT] = "an input",
        [GRAPH_OUTPUT] = "an output",
        [GRAPH_SPARSE] = "a sparse initializer",
    };
    struct wire_field field;
    int r;

    if (depth > DEPTH_MAX)
        return fault_set(onnx->view->fault, FAULT_E_LIMIT, wire.at,
                         "the graph at byte %" PRIu64 " lies inside more than %d others", wire.at,
                         DEPTH_MAX);
    for (;;) {
        r = wire_next(&wire, &field);
        if (r || field.number == 0)
            return r;
        if (field.number >= ARRAY_LEN(known) || !known[field.number])
            continue;
        r = wire_expect(&wire, &field, WIRE_BYTES, known[field.number]);
        if (!r)
            r = read_graph_field(onnx, &wire, &field, depth);
        if (r)
            return r;
    }
}

/* ---- the model ---------------------------------------------------------------------------- */

/* OperatorSetIdProto */
static int read_opset(struct onnx *onnx, struct wire wire)
{
    struct info_opset opset = {.domain = ""};
    uint64_t at = wire.at;
    struct wire_field field;
    int r;

    for (;;) {
        r = wire_next(&wire, &field);
        if (r)
            return r;
        if (field.number == 0)
            break;
        if (field.number == 1) {
            r = wire_expect(&wire, &field, WIRE_BYTES, "the domain of operators");
            if (!r)
                r = info_prose(onnx->draft, onnx->view, field.start, field.size, &opset.domain);
        } else if (field.number == 2) {
            r = wire_expect(&wire, &field, WIRE_VARINT, "the version of operators");
            opset.version = (int64_t)field.value;
        }
        if (r)
            return r;
    }
    return info_add_opset(onnx->draft, onnx->view, at, opset);
}

/* A text of an entry; "" where it is not there. */
static int read_text(struct onnx *onnx, const struct wire_field *field, const char **ret_text)
{
    return field->number ? info_prose(onnx->draft, onnx->view, field->start, field->size, ret_text)
                         : 0;
}

static int read_metadata(struct onnx *onnx, struct wire wire)
{
    struct onnx_entry entry;
    const char *key = "";
    const char *value = "";
    int r;

    if (onnx->draft->info.property_count >= INFO_PROPERTIES_MAX)
        return 0;
    r = onnx_entry_read(wire, &entry);
    if (!r)
        r = read_text(onnx, &entry.key, &key);
    if (!r)
        r = read_text(onnx, &entry.value, &value);
    if (!r)
        info_set(onnx->draft, arena_printf(onnx->draft->arena, "metadata.%s", key), value);
    return r;
}

/* FunctionProto: only what its nodes do. */
static int read_function(struct onnx *onnx, struct wire wire)
{
    struct wire_field field;
    int r;

    for (;;) {
        r = wire_next(&wire, &field);
        if (r || field.number == 0)
            return r;
        if (field.number != FUNCTION_NODE)
            continue;
        r = wire_expect(&wire, &field, WIRE_BYTES, "a node");
        if (!r)
            r = read_node(onnx, wire_inside(&wire, &field), 1);
        if (r)
            return r;
    }
}

static int read_prose(struct onnx *onnx, const struct wire_field *field, const char **ret_text)
{
    return field->size ? info_prose(onnx->draft, onnx->view, field->start, field->size, ret_text)
                       : 0;
}

static int read_model_graph(struct onnx *onnx, const struct wire *wire,
                            const struct wire_field *field)
{
    if (onnx->has_graph)
        return fault_set(onnx->view->fault, FAULT_E_DAMAGED, field->at,
                         "the model has a second graph at byte %" PRIu64, field->at);
    onnx->has_graph = true;
    return read_graph(onnx, wire_inside(wire, field), 0);
}

static int read_model_field(struct onnx *onnx, const struct wire *wire,
                            const struct wire_field *field)
{
    const char *domain = "";
    int r;

    switch ((enum model_field)field->number) {
    case MODEL_IR_VERSION:
        onnx->ir_version = field->value;
        return 0;
    case MODEL_PRODUCER_NAME:
        return read_prose(onnx, field, &onnx->producer_name);
    case MODEL_PRODUCER_VERSION:
        return read_prose(onnx, field, &onnx->producer_version);
    case MODEL_DOMAIN:
        r = read_prose(onnx, field, &domain);
        if (!r && domain[0])
            info_set(onnx->draft, "domain", domain);
        return r;
    case MODEL_VERSION:
        if (field->value)
            info_set_number(onnx->draft, "model_version", field->value);
        return 0;
    case MODEL_GRAPH:
        return read_model_graph(onnx, wire, field);
    case MODEL_OPSET:
        return read_opset(onnx, wire_inside(wire, field));
    case MODEL_METADATA:
        return read_metadata(onnx, wire_inside(wire, field));
    case MODEL_FUNCTION:
        return read_function(onnx, wire_inside(wire, field));
    default:
        return 0;
    }
}

/* ModelProto. The types of all known fields must be right: there is no magic number to go by. */
static int read_model(struct onnx *onnx)
{
    static const struct {
        enum wire_type type;
        const char *what;
    } known[] = {
        [MODEL_IR_VERSION] = {WIRE_VARINT, "the version of the format"  },
        [MODEL_PRODUCER_NAME] = {WIRE_BYTES,  "the producer"               },
        [MODEL_PRODUCER_VERSION] = {WIRE_BYTES,  "the version of the producer"},
        [MODEL_DOMAIN] = {WIRE_BYTES,  "the domain"                 },
        [MODEL_VERSION] = {WIRE_VARINT, "the version of the model"   },
        [MODEL_DOC] = {WIRE_BYTES,  "the description"            },
        [MODEL_GRAPH] = {WIRE_BYTES,  "the graph"                  },
        [MODEL_OPSET] = {WIRE_BYTES,  "an operator set"            },
        [MODEL_METADATA] = {WIRE_BYTES,  "metadata"                   },
        [MODEL_TRAINING] = {WIRE_BYTES,  "how to train"               },
        [MODEL_FUNCTION] = {WIRE_BYTES,  "a function"                 },
    };
    struct wire wire = wire_all(onnx->view);
    struct wire_field field;
    int r;

    for (;;) {
        r = wire_next(&wire, &field);
        if (r || field.number == 0)
            return r;
        if (field.number >= ARRAY_LEN(known) || !known[field.number].what)
            continue;
        r = wire_expect(&wire, &field, known[field.number].type, known[field.number].what);
        if (!r)
            r = read_model_field(onnx, &wire, &field);
        if (r)
            return r;
    }
}

static int read_inputs(struct onnx *onnx)
{
    struct info_draft *draft = onnx->draft;

    for (size_t i = 0; i < onnx->input_count; i++) {
        struct info_tensor *tensor;
        struct wire_field name = {0};
        struct wire wire = onnx->inputs[i];
        struct wire_field field;
        struct names_key key;
        int r;

        do {
            r = wire_next(&wire, &field);
            if (!r && field.number == 1 && field.type == WIRE_BYTES)
                name = field;
        } while (!r && field.number != 0);
        if (!r)
            r = names_key_of(onnx->view, name.start, name.size, &key);
        if (r)
            return r;
        if (names_have(&onnx->initializers, &key))
            continue;
        r = info_add_tensor(draft, onnx->view, &draft->info.inputs, wire.at, &tensor);
        if (!r)
            r = onnx_type_value_info(draft, onnx->inputs[i], tensor);
        if (r)
            return r;
    }
    return 0;
}

/* What makes a message of protobuf a model. */
static int check(const struct onnx *onnx)
{
    struct fault *fault = onnx->view->fault;
    uint64_t end = onnx->view->source.size;

    if (!onnx->has_graph)
        return fault_set(fault, FAULT_E_DAMAGED, end, "there is no graph in it");
    if (onnx->ir_version == 0 || onnx->ir_version > INT32_MAX)
        return fault_set(fault, FAULT_E_DAMAGED, end, "it does not say its version of ONNX");
    /* versions 1 and 2 had no operator sets */
    if (onnx->draft->info.opset_count == 0 && onnx->ir_version >= 3)
        return fault_set(fault, FAULT_E_DAMAGED, end, "it does not say its operator sets");
    return 0;
}

static void describe(const struct onnx *onnx)
{
    struct info_draft *draft = onnx->draft;
    struct format_info *info = &draft->info;

    info->format_version = arena_printf(draft->arena, "%" PRIu64, onnx->ir_version);
    if (onnx->producer_name && onnx->producer_version)
        info->producer =
            arena_printf(draft->arena, "%s %s", onnx->producer_name, onnx->producer_version);
    else
        info->producer = onnx->producer_name;
    info->has_signature = true;
    info->has_parameters = true;
    info_set_number(draft, "nodes", onnx->nodes);
    info_finish(draft);
    if (!info->quantisation && onnx->quantising)
        info->quantisation = "activations";
}

int onnx_read(const struct format_scan *scan)
{
    CLEANUP(onnx_release) struct onnx onnx = {.view = scan->view, .draft = scan->draft};
    int r;

    r = read_model(&onnx);
    if (!r)
        r = check(&onnx);
    if (!r)
        r = read_inputs(&onnx);
    if (!r)
        describe(&onnx);
    return r;
}
