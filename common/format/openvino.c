/* SPDX-License-Identifier: Apache-2.0 */
#include "format/openvino.h"

#include "base/cleanup.h"
#include "format/openvino_type.h"
#include "format/xml.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PROBE_BYTES 512
#define VERSION_MIN 5
#define VERSION_MAX 11
#define VERSION_RESULTS 10 /* from here on outputs are layers */

/* Where an output comes from. */
struct result {
    uint64_t layer;
    uint64_t from_layer;
    uint64_t from_port;
    bool linked;
};

enum layer_kind {
    LAYER_OTHER,
    LAYER_PARAMETER,
    LAYER_RESULT,
    LAYER_CONST,
};

enum port_side {
    PORT_NONE,
    PORT_IN,
    PORT_OUT,
};

struct openvino {
    struct view *view;
    struct info_draft *draft;
    uint64_t version;
    bool has_net;
    bool has_layers;
    uint64_t layers;
    /* the layer that is being read */
    enum layer_kind kind;
    uint64_t layer;
    struct info_tensor *tensor; /* of a Parameter or Result */
    bool has_shape;
    enum port_side side;
    uint64_t port;
    char dim[24]; /* the text of a <dim> */
    size_t dim_size;
    bool in_dim;
    /* outputs[i] of the draft is results[i] */
    struct result results[INFO_TENSORS_MAX];
    uint64_t bin_bytes; /* how long the file of constants must be */
};

static int damaged(const struct openvino *openvino, const char *what, const char *text)
{
    return fault_set(openvino->view->fault, FAULT_E_DAMAGED, 0,
                     "layer %" PRIu64 ": the %s '%.64s' "
                     "is none",
                     openvino->layer, what, text);
}

/* A whole number; false where text is NULL or anything else. */
static bool read_number(const char *text, uint64_t *ret_number)
{
    char *end;

    if (!text || *text < '0' || *text > '9')
        return false;
    errno = 0;
    *ret_number = strtoull(text, &end, 10);
    return !errno && *end == '\0';
}

int openvino_probe(struct view *view, bool *ret_maybe)
{
    char bytes[PROBE_BYTES + 1];
    size_t size = view->source.size < PROBE_BYTES ? (size_t)view->source.size : PROBE_BYTES;
    const char *text = bytes;
    int r;

    *ret_maybe = false;
    r = view_read(view, 0, bytes, size, "the first bytes");
    if (r)
        return r;
    bytes[size] = '\0';
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    text += strspn(text, " \t\r\n");
    *ret_maybe =
        (strncmp(text, "<?xml", 5) == 0 && strstr(text, "<net")) || strncmp(text, "<net ", 5) == 0;
    return 0;
}

/* ---- layers ------------------------------------------------------------------------------- */

static int start_net(struct openvino *openvino, const char *name, const char **attributes)
{
    const char *text;
    int r = 0;

    if (strcmp(name, "net") != 0)
        return fault_set(openvino->view->fault, FAULT_E_OTHER, 0,
                         "its XML is of '%.32s', not of a net", name);
    openvino->has_net = true;
    if (!read_number(xml_attribute(attributes, "version"), &openvino->version) ||
        openvino->version < VERSION_MIN)
        return fault_set(openvino->view->fault, FAULT_E_DAMAGED, 0,
                         "the net does not say its version of the format, %d to %d", VERSION_MIN,
                         VERSION_MAX);
    if (openvino->version > VERSION_MAX)
        info_warn(openvino->draft, "version %" PRIu64 " of the format is newer than this reader",
                  openvino->version);
    text = xml_attribute(attributes, "name");
    if (text && *text) {
        r = info_text(openvino->draft, openvino->view, text, strlen(text), INFO_PROSE_MAX, &text);
        if (!r)
            info_set(openvino->draft, "net", text);
    }
    return r;
}

static int add_tensor(struct openvino *openvino, struct info_tensors *which, const char *name)
{
    size_t index = which->count;
    int r;

    r = info_add_tensor(openvino->draft, openvino->view, which, 0, &openvino->tensor);
    if (r)
        return r;
    if (which == &openvino->draft->info.outputs)
        openvino->results[index] = (struct result){.layer = openvino->layer};
    name = name ? name : "";
    if (strlen(name) > INFO_NAME_MAX)
        return fault_set(openvino->view->fault, FAULT_E_LIMIT, 0,
                         "the name '%.64s...' is longer than %zu bytes", name, INFO_NAME_MAX);
    return info_text(openvino->draft, openvino->view, name, strlen(name), INFO_NAME_MAX,
                     &openvino->tensor->name);
}

