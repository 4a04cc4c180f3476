/* SPDX-License-Identifier: Apache-2.0 */
#include "model/manifest.h"

#include "base/clock.h"
#include "crypto/text.h"
#include "model/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *check_type(const char *text)
{
    return strcmp(text, "modelferry-manifest") == 0 ? NULL : "\"modelferry-manifest\"";
}

static const char *check_spec_version(const char *text)
{
    return strcmp(text, "1.0") == 0 ? NULL : "\"1.0\"";
}

static const char *check_from(const char *text)
{
    return *text ? NULL : "a reference such as \"run:UUID\"";
}

static const struct field hashes_fields[] = {
    FIELD("sha256", HEX, struct manifest_artifact, sha256, .required = true,
          .max = DIGEST_SHA256_SIZE),
};
static const struct shape hashes_shape =
    SHAPE(struct manifest_artifact, hashes_fields, .open = true);

static const struct field artifact_fields[] = {
    FIELD("name", STRING, struct manifest_artifact, name, .required = true,
          .check = name_check_artifact),
    FIELD("length", INTEGER, struct manifest_artifact, length, .required = true,
          .max = MANIFEST_ARTIFACT_LENGTH_MAX),
    FIELD_INSIDE("hashes", .required = true, .shape = &hashes_shape),
};
static const struct shape artifact_shape =
    SHAPE(struct manifest_artifact, artifact_fields, .open = true);

struct decoded_variant {
    struct manifest_variant variant;
    const json_t *signature;
};

static const struct field variant_fields[] = {
    FIELD("runtime", STRING, struct decoded_variant, variant.id.runtime, .required = true,
          .check = name_check_part),
    FIELD("hardware", STRING, struct decoded_variant, variant.id.hardware, .required = true,
          .check = name_check_part),
    FIELD("precision", STRING, struct decoded_variant, variant.id.precision, .required = true,
          .check = name_check_part),
    FIELD_ARRAY("artifacts", LIST, struct decoded_variant, variant.artifacts,
                variant.artifact_count, .required = true, .min = 1, .max = MANIFEST_ARTIFACTS_MAX,
                .shape = &artifact_shape),
    FIELD("signature", JSON, struct decoded_variant, signature),
};
static const struct shape variant_shape =
    SHAPE(struct decoded_variant, variant_fields, .open = true);

struct decoded {
    const char *type;
    const char *spec_version;
    struct manifest manifest;
    struct decoded_variant *variants;
    const json_t *signature;
};

static const struct field manifest_fields[] = {
    FIELD("_type", STRING, struct decoded, type, .required = true, .check = check_type),
    FIELD("spec_version", STRING, struct decoded, spec_version, .required = true,
          .check = check_spec_version),
    FIELD("workspace", STRING, struct decoded, manifest.workspace, .required = true,
          .check = name_check),
    FIELD("model", STRING, struct decoded, manifest.model, .required = true, .check = name_check),
    FIELD("version", STRING, struct decoded, manifest.version, .required = true,
          .check = name_check_version),
    FIELD("created", TIME, struct decoded, manifest.created_ms, .required = true),
    FIELD("description", STRING, struct decoded, manifest.description,
          .max = MANIFEST_DESCRIPTION_MAX),
    FIELD("release_counter", INTEGER, struct decoded, manifest.release_counter, .max = INT64_MAX),
    FIELD_ARRAY("tags", PAIRS, struct decoded, manifest.tags, manifest.tag_count,
                .max = MANIFEST_PAIRS_MAX, .check = name_check_tag_value,
                .key_check = name_check_tag_key),
    FIELD_ARRAY("metrics", PAIRS, struct decoded, manifest.metrics, manifest.metric_count,
                .max = MANIFEST_PAIRS_MAX, .check = name_check_metric,
                .key_check = name_check_tag_key),
    FIELD_ARRAY("measured_on", PAIRS, struct decoded, manifest.measured_on,
                manifest.measured_on_count, .max = MANIFEST_PAIRS_MAX, .check = name_check_dataset,
                .key_check = name_check_tag_key),
    FIELD_ARRAY("params", PAIRS, struct decoded, manifest.params, manifest.param_count,
                .max = MANIFEST_PAIRS_MAX, .check = name_check_tag_value,
                .key_check = name_check_tag_key),
    FIELD_ARRAY("variants", LIST, struct decoded, variants, manifest.variant_count,
                .required = true, .min = 1, .max = MANIFEST_VARIANTS_MAX, .shape = &variant_shape),
    FIELD_ARRAY("from", STRINGS, struct decoded, manifest.from, manifest.from_count,
                .max = MANIFEST_FROM_MAX, .check = check_from),
    FIELD("adds_to", HEX, struct decoded, manifest.adds_to, .max = DIGEST_SHA256_SIZE),
    FIELD("signature", JSON, struct decoded, signature),
};
static const struct shape manifest_shape = SHAPE(struct decoded, manifest_fields, .open = true);

