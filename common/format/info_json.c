/* SPDX-License-Identifier: Apache-2.0 */
#include "format/info_json.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

/* ---- out ---------------------------------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *encode_dim(const struct info_dim *dim)
{
    if (dim->size != INFO_UNKNOWN_SIZE)
        return json_integer(dim->size);
    return text_or_null(dim->symbol);
}

static json_t *encode_shape(const struct info_tensor *tensor)
{
    json_auto_t *array = json_array();

    if (!tensor->ranked)
        return json_null();
    for (size_t i = 0; i < tensor->rank; i++) {
        if (json_array_append_new(array, encode_dim(&tensor->dims[i])) < 0)
            return NULL;
    }
    return json_incref(array);
}

static json_t *encode_tensor(const struct info_tensor *tensor)
{
    json_auto_t *object = json_pack("{s:s, s:s, s:o}", "name", tensor->name, "type", tensor->type,
                                    "shape", encode_shape(tensor));

    if (!object)
        return NULL;
    if (tensor->alias && json_object_set_new(object, "alias", json_string(tensor->alias)) < 0)
        return NULL;
    if (tensor->quantised &&
        json_object_set_new(object, "quantisation",
                            json_pack("{s:f, s:I}", "scale", tensor->scale, "zero_point",
                                      (json_int_t)tensor->zero_point)) < 0)
        return NULL;
    return json_incref(object);
}

static json_t *encode_tensors(const struct info_tensors *tensors, bool known)
{
    json_auto_t *array = json_array();

    if (!known && tensors->count == 0)
        return json_null();
    for (size_t i = 0; i < tensors->count; i++) {
        if (json_array_append_new(array, encode_tensor(&tensors->items[i])) < 0)
            return NULL;
    }
    return json_incref(array);
}

static json_t *encode_opsets(const struct format_info *info)
{
    json_auto_t *array = json_array();

    for (size_t i = 0; i < info->opset_count; i++) {
        if (json_array_append_new(array,
                                  json_pack("{s:s, s:I}", "domain", info->opsets[i].domain,
                                            "version", (json_int_t)info->opsets[i].version)) < 0)
            return NULL;
    }
    return json_incref(array);
}

static json_t *encode_weights(const struct format_info *info)
{
    json_auto_t *array = json_array();

    for (size_t i = 0; i < info->weight_count; i++) {
        const struct info_weights *weights = &info->weights[i];

        if (json_array_append_new(array, json_pack("{s:s, s:I, s:I}", "type", weights->type,
                                                   "tensors", (json_int_t)weights->tensors,
                                                   "parameters", (json_int_t)weights->parameters)) <
            0)
            return NULL;
    }
    return json_incref(array);
}

static json_t *encode_files(const struct format_info *info)
{
    json_auto_t *array = json_array();

    for (size_t i = 0; i < info->file_count; i++) {
        if (json_array_append_new(array, json_pack("{s:s, s:I}", "name", info->files[i].name,
                                                   "length", (json_int_t)info->files[i].length)) <
            0)
            return NULL;
    }
    return json_incref(array);
}

static json_t *encode_warnings(const struct format_info *info)
{
    json_auto_t *array = json_array();

    for (size_t i = 0; i < info->warning_count; i++) {
        if (json_array_append_new(array, json_string(info->warnings[i])) < 0)
            return NULL;
    }
    return json_incref(array);
}

json_t *info_json_encode(const struct format_info *info)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "format",
                     info->format, "format_version", text_or_null(info->format_version), "producer",
                     text_or_null(info->producer), "inputs",
                     encode_tensors(&info->inputs, info->has_signature), "outputs",
                     encode_tensors(&info->outputs, info->has_signature), "opsets",
                     encode_opsets(info), "parameters",
                     info->has_parameters ? json_integer(info->parameters) : json_null(), "weights",
                     encode_weights(info), "quantisation", text_or_null(info->quantisation),
                     "files", encode_files(info), "properties",
                     fields_pairs_to_json(info->properties, info->property_count), "warnings",
                     encode_warnings(info));
}

int info_json_text(const struct format_info *info, struct arena *arena, const char **ret_text)
{
    json_auto_t *value = info_json_encode(info);
    AUTO_FREE char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    size_t size = text ? strlen(text) : 0;

    if (!text)
        return log_fail(ERR_NO_MEMORY, "cannot write what a model file says: out of memory");
    if (size > INFO_JSON_MAX)
        return FAULT_E_LIMIT;
    *ret_text = arena_strndup(arena, text, size);
    return 0;
}

/* ---- in ----------------------------------------------------------------------------------- */

