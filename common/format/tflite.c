/* SPDX-License-Identifier: Apache-2.0 */
#include "format/tflite.h"

#include "base/cleanup.h"
#include "format/flat.h"
#include "format/tflite_tensor.h"

#include <inttypes.h>
#include <string.h>

#define IDENTIFIER "TFL3"
#define VERSION 3
#define CUSTOM_SHOWN_MAX 8
#define RUNTIME_VERSION_MAX 16

/* Slots of the schema's tables. */
enum {
    MODEL_VERSION = 0,
    MODEL_OPERATOR_CODES = 1,
    MODEL_SUBGRAPHS = 2,
    MODEL_DESCRIPTION = 3,
    MODEL_BUFFERS = 4,
    MODEL_METADATA = 6,
    MODEL_SIGNATURES = 7,
    SUBGRAPH_TENSORS = 0,
    SUBGRAPH_INPUTS = 1,
    SUBGRAPH_OUTPUTS = 2,
    SUBGRAPH_OPERATORS = 3,
    OPERATOR_CODE = 0,
    OPERATOR_INPUTS = 1,
    OPERATOR_OUTPUTS = 2,
    CODE_CUSTOM = 1,
    METADATA_NAME = 0,
    METADATA_BUFFER = 1,
    BUFFER_DATA = 0,
    SIGNATURE_INPUTS = 0,
    SIGNATURE_OUTPUTS = 1,
    SIGNATURE_KEY = 2,
    SIGNATURE_SUBGRAPH = 4,
    MAP_NAME = 0,
    MAP_TENSOR = 1,
};

struct tflite {
    struct view *view;
    struct info_draft *draft;
    struct flat_table model;
    struct flat_vector codes;
    struct flat_vector buffers;
    struct flat_vector inputs; /* of the first subgraph: indexes of tensors */
    struct flat_vector outputs;
    uint64_t operators;
};

int tflite_probe(struct view *view, bool *ret_maybe)
{
    return view_starts(view, 4, IDENTIFIER, 4, ret_maybe);
}

/* ---- subgraphs ---------------------------------------------------------------------------- */

/* An index of 32 bits that must be below count; -1 where it may be. */
static int check_index(const struct flat_vector *indexes, uint32_t i, uint32_t count, bool optional,
                       uint32_t *ret_index)
{
    uint64_t index;
    int r;

    r = flat_element(indexes, i, &index);
    if (r)
        return r;
    if (index >= count && !(optional && index == UINT32_MAX))
        return fault_set(indexes->view->fault, FAULT_E_DAMAGED, indexes->at,
                         "the list at byte %" PRIu64 " names tensor %" PRIu64
                         ", but there are %" PRIu32,
                         indexes->at, index, count);
    *ret_index = (uint32_t)index;
    return 0;
}

static int check_indexes(const struct flat_vector *indexes, uint32_t count, bool optional)
{
    uint32_t index;
    int r = 0;

    for (uint32_t i = 0; i < indexes->count && !r; i++)
        r = check_index(indexes, i, count, optional, &index);
    return r;
}

static int check_operator(const struct tflite *tflite, const struct flat_table *op,
                          uint32_t tensor_count)
{
    struct flat_vector outputs;
    struct flat_vector inputs;
    uint64_t code = 0;
    int r;

    r = flat_number(op, OPERATOR_CODE, 4, &code);
    if (!r)
        r = flat_vector(op, OPERATOR_INPUTS, 4, &inputs);
    if (!r)
        r = flat_vector(op, OPERATOR_OUTPUTS, 4, &outputs);
    if (r)
        return r;
    if (code >= tflite->codes.count)
        return fault_set(tflite->view->fault, FAULT_E_DAMAGED, op->at,
                         "the operator at byte %" PRIu64 " is of kind %" PRIu64
                         ", but there are %" PRIu32,
                         op->at, code, tflite->codes.count);
    r = check_indexes(&inputs, tensor_count, true);
    return r ? r : check_indexes(&outputs, tensor_count, true);
}

static int check_operators(struct tflite *tflite, const struct flat_table *subgraph,
                           uint32_t tensor_count)
{
    struct flat_vector operators;
    struct flat_table op;
    int r;

    r = flat_vector(subgraph, SUBGRAPH_OPERATORS, 4, &operators);
    if (r)
        return r;
    tflite->operators += operators.count;
    for (uint32_t i = 0; i < operators.count && !r; i++) {
        r = flat_element_table(&operators, i, &op);
        if (!r)
            r = check_operator(tflite, &op, tensor_count);
    }
    return r;
}