static int check_artifacts_unique(const struct manifest_variant *variant, size_t index,
                                  struct fields_error *error)
{
    char path[96];

    for (size_t i = 1; i < variant->artifact_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(variant->artifacts[i].name, variant->artifacts[j].name) != 0)
                continue;
            (void)snprintf(path, sizeof(path), "variants[%zu].artifacts[%zu].name", index, i);
            return fields_refuse(error, path, "'%s' is artifact %zu already",
                                 variant->artifacts[i].name, j);
        }
    }
    return 0;
}

static int check_variants_unique(const struct manifest *manifest, struct fields_error *error)
{
    char path[96];
    char text[VARIANT_TEXT_SIZE];

    for (size_t i = 0; i < manifest->variant_count; i++) {
        int r = check_artifacts_unique(&manifest->variants[i], i, error);

        if (r)
            return r;
        for (size_t j = 0; j < i; j++) {
            if (!variant_equal(&manifest->variants[i].id, &manifest->variants[j].id))
                continue;
            (void)snprintf(path, sizeof(path), "variants[%zu]", i);
            variant_format(&manifest->variants[i].id, text);
            return fields_refuse(error, path, "'%s' is variant %zu already", text, j);
        }
    }
    return 0;
}

static int check_measured(const struct manifest *manifest, struct fields_error *error)
{
    for (size_t i = 0; i < manifest->measured_on_count; i++) {
        const char *name = manifest->measured_on[i].key;
        bool found = false;

        for (size_t j = 0; j < manifest->metric_count && !found; j++)
            found = strcmp(manifest->metrics[j].key, name) == 0;
        if (!found)
            return fields_refuse(error, "measured_on", "there is no metric '%s'", name);
    }
    return 0;
}

static int decode_signature(const json_t *value, const char *path, struct arena *arena,
                            const struct signature **ret_signature, struct fields_error *error)
{
    struct signature *signature;
    int r;

    if (!value)
        return 0;
    signature = arena_alloc(arena, sizeof(*signature));
    r = signature_decode(value, path, arena, signature, error);
    if (!r)
        *ret_signature = signature;
    return r;
}

static int decode_signatures(struct decoded *decoded, struct arena *arena,
                             struct fields_error *error)
{
    struct manifest *manifest = &decoded->manifest;
    int r;

    manifest->variants = arena_array(arena, manifest->variant_count, sizeof(*manifest->variants));
    for (size_t i = 0; i < manifest->variant_count; i++) {
        char path[64];

        manifest->variants[i] = decoded->variants[i].variant;
        (void)snprintf(path, sizeof(path), "variants[%zu].signature", i);
        r = decode_signature(decoded->variants[i].signature, path, arena,
                             &manifest->variants[i].signature, error);
        if (r)
            return r;
    }
    return decode_signature(decoded->signature, "signature", arena, &manifest->signature, error);
}

int manifest_decode(const json_t *signed_part, struct arena *arena, struct manifest *ret_manifest,
                    struct fields_error *ret_error)
{
    struct decoded decoded;
    int r;

    r = fields_decode(&manifest_shape, signed_part, arena, &decoded, ret_error);
    if (r)
        return r;
    r = decode_signatures(&decoded, arena, ret_error);
    if (!r)
        r = check_variants_unique(&decoded.manifest, ret_error);
    if (!r && manifest_is_addition(&decoded.manifest) && decoded.manifest.variant_count != 1)
        r = fields_refuse(ret_error, "variants", "exactly one is added to a version");
    if (!r)
        r = check_measured(&decoded.manifest, ret_error);
    if (r)
        return r;
    *ret_manifest = decoded.manifest;
    return 0;
}

static json_t *encode_artifacts(const struct manifest_variant *variant)
{
    json_auto_t *array = json_array();

    for (size_t i = 0; i < variant->artifact_count; i++) {
        const struct manifest_artifact *artifact = &variant->artifacts[i];
        char hex[DIGEST_SHA256_HEX_SIZE];

        text_hex(artifact->sha256, sizeof(artifact->sha256), hex);
        if (json_array_append_new(array, json_pack("{s:s, s:I, s:{s:s}}", "name", artifact->name,
                                                   "length", (json_int_t)artifact->length, "hashes",
                                                   "sha256", hex)) < 0)
            return NULL;
    }
    return json_incref(array);
}