struct quantisation {
    const json_t *scale;
    int64_t zero_point;
};

struct tensor {
    const char *name;
    const char *alias;
    const char *type;
    const json_t *shape;
    struct quantisation *quantisation;
};

struct decoded {
    struct format_info info;
    struct tensor *inputs;
    size_t input_count;
    struct tensor *outputs;
    size_t output_count;
    int64_t parameters;
};

#define ARRAY_OF(label, kind, T, items, items_count, max_, ...)                                    \
    FIELD_ARRAY(label, kind, T, items, items_count, .max = (max_), __VA_ARGS__)

static const struct field quantisation_fields[] = {
    FIELD("scale", JSON, struct quantisation, scale, .required = true),
    FIELD("zero_point", INTEGER, struct quantisation, zero_point, .required = true),
};
static const struct shape quantisation_shape =
    SHAPE(struct quantisation, quantisation_fields, .open = true);

static const struct field tensor_fields[] = {
    FIELD("name", STRING, struct tensor, name, .required = true),
    FIELD("alias", STRING, struct tensor, alias),
    FIELD("type", STRING, struct tensor, type, .required = true),
    FIELD("shape", JSON, struct tensor, shape, .nullable = true),
    FIELD("quantisation", OBJECT, struct tensor, quantisation, .nullable = true,
          .shape = &quantisation_shape),
};
static const struct shape tensor_shape = SHAPE(struct tensor, tensor_fields, .open = true);

static const struct field opset_fields[] = {
    FIELD("domain", STRING, struct info_opset, domain, .required = true),
    FIELD("version", INTEGER, struct info_opset, version, .required = true),
};
static const struct shape opset_shape = SHAPE(struct info_opset, opset_fields, .open = true);

static const struct field weights_fields[] = {
    FIELD("type", STRING, struct info_weights, type, .required = true),
    FIELD("tensors", INTEGER, struct info_weights, tensors, .required = true),
    FIELD("parameters", INTEGER, struct info_weights, parameters, .required = true),
};
static const struct shape weights_shape = SHAPE(struct info_weights, weights_fields, .open = true);

static const struct field file_fields[] = {
    FIELD("name", STRING, struct info_file, name, .required = true),
    FIELD("length", INTEGER, struct info_file, length, .required = true),
};
static const struct shape file_shape = SHAPE(struct info_file, file_fields, .open = true);