static int describe(struct tflite *tflite, const struct flat_vector *tensors,
                    const struct flat_vector *indexes, struct info_tensors *which)
{
    for (uint32_t i = 0; i < indexes->count; i++) {
        struct info_tensor *described;
        struct flat_table tensor = {0};
        uint32_t index = 0;
        int r;

        r = check_index(indexes, i, tensors->count, false, &index);
        if (!r)
            r = flat_element_table(tensors, index, &tensor);
        if (!r)
            r = info_add_tensor(tflite->draft, tflite->view, which, tensor.at, &described);
        if (!r)
            r = tflite_tensor_describe(tflite->draft, &tensor, described);
        if (r)
            return r;
    }
    return 0;
}

static int read_subgraph(struct tflite *tflite, const struct flat_table *subgraph, bool first)
{
    struct format_info *info = &tflite->draft->info;
    struct flat_vector tensors;
    struct flat_vector outputs;
    struct flat_vector inputs;
    struct flat_table tensor;
    int r;

    r = flat_vector(subgraph, SUBGRAPH_TENSORS, 4, &tensors);
    if (!r)
        r = flat_vector(subgraph, SUBGRAPH_INPUTS, 4, &inputs);
    if (!r)
        r = flat_vector(subgraph, SUBGRAPH_OUTPUTS, 4, &outputs);
    for (uint32_t i = 0; !r && i < tensors.count; i++) {
        r = flat_element_table(&tensors, i, &tensor);
        if (!r)
            r = tflite_tensor_check(tflite->draft, &tensor, &tflite->buffers);
    }
    if (!r)
        r = check_operators(tflite, subgraph, tensors.count);
    if (r)
        return r;
    if (!first) {
        r = check_indexes(&inputs, tensors.count, false);
        return r ? r : check_indexes(&outputs, tensors.count, false);
    }
    tflite->inputs = inputs;
    tflite->outputs = outputs;
    r = describe(tflite, &tensors, &inputs, &info->inputs);
    return r ? r : describe(tflite, &tensors, &outputs, &info->outputs);
}

static int read_subgraphs(struct tflite *tflite)
{
    struct flat_vector subgraphs;
    struct flat_table subgraph;
    int r;

    r = flat_vector(&tflite->model, MODEL_SUBGRAPHS, 4, &subgraphs);
    if (r)
        return r;
    if (subgraphs.count == 0)
        return fault_set(tflite->view->fault, FAULT_E_DAMAGED, tflite->model.at,
                         "there is no graph in it");
    for (uint32_t i = 0; i < subgraphs.count && !r; i++) {
        r = flat_element_table(&subgraphs, i, &subgraph);
        if (!r)
            r = read_subgraph(tflite, &subgraph, i == 0);
    }
    if (subgraphs.count > 1)
        info_set_number(tflite->draft, "subgraphs", subgraphs.count);
    return r;
}

/* ---- signatures --------------------------------------------------------------------------- */

static int name_tensor(struct tflite *tflite, const struct flat_table *map,
                       const struct flat_vector *indexes, struct info_tensors *tensors)
{
    uint64_t wanted = 0;
    const char *name;
    int r;

    r = flat_number(map, MAP_TENSOR, 4, &wanted);
    if (!r)
        r = tflite_tensor_text(tflite->draft, map, MAP_NAME, &name);
    for (uint32_t i = 0; !r && i < indexes->count; i++) {
        uint64_t index;

        r = flat_element(indexes, i, &index);
        if (!r && index == wanted && name[0] && strcmp(name, tensors->items[i].name) != 0)
            tensors->items[i].alias = name;
    }
    return r;
}

static int name_tensors(struct tflite *tflite, const struct flat_table *signature, unsigned slot,
                        const struct flat_vector *indexes, struct info_tensors *tensors)
{
    struct flat_vector maps;
    struct flat_table map;
    int r;

    r = flat_vector(signature, slot, 4, &maps);
    if (r)
        return r;
    /* more names than tensors have no meaning, and would cost their product */
    for (uint32_t i = 0; i < maps.count && i < INFO_TENSORS_MAX && !r; i++) {
        r = flat_element_table(&maps, i, &map);
        if (!r)
            r = name_tensor(tflite, &map, indexes, tensors);
    }
    return r;
}

/* The first signature of the first subgraph. */
static int read_signatures(struct tflite *tflite)
{
    struct format_info *info = &tflite->draft->info;
    struct flat_vector signatures;
    int r;

    r = flat_vector(&tflite->model, MODEL_SIGNATURES, 4, &signatures);
    for (uint32_t i = 0; !r && i < signatures.count; i++) {
        struct flat_table signature;
        uint64_t subgraph = 0;
        const char *key;

        r = flat_element_table(&signatures, i, &signature);
        if (!r)
            r = flat_number(&signature, SIGNATURE_SUBGRAPH, 4, &subgraph);
        if (r || subgraph != 0)
            continue;
        r = tflite_tensor_text(tflite->draft, &signature, SIGNATURE_KEY, &key);
        if (!r)
            r = name_tensors(tflite, &signature, SIGNATURE_INPUTS, &tflite->inputs, &info->inputs);
        if (!r)
            r = name_tensors(tflite, &signature, SIGNATURE_OUTPUTS, &tflite->outputs,
                             &info->outputs);
        if (!r && key[0])
            info_set(tflite->draft, "signature", key);
        return r;
    }
    return r;
}