static int start_layer(struct openvino *openvino, const char **attributes)
{
    struct format_info *info = &openvino->draft->info;
    const char *type = xml_attribute(attributes, "type");
    const char *precision = xml_attribute(attributes, "precision");
    const struct dtype *dtype;
    int r = 0;

    openvino->layers++;
    openvino->kind = LAYER_OTHER;
    openvino->tensor = NULL;
    openvino->has_shape = false;
    openvino->side = PORT_NONE;
    if (!type || !read_number(xml_attribute(attributes, "id"), &openvino->layer))
        return fault_set(openvino->view->fault, FAULT_E_DAMAGED, 0,
                         "layer number %" PRIu64 " of the net has no id or type", openvino->layers);
    if (strcmp(type, "Parameter") == 0 || strcmp(type, "Input") == 0) {
        openvino->kind = LAYER_PARAMETER;
        r = add_tensor(openvino, &info->inputs, xml_attribute(attributes, "name"));
    } else if (strcmp(type, "Result") == 0) {
        openvino->kind = LAYER_RESULT;
        r = add_tensor(openvino, &info->outputs, xml_attribute(attributes, "name"));
    } else if (strcmp(type, "Const") == 0) {
        openvino->kind = LAYER_CONST;
    }
    dtype = precision ? openvino_type_find(precision) : NULL;
    if (!r && openvino->tensor && dtype)
        openvino->tensor->type = dtype->name;
    return r;
}

/* Const: what it is, and where in the other file. */
static int read_const(struct openvino *openvino, const char **attributes)
{
    const char *element = xml_attribute(attributes, "element_type");
    const char *shape = xml_attribute(attributes, "shape");
    const struct dtype *dtype = element ? openvino_type_find(element) : NULL;
    uint64_t elements = 0;
    uint64_t offset;
    uint64_t bits;
    uint64_t size;
    uint64_t end;

    if (!read_number(xml_attribute(attributes, "offset"), &offset) ||
        !read_number(xml_attribute(attributes, "size"), &size) ||
        __builtin_add_overflow(offset, size, &end))
        return damaged(openvino, "place of its data", "offset and size");
    if (!shape || !openvino_type_elements(shape, &elements))
        return damaged(openvino, "shape", shape ? shape : "");
    if (dtype && dtype->bits > 0 &&
        (__builtin_mul_overflow(elements, (uint64_t)dtype->bits, &bits) ||
         bits / 8 + (bits % 8 > 0) != size))
        return fault_set(openvino->view->fault, FAULT_E_DAMAGED, 0,
                         "layer %" PRIu64 ": %" PRIu64 " elements of %s are not %" PRIu64 " bytes",
                         openvino->layer, elements, dtype->name, size);
    if (end > openvino->bin_bytes)
        openvino->bin_bytes = end;
    return info_add_weights(openvino->draft, openvino->view, 0, dtype ? dtype->name : "unknown",
                            elements);
}

static int start_data(struct openvino *openvino, const char **attributes)
{
    const char *element = xml_attribute(attributes, "element_type");
    const char *shape = xml_attribute(attributes, "shape");
    const struct dtype *dtype = element ? openvino_type_find(element) : NULL;

    if (openvino->kind == LAYER_CONST)
        return read_const(openvino, attributes);
    if (openvino->kind != LAYER_PARAMETER)
        return 0;
    if (dtype)
        openvino->tensor->type = dtype->name;
    if (!shape)
        return 0;
    openvino->has_shape = true;
    return openvino_type_shape(openvino->draft, openvino->view, shape, openvino->tensor);
}

/* <weights> and <biases> of layers before version 10: offset and size alone. */
static int start_blob(struct openvino *openvino, const char **attributes)
{
    uint64_t offset;
    uint64_t size;
    uint64_t end;

    if (!read_number(xml_attribute(attributes, "offset"), &offset) ||
        !read_number(xml_attribute(attributes, "size"), &size) ||
        __builtin_add_overflow(offset, size, &end))
        return damaged(openvino, "place of its data", "offset and size");
    if (end > openvino->bin_bytes)
        openvino->bin_bytes = end;
    return 0;
}

/* ---- ports -------------------------------------------------------------------------------- */