/* Adds the member where one is declared. */
static int set_signature(json_t *object, const struct signature *signature)
{
    return signature ? json_object_set_new(object, "signature", signature_encode(signature)) : 0;
}

static json_t *encode_variants(const struct manifest *manifest)
{
    json_auto_t *array = json_array();

    for (size_t i = 0; i < manifest->variant_count; i++) {
        const struct manifest_variant *variant = &manifest->variants[i];
        json_auto_t *object =
            json_pack("{s:s, s:s, s:s, s:o}", "runtime", variant->id.runtime, "hardware",
                      variant->id.hardware, "precision", variant->id.precision, "artifacts",
                      encode_artifacts(variant));

        if (!object || set_signature(object, variant->signature) < 0 ||
            json_array_append(array, object) < 0)
            return NULL;
    }
    return json_incref(array);
}

bool manifest_is_addition(const struct manifest *manifest)
{
    static const uint8_t none[DIGEST_SHA256_SIZE];

    return memcmp(manifest->adds_to, none, sizeof(none)) != 0;
}

static int set_from(json_t *object, const struct manifest *manifest)
{
    json_t *from = json_array();

    for (size_t i = 0; i < manifest->from_count; i++)
        (void)json_array_append_new(from, json_string(manifest->from[i]));
    return json_object_set_new(object, "from", from);
}

static int set_adds_to(json_t *object, const struct manifest *manifest)
{
    char hex[DIGEST_SHA256_HEX_SIZE];

    text_hex(manifest->adds_to, sizeof(manifest->adds_to), hex);
    return json_object_set_new(object, "adds_to", json_string(hex));
}

/* Adds the member where there are pairs. */
static int set_pairs(json_t *object, const char *name, const struct fields_pair *pairs,
                     size_t count)
{
    return count > 0 ? json_object_set_new(object, name, fields_pairs_to_json(pairs, count)) : 0;
}

json_t *manifest_encode(const struct manifest *manifest)
{
    char created[CLOCK_RFC3339_SIZE];
    json_auto_t *object = NULL;

    clock_format_rfc3339(manifest->created_ms, created);
    object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "_type", "modelferry-manifest",
                       "spec_version", "1.0", "workspace", manifest->workspace, "model",
                       manifest->model, "version", manifest->version, "created", created,
                       "variants", encode_variants(manifest));
    if (!object)
        return NULL;
    if (manifest->description &&
        json_object_set_new(object, "description", json_string(manifest->description)) < 0)
        return NULL;
    if (manifest->release_counter &&
        json_object_set_new(object, "release_counter", json_integer(manifest->release_counter)) < 0)
        return NULL;
    if (set_pairs(object, "tags", manifest->tags, manifest->tag_count) < 0 ||
        set_pairs(object, "metrics", manifest->metrics, manifest->metric_count) < 0 ||
        set_pairs(object, "measured_on", manifest->measured_on, manifest->measured_on_count) < 0 ||
        set_pairs(object, "params", manifest->params, manifest->param_count) < 0 ||
        set_signature(object, manifest->signature) < 0)
        return NULL;
    if ((manifest->from_count && set_from(object, manifest) < 0) ||
        (manifest_is_addition(manifest) && set_adds_to(object, manifest) < 0))
        return NULL;
    return json_incref(object);
}

const char *manifest_dataset(const struct manifest *manifest, const char *metric)
{
    for (size_t i = 0; i < manifest->measured_on_count; i++) {
        if (strcmp(manifest->measured_on[i].key, metric) == 0)
            return manifest->measured_on[i].value;
    }
    return "";
}

const struct manifest_variant *manifest_find(const struct manifest *manifest, const char *variant)
{
    char text[VARIANT_TEXT_SIZE];

    for (size_t i = 0; i < manifest->variant_count; i++) {
        variant_format(&manifest->variants[i].id, text);
        if (strcmp(text, variant) == 0)
            return &manifest->variants[i];
    }
    return NULL;
}

const struct manifest_variant *manifest_pick(const struct manifest *manifest,
                                             const struct variant_capability *capabilities,
                                             size_t capability_count)
{
    for (size_t i = 0; i < manifest->variant_count; i++) {
        if (variant_fits(&manifest->variants[i].id, capabilities, capability_count))
            return &manifest->variants[i];
    }
    return NULL;
}