/* ---- the rest ----------------------------------------------------------------------------- */

static int read_codes(struct tflite *tflite)
{
    const char *shown = "";
    unsigned custom = 0;
    int r;

    r = flat_vector(&tflite->model, MODEL_OPERATOR_CODES, 4, &tflite->codes);
    for (uint32_t i = 0; !r && i < tflite->codes.count && custom < CUSTOM_SHOWN_MAX; i++) {
        struct flat_table code;
        const char *name = "";

        r = flat_element_table(&tflite->codes, i, &code);
        if (!r)
            r = tflite_tensor_text(tflite->draft, &code, CODE_CUSTOM, &name);
        if (r || !name[0])
            continue;
        shown = arena_printf(tflite->draft->arena, "%s%s%.64s", shown, custom++ ? "," : "", name);
    }
    if (!r && custom)
        info_set(tflite->draft, "custom_operators", shown);
    return r;
}

/* What min_runtime_version says; other metadata is not for us. */
static int read_metadata(struct tflite *tflite)
{
    struct flat_vector entries;
    int r;

    r = flat_vector(&tflite->model, MODEL_METADATA, 4, &entries);
    for (uint32_t i = 0; !r && i < entries.count; i++) {
        struct flat_vector data = {0};
        struct flat_table entry;
        struct flat_table buffer;
        uint64_t index = 0;
        const char *text = "";

        r = flat_element_table(&entries, i, &entry);
        if (!r)
            r = tflite_tensor_text(tflite->draft, &entry, METADATA_NAME, &text);
        if (!r)
            r = flat_number(&entry, METADATA_BUFFER, 4, &index);
        if (r || strcmp(text, "min_runtime_version") != 0 || index >= tflite->buffers.count)
            continue;
        r = flat_element_table(&tflite->buffers, (uint32_t)index, &buffer);
        if (!r)
            r = flat_vector(&buffer, BUFFER_DATA, 1, &data);
        if (!r && data.count > 0 && data.count <= RUNTIME_VERSION_MAX) {
            char version[RUNTIME_VERSION_MAX + 1] = "";

            r = view_read(tflite->view, data.at, version, data.count, "a version");
            if (!r)
                r = info_text(tflite->draft, tflite->view, version, strlen(version),
                              RUNTIME_VERSION_MAX, &text);
            if (!r)
                info_set(tflite->draft, "min_runtime_version", text);
        }
    }
    return r;
}

static int read_model(struct tflite *tflite)
{
    struct format_info *info = &tflite->draft->info;
    struct flat_vector description;
    uint64_t version = 0;
    int r;

    r = flat_root(tflite->view, &tflite->model);
    if (!r)
        r = flat_number(&tflite->model, MODEL_VERSION, 4, &version);
    if (r)
        return r;
    if (version != VERSION)
        return fault_set(tflite->view->fault, FAULT_E_DAMAGED, tflite->model.at,
                         "it is of version %" PRIu64 " of the format, but %d is expected", version,
                         VERSION);
    info->format_version = arena_printf(tflite->draft->arena, "%d", VERSION);
    r = flat_vector(&tflite->model, MODEL_DESCRIPTION, 1, &description);
    if (!r && description.count > 0)
        r = info_prose(tflite->draft, tflite->view, description.at, description.count,
                       &info->producer);
    if (!r)
        r = flat_vector(&tflite->model, MODEL_BUFFERS, 4, &tflite->buffers);
    if (!r)
        r = tflite_tensor_check_buffers(&tflite->buffers);
    return r;
}

int tflite_read(const struct format_scan *scan)
{
    struct tflite tflite = {.view = scan->view, .draft = scan->draft};
    struct format_info *info = &scan->draft->info;
    bool identified;
    int r;

    r = tflite_probe(scan->view, &identified);
    if (r)
        return r;
    if (!identified)
        return fault_set(scan->view->fault, FAULT_E_OTHER, 4,
                         "there is no '" IDENTIFIER "' at byte 4");
    r = read_model(&tflite);
    if (!r)
        r = read_codes(&tflite);
    if (!r)
        r = read_subgraphs(&tflite);
    if (!r)
        r = read_signatures(&tflite);
    if (!r)
        r = read_metadata(&tflite);
    if (r)
        return r;
    info->has_signature = true;
    info->has_parameters = true;
    info_set_number(scan->draft, "operators", tflite.operators);
    info_finish(scan->draft);
    return 0;
}