static int start_port(struct openvino *openvino, const char **attributes)
{
    const char *precision = xml_attribute(attributes, "precision");
    const char *names = xml_attribute(attributes, "names");
    const struct dtype *dtype = precision ? openvino_type_find(precision) : NULL;
    const char *name;
    bool wanted = (openvino->kind == LAYER_PARAMETER && openvino->side == PORT_OUT) ||
                  (openvino->kind == LAYER_RESULT && openvino->side == PORT_IN);
    int r;

    if (!wanted)
        return 0;
    if (dtype && strcmp(openvino->tensor->type, "unknown") == 0)
        openvino->tensor->type = dtype->name;
    if (!openvino->has_shape)
        openvino->tensor->ranked = true; /* dimensions follow */
    if (openvino->kind != LAYER_PARAMETER || !names || !*names)
        return 0;
    r = openvino_type_first_name(openvino->draft, openvino->view, names, &name);
    if (!r && strcmp(name, openvino->tensor->name) != 0) {
        openvino->tensor->alias = openvino->tensor->name;
        openvino->tensor->name = name;
    }
    return r;
}

static int end_dim(struct openvino *openvino)
{
    openvino->dim[openvino->dim_size] = '\0';
    openvino->in_dim = false;
    if (openvino->has_shape || !openvino->tensor ||
        (openvino->kind == LAYER_PARAMETER) != (openvino->side == PORT_OUT))
        return 0;
    struct info_dim dim = {.size = INFO_UNKNOWN_SIZE};
    uint64_t size;

    if (read_number(openvino->dim, &size) && size <= INT64_MAX)
        dim.size = (int64_t)size;
    else if (strcmp(openvino->dim, "-1") != 0)
        return damaged(openvino, "dimension", openvino->dim);
    return info_add_dim(openvino->draft, openvino->view, openvino->tensor, 0, dim);
}

static void start_edge(struct openvino *openvino, const char **attributes)
{
    size_t count = openvino->draft->info.outputs.count;
    uint64_t from_layer;
    uint64_t from_port;
    uint64_t to;

    if (!read_number(xml_attribute(attributes, "to-layer"), &to) ||
        !read_number(xml_attribute(attributes, "from-layer"), &from_layer) ||
        !read_number(xml_attribute(attributes, "from-port"), &from_port))
        return;
    for (size_t i = 0; i < count; i++) {
        struct result *result = &openvino->results[i];

        if (result->layer == to)
            *result = (struct result){to, from_layer, from_port, true};
    }
}

/* ---- the first pass ----------------------------------------------------------------------- */

/* rt_info, meta_data: who made it. */
static int start_note(struct openvino *openvino, const char *name, const char **attributes)
{
    static const char *const producers[] = {"Runtime_version", "MO_version"};
    const char *value = xml_attribute(attributes, "value");
    const char *text;
    int r;

    if (!value || !*value)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(producers); i++) {
        if (strcmp(name, producers[i]) != 0)
            continue;
        r = info_text(openvino->draft, openvino->view, value, strlen(value), INFO_PROSE_MAX, &text);
        if (r)
            return r;
        if (!openvino->draft->info.producer)
            openvino->draft->info.producer = text;
        info_set(openvino->draft, producers[i], text);
    }
    return 0;
}

static int on_start(void *object, unsigned depth, const char *name, const char **attributes)
{
    struct openvino *openvino = object;

    if (depth == 1)
        return start_net(openvino, name, attributes);
    if (depth == 2 && strcmp(name, "layers") == 0)
        openvino->has_layers = true;
    if (depth == 3 && strcmp(name, "layer") == 0)
        return start_layer(openvino, attributes);
    if (depth == 3 && strcmp(name, "edge") == 0)
        start_edge(openvino, attributes);
    if (depth == 4 && strcmp(name, "data") == 0)
        return start_data(openvino, attributes);
    if (depth == 4 && strcmp(name, "input") == 0)
        openvino->side = PORT_IN;
    if (depth == 4 && strcmp(name, "output") == 0)
        openvino->side = PORT_OUT;
    if ((depth == 4 || depth == 5) && (strcmp(name, "weights") == 0 || strcmp(name, "biases") == 0))
        return start_blob(openvino, attributes);
    if (depth == 5 && strcmp(name, "port") == 0)
        return start_port(openvino, attributes);
    if (depth == 6 && strcmp(name, "dim") == 0) {
        openvino->in_dim = true;
        openvino->dim_size = 0;
    }
    return depth == 3 ? start_note(openvino, name, attributes) : 0;
}