static const struct field info_fields[] = {
    FIELD("format", STRING, struct decoded, info.format, .required = true),
    FIELD("format_version", STRING, struct decoded, info.format_version, .nullable = true),
    FIELD("producer", STRING, struct decoded, info.producer, .nullable = true),
    ARRAY_OF("inputs", LIST, struct decoded, inputs, input_count, INFO_TENSORS_MAX,
             .nullable = true, .shape = &tensor_shape),
    ARRAY_OF("outputs", LIST, struct decoded, outputs, output_count, INFO_TENSORS_MAX,
             .nullable = true, .shape = &tensor_shape),
    ARRAY_OF("opsets", LIST, struct decoded, info.opsets, info.opset_count, INFO_OPSETS_MAX,
             .shape = &opset_shape),
    FIELD("parameters", INTEGER, struct decoded, parameters, .nullable = true, .fallback = -1),
    ARRAY_OF("weights", LIST, struct decoded, info.weights, info.weight_count, INFO_WEIGHTS_MAX,
             .shape = &weights_shape),
    FIELD("quantisation", STRING, struct decoded, info.quantisation, .nullable = true),
    ARRAY_OF("files", LIST, struct decoded, info.files, info.file_count, INFO_FILES_MAX,
             .shape = &file_shape),
    ARRAY_OF("properties", PAIRS, struct decoded, info.properties, info.property_count,
             INFO_PROPERTIES_MAX, .nullable = true),
    ARRAY_OF("warnings", STRINGS, struct decoded, info.warnings, info.warning_count,
             INFO_WARNINGS_MAX, .nullable = true),
};
static const struct shape info_shape = SHAPE(struct decoded, info_fields, .open = true);

static int decode_shape(const struct tensor *tensor, struct arena *arena,
                        struct info_tensor *ret_tensor, struct fields_error *error)
{
    size_t rank = json_array_size(tensor->shape);

    if (!tensor->shape)
        return 0;
    if (!json_is_array(tensor->shape) || rank > INFO_RANK_MAX)
        return fields_refuse(error, "shape", "an array of at most %d expected", INFO_RANK_MAX);
    ret_tensor->ranked = true;
    ret_tensor->rank = rank;
    ret_tensor->dims = arena_array(arena, rank, sizeof(*ret_tensor->dims));
    for (size_t i = 0; i < rank; i++) {
        const json_t *dim = json_array_get(tensor->shape, i);
        struct info_dim *ret_dim = &ret_tensor->dims[i];

        ret_dim->size = INFO_UNKNOWN_SIZE;
        if (json_is_integer(dim) && json_integer_value(dim) >= 0)
            ret_dim->size = json_integer_value(dim);
        else if (json_is_string(dim))
            ret_dim->symbol = arena_strdup(arena, json_string_value(dim));
        else if (!json_is_null(dim))
            return fields_refuse(error, "shape", "sizes, names and nulls expected");
    }
    return 0;
}

static int decode_tensors(const struct tensor *tensors, size_t count, struct arena *arena,
                          struct info_tensors *ret_tensors, struct fields_error *error)
{
    struct info_tensor *items = arena_array(arena, count, sizeof(*items));

    for (size_t i = 0; i < count; i++) {
        const struct quantisation *quantisation = tensors[i].quantisation;
        int r;

        items[i].name = tensors[i].name;
        items[i].alias = tensors[i].alias;
        items[i].type = tensors[i].type;
        if (quantisation) {
            items[i].quantised = true;
            items[i].scale = json_number_value(quantisation->scale);
            items[i].zero_point = quantisation->zero_point;
        }
        r = decode_shape(&tensors[i], arena, &items[i], error);
        if (r)
            return r;
    }
    *ret_tensors = (struct info_tensors){items, count};
    return 0;
}

int info_json_decode(const json_t *value, struct arena *arena, struct format_info *ret_info,
                     struct fields_error *ret_error)
{
    struct decoded decoded;
    int r;

    r = fields_decode(&info_shape, value, arena, &decoded, ret_error);
    if (!r)
        r = decode_tensors(decoded.inputs, decoded.input_count, arena, &decoded.info.inputs,
                           ret_error);
    if (!r)
        r = decode_tensors(decoded.outputs, decoded.output_count, arena, &decoded.info.outputs,
                           ret_error);
    if (r)
        return FIELDS_E_INVALID;
    decoded.info.has_signature = json_is_array(json_object_get(value, "inputs")) &&
                                 json_is_array(json_object_get(value, "outputs"));
    decoded.info.has_parameters = decoded.parameters >= 0;
    decoded.info.parameters = decoded.parameters >= 0 ? decoded.parameters : 0;
    *ret_info = decoded.info;
    return 0;
}
