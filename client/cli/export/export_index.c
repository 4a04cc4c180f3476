/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/export/export_index.h"

#include "crypto/digest.h"
#include "model/name.h"
#include "model/variant.h"

#include <string.h>

#define CARD_MAX ((int64_t)1 << 18)
#define DESCRIPTION_MAX 16384
#define NOTES_MAX 2000
#define MODELS_MAX 100000
#define VERSIONS_MAX 100000 /* of a model */
#define ADDED_MAX 1000

static const char *check_sha256(const char *text)
{
    static const char expected[] = "a SHA-256 in 64 lower-case hex digits";

    if (strlen(text) != DIGEST_SHA256_HEX_SIZE - 1)
        return expected;
    return strspn(text, "0123456789abcdef") == DIGEST_SHA256_HEX_SIZE - 1 ? NULL : expected;
}

#define PAIRS(label, T, items, items_count, value)                                                 \
    FIELD_ARRAY(label, PAIRS, T, items, items_count, .max = NOTES_MAX, .check = (value),           \
                .key_check = name_check_tag_key)

static const struct field metric_fields[] = {
    FIELD("name", STRING, struct export_index_metric, name, .required = true,
          .check = name_check_tag_key),
    FIELD("value", STRING, struct export_index_metric, value, .required = true,
          .check = name_check_metric),
    FIELD("dataset", STRING, struct export_index_metric, dataset, .nullable = true,
          .check = name_check_dataset),
};
static const struct shape metric_shape = SHAPE(struct export_index_metric, metric_fields);

static const struct field notes_fields[] = {
    PAIRS("tags", struct export_index_notes, tags, tag_count, name_check_tag_value),
    PAIRS("params", struct export_index_notes, params, param_count, name_check_tag_value),
    FIELD_ARRAY("metrics", LIST, struct export_index_notes, metrics, metric_count, .max = NOTES_MAX,
                .shape = &metric_shape),
    FIELD("card", STRING, struct export_index_notes, card, .nullable = true, .max = CARD_MAX),
};
static const struct shape notes_shape = SHAPE(struct export_index_notes, notes_fields);

static const struct field added_fields[] = {
    FIELD("variant", STRING, struct export_index_document, variant, .required = true,
          .check = variant_check),
    FIELD("manifest_sha256", STRING, struct export_index_document, sha256, .required = true,
          .check = check_sha256),
};
static const struct shape added_shape = SHAPE(struct export_index_document, added_fields);

static const struct field version_fields[] = {
    FIELD("version", STRING, struct export_index_version, version, .required = true,
          .check = name_check_version),
    FIELD("manifest_sha256", STRING, struct export_index_version, own.sha256, .required = true,
          .check = check_sha256),
    FIELD_ARRAY("added", LIST, struct export_index_version, added, added_count, .max = ADDED_MAX,
                .shape = &added_shape),
    FIELD("notes", INLINE, struct export_index_version, notes, .shape = &notes_shape),
    FIELD("approvals", JSON, struct export_index_version, approvals),
};
static const struct shape version_shape = SHAPE(struct export_index_version, version_fields);

static const struct field rules_fields[] = {
    FIELD("approvals", INTEGER, struct export_index_rules, approvals, .required = true,
          .max = INT32_MAX),
    FIELD_ARRAY("aliases", PAIRS, struct export_index_rules, aliases, alias_count, .required = true,
                .key_check = name_check_alias, .check = name_check),
};
static const struct shape rules_shape = SHAPE(struct export_index_rules, rules_fields);

static const struct field retention_fields[] = {
    FIELD("newest", INTEGER, struct export_index_retention, newest, .required = true, .min = 1,
          .max = INT32_MAX),
    FIELD("days", INTEGER, struct export_index_retention, days, .nullable = true, .min = 1,
          .max = INT32_MAX),
    FIELD("grace_days", INTEGER, struct export_index_retention, grace_days, .nullable = true,
          .min = 1, .max = INT32_MAX),
};
static const struct shape retention_shape = SHAPE(struct export_index_retention, retention_fields);

static const struct field model_fields[] = {
    FIELD("name", STRING, struct export_index_model, name, .required = true, .check = name_check),
    FIELD("description", STRING, struct export_index_model, description, .nullable = true,
          .max = DESCRIPTION_MAX),
    PAIRS("tags", struct export_index_model, tags, tag_count, name_check_tag_value),
    FIELD("card", STRING, struct export_index_model, card, .nullable = true, .max = CARD_MAX),
    FIELD("keys", JSON, struct export_index_model, keys, .required = true),
    FIELD_ARRAY("aliases", PAIRS, struct export_index_model, aliases, alias_count,
                .key_check = name_check_alias, .check = name_check_version),
    FIELD("rules", OBJECT, struct export_index_model, rules, .shape = &rules_shape),
    FIELD("retention", OBJECT, struct export_index_model, retention, .shape = &retention_shape),
    FIELD_ARRAY("versions", LIST, struct export_index_model, versions, version_count,
                .required = true, .max = VERSIONS_MAX, .shape = &version_shape),
};
static const struct shape model_shape = SHAPE(struct export_index_model, model_fields);

/* Open: who wrote it, and from where, is for people. */
static const struct field index_fields[] = {
    FIELD_ARRAY("models", LIST, struct export_index, models, model_count, .required = true,
                .max = MODELS_MAX, .shape = &model_shape),
};
static const struct shape index_shape = SHAPE(struct export_index, index_fields, .open = true);

int export_index_read(const json_t *value, struct arena *arena, struct export_index *ret_index,
                      struct fields_error *ret_error)
{
    const char *type = json_string_value(json_object_get(value, "_type"));
    const json_t *format = json_object_get(value, "format");

    if (!type || strcmp(type, EXPORT_INDEX_TYPE) != 0 || !json_is_integer(format))
        return EXPORT_INDEX_E_OTHER;
    if (json_integer_value(format) != EXPORT_INDEX_FORMAT)
        return EXPORT_INDEX_E_FORMAT;
    if (fields_decode(&index_shape, value, arena, ret_index, ret_error))
        return EXPORT_INDEX_E_INVALID;
    ret_index->version_count = 0;
    for (size_t i = 0; i < ret_index->model_count; i++)
        ret_index->version_count += ret_index->models[i].version_count;
    return 0;
}