static int on_end(void *object, unsigned depth, const char *name)
{
    struct openvino *openvino = object;

    (void)name;
    if (depth == 6 && openvino->in_dim)
        return end_dim(openvino);
    if (depth == 4)
        openvino->side = PORT_NONE;
    if (depth == 3) {
        openvino->kind = LAYER_OTHER;
        openvino->tensor = NULL;
    }
    return 0;
}

static int on_text(void *object, const char *bytes, size_t size)
{
    struct openvino *openvino = object;

    if (!openvino->in_dim)
        return 0;
    if (size >= sizeof(openvino->dim) - openvino->dim_size)
        return damaged(openvino, "dimension", "too long");
    memcpy(openvino->dim + openvino->dim_size, bytes, size);
    openvino->dim_size += size;
    return 0;
}

/* ---- the second pass: the names of the tensors that outputs carry -------------------------- */

static int name_results(struct openvino *openvino, const char **attributes)
{
    struct info_tensors *outputs = &openvino->draft->info.outputs;
    const char *names = xml_attribute(attributes, "names");
    uint64_t port;
    int r = 0;

    if (!names || !*names || !read_number(xml_attribute(attributes, "id"), &port))
        return 0;
    for (size_t i = 0; i < outputs->count && !r; i++) {
        const struct result *result = &openvino->results[i];
        struct info_tensor *tensor = &outputs->items[i];
        const char *name;

        if (!result->linked || result->from_layer != openvino->layer || result->from_port != port)
            continue;
        r = openvino_type_first_name(openvino->draft, openvino->view, names, &name);
        if (!r && !tensor->alias && strcmp(name, tensor->name) != 0) {
            tensor->alias = tensor->name;
            tensor->name = name;
        }
    }
    return r;
}

static int on_start_again(void *object, unsigned depth, const char *name, const char **attributes)
{
    struct openvino *openvino = object;

    if (depth == 3 && strcmp(name, "layer") == 0 &&
        !read_number(xml_attribute(attributes, "id"), &openvino->layer))
        openvino->layer = UINT64_MAX;
    if (depth == 4)
        openvino->side = strcmp(name, "output") == 0 ? PORT_OUT : PORT_NONE;
    if (depth == 5 && strcmp(name, "port") == 0 && openvino->side == PORT_OUT)
        return name_results(openvino, attributes);
    return 0;
}

/* ---- the file ----------------------------------------------------------------------------- */

/* "model.xml" wants "model.bin". */
static int need_bin(const struct format_scan *scan, const struct openvino *openvino)
{
    const char *name = scan->name ? scan->name : "";
    const char *dot = strrchr(name, '.');
    size_t stem = dot ? (size_t)(dot - name) : strlen(name);

    if (openvino->bin_bytes == 0)
        return 0;
    return info_add_file(scan->draft, scan->view, 0,
                         arena_printf(scan->draft->arena, "%.*s.bin", (int)stem, name),
                         openvino->bin_bytes);
}

static int read_net(struct openvino *openvino)
{
    struct xml_handler handler = {on_start, on_end, on_text, openvino};
    struct xml_handler again = {.start = on_start_again, .object = openvino};
    int r;

    r = xml_read(openvino->view, &handler);
    if (r)
        return r;
    if (!openvino->has_layers || openvino->layers == 0)
        return fault_set(openvino->view->fault, FAULT_E_DAMAGED, openvino->view->source.size,
                         "the net has no layers");
    openvino->side = PORT_NONE;
    return openvino->draft->info.outputs.count ? xml_read(openvino->view, &again) : 0;
}

int openvino_read(const struct format_scan *scan)
{
    struct openvino openvino = {.view = scan->view, .draft = scan->draft};
    struct format_info *info = &scan->draft->info;
    bool maybe;
    int r;

    r = openvino_probe(scan->view, &maybe);
    if (!r && !maybe)
        return fault_set(scan->view->fault, FAULT_E_OTHER, 0, "it does not begin as XML of a net");
    if (!r)
        r = read_net(&openvino);
    if (!r)
        r = need_bin(scan, &openvino);
    if (r)
        return r;
    info->format_version = arena_printf(scan->draft->arena, "%" PRIu64, openvino.version);
    info->has_signature = openvino.version >= VERSION_RESULTS;
    info->has_parameters = openvino.version >= VERSION_RESULTS;
    if (!info->has_signature)
        info_warn(scan->draft, "the net is of a version that does not say its outputs");
    info_set_number(scan->draft, "layers", openvino.layers);
    info_finish(scan->draft);
    return 0;
}
