/* SPDX-License-Identifier: Apache-2.0 */
#include "model/manifest.h"

#include "base/cleanup.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char whole[] =
    "{\"_type\":\"modelferry-manifest\",\"spec_version\":\"1.0\",\"workspace\":\"default\","
    "\"model\":\"digits\",\"version\":\"1.0.0\",\"created\":\"2026-01-02T03:04:05.678Z\","
    "\"description\":\"k-nearest digits\",\"tags\":{\"team\":\"vision\"},"
    "\"metrics\":{\"accuracy\":\"0.9722\",\"loss\":\"1\"},"
    "\"measured_on\":{\"accuracy\":\"dataset:mnist@2\"},\"params\":{\"hidden\":\"32\"},"
    "\"variants\":["
    "{\"runtime\":\"onnx\",\"hardware\":\"cpu\",\"precision\":\"fp32\",\"artifacts\":["
    "{\"name\":\"model.onnx\",\"length\":12345,\"hashes\":{\"sha256\":\"" DIGEST "\"}},"
    "{\"name\":\"labels.txt\",\"length\":0,\"hashes\":{\"sha256\":\"" DIGEST "\"}}]},"
    "{\"runtime\":\"tflite\",\"hardware\":\"cpu\",\"precision\":\"int8\",\"artifacts\":["
    "{\"name\":\"model.tflite\",\"length\":1125899906842624,\"hashes\":{\"sha256\":\"" DIGEST
    "\"}}]}]}";

static json_t *whole_json(void)
{
    json_t *value = json_loads(whole, 0, NULL);

    ck_assert_ptr_nonnull(value);
    return value;
}

START_TEST(decodes_all_members)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *value = whole_json();
    struct manifest manifest;
    struct fields_error error;

    ck_assert_msg(manifest_decode(value, &arena, &manifest, &error) == 0, "%s", error.text);
    ck_assert_str_eq(manifest.workspace, "default");
    ck_assert_str_eq(manifest.model, "digits");
    ck_assert_str_eq(manifest.version, "1.0.0");
    ck_assert_int_eq(manifest.created_ms, 1767323045678);
    ck_assert_str_eq(manifest.description, "k-nearest digits");
    ck_assert_uint_eq(manifest.tag_count, 1);
    ck_assert_str_eq(manifest.tags[0].value, "vision");
    ck_assert_str_eq(manifest.metrics[0].value, "0.9722");
    ck_assert_str_eq(manifest_dataset(&manifest, "accuracy"), "dataset:mnist@2");
    ck_assert_str_eq(manifest_dataset(&manifest, "loss"), "");
    ck_assert_str_eq(manifest.params[0].key, "hidden");
    ck_assert_uint_eq(manifest.variant_count, 2);
    ck_assert_uint_eq(manifest.variants[0].artifact_count, 2);
    ck_assert_str_eq(manifest.variants[0].artifacts[1].name, "labels.txt");
    ck_assert_int_eq(manifest.variants[1].artifacts[0].length, MANIFEST_ARTIFACT_LENGTH_MAX);
    ck_assert_uint_eq(manifest.variants[0].artifacts[0].sha256[1], 0x23);
}
END_TEST

START_TEST(encodes_what_it_decoded)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *value = whole_json();
    json_auto_t *again = NULL;
    struct manifest manifest;
    struct fields_error error;

    ck_assert_int_eq(manifest_decode(value, &arena, &manifest, &error), 0);
    again = manifest_encode(&manifest);
    ck_assert(json_equal(value, again));
}
END_TEST

START_TEST(signatures_are_of_the_version_or_of_a_variant)
{
    static const char of_version[] =
        "{\"inputs\":[{\"name\":\"image\",\"type\":\"float32\",\"shape\":[\"N\",64]}],"
        "\"outputs\":[]}";
    static const char of_variant[] =
        "{\"inputs\":[{\"name\":\"image\",\"type\":\"int8\"}],\"outputs\":[]}";
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *value = whole_json();
    json_t *variant = json_array_get(json_object_get(value, "variants"), 1);
    struct manifest manifest;
    struct fields_error error;

    (void)json_object_set_new(value, "signature", json_loads(of_version, 0, NULL));
    (void)json_object_set_new(variant, "signature", json_loads(of_variant, 0, NULL));
    ck_assert_msg(manifest_decode(value, &arena, &manifest, &error) == 0, "%s", error.text);
    ck_assert_ptr_null(manifest.variants[0].signature);
    ck_assert_str_eq(manifest.signature->inputs[0].type, "float32");
    ck_assert_str_eq(manifest.variants[1].signature->inputs[0].type, "int8");
    json_auto_t *again = manifest_encode(&manifest);
    ck_assert(json_equal(value, again));

    (void)json_object_set_new(variant, "signature", json_string("int8"));
    ck_assert_int_eq(manifest_decode(value, &arena, &manifest, &error), FIELDS_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error.text, "variants[1].signature: an object expected"));
}
END_TEST

START_TEST(the_optional_members_may_be_absent)
{
    static const char *const optional[] = {"description", "tags", "metrics", "measured_on",
                                           "params"};
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *value = whole_json();
    json_auto_t *again = NULL;
    struct manifest manifest;
    struct fields_error error;

    for (size_t i = 0; i < ARRAY_LEN(optional); i++)
        ck_assert_int_eq(json_object_del(value, optional[i]), 0);
    ck_assert_int_eq(manifest_decode(value, &arena, &manifest, &error), 0);
    ck_assert_ptr_null(manifest.description);
    ck_assert_uint_eq(manifest.tag_count, 0);
    again = manifest_encode(&manifest);
    ck_assert(json_equal(value, again));
}
END_TEST

START_TEST(every_other_member_is_needed)
{
    static const char *const needed[] = {"_type",   "spec_version", "workspace", "model",
                                         "version", "created",      "variants"};

    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        json_auto_t *value = whole_json();
        struct manifest manifest;
        struct fields_error error;
        char expected[64];

        ck_assert_int_eq(json_object_del(value, needed[i]), 0);
        ck_assert_int_eq(manifest_decode(value, &arena, &manifest, &error), FIELDS_E_INVALID);
        (void)snprintf(expected, sizeof(expected), "%s: missing", needed[i]);
        ck_assert_str_eq(error.text, expected);
    }
}
END_TEST

START_TEST(unknown_members_are_allowed_at_every_level)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *value = whole_json();
    json_t *variant = json_array_get(json_object_get(value, "variants"), 0);
    json_t *artifact = json_array_get(json_object_get(variant, "artifacts"), 0);
    json_t *levels[] = {value, variant, artifact, json_object_get(artifact, "hashes")};
    struct manifest manifest;
    struct fields_error error;

    for (size_t i = 0; i < ARRAY_LEN(levels); i++)
        ck_assert_int_eq(json_object_set_new(levels[i], "x-later", json_true()), 0);
    ck_assert_int_eq(manifest_decode(value, &arena, &manifest, &error), 0);
}
END_TEST

/* What is replaced in the whole manifest (its first occurrence), and what is said then. */
static const struct {
    const char *from;
    const char *to;
    const char *text;
} damages[] = {
    {"\"modelferry-manifest\"",                                "\"targets\"",              "_type: \"modelferry-manifest\" expected"                            },
    {"\"1.0\"",                                                "\"2.0\"",                  "spec_version: \"1.0\" expected"                                     },
    {"\"digits\"",                                             "\"Digits\"",
     "model: a name of 1 to 63 characters a-z, 0-9, '.', '_', '-', beginning with a letter or "
     "digit, expected"                                                                                                                                          },
    {"\"default\"",                                            "7",                        "workspace: a string expected"                                       },
    {"\"1.0.0\"",                                              "\"1.0\"",
     "version: a semantic version such as 1.4.0-rc.1, or a plain number, of at most 64 characters "
     "expected"                                                                                                                                                 },
    {"\"2026-01-02T03:04:05.678Z\"",                           "\"2026-02-30T03:04:05Z\"",
     "created: a time such as \"2026-01-02T03:04:05.678Z\" expected"                                                                                            },
    {"\"k-nearest digits\"",                                   "null",                     "description: a string expected"                                     },
    {"\"vision\"",                                             "1",                        "tags.team: a string expected"                                       },
    {"\"team\"",                                               "\"te am\"",
     "tags[\"te am\"]: bad name: 1 to 128 characters A-Z, a-z, 0-9, '_', '.', '/', '-' expected"                                                                },
    {"\"0.9722\"",                                             "\"good\"",
     "metrics.accuracy: a decimal number in a string, such as \"0.9722\", expected"                                                                             },
    {"\"cpu\"",                                                "\"\"",
     "variants[0].hardware: 1 to 32 characters a-z, 0-9, '.', '_', '+', '-', beginning with a "
     "letter or digit, expected"                                                                                                                                },
    {"{\"accuracy\":\"dataset",                                "{\"speed\":\"dataset",     "measured_on: there is no metric 'speed'"                            },
    {"dataset:mnist@2",                                        "",
     "measured_on.accuracy: the name of a dataset, 1 to 512 bytes without control characters, "
     "expected"                                                                                                                                                 },
    {"\"model.onnx\"",                                         "\"../model.onnx\"",
     "variants[0].artifacts[0].name: a file name of 1 to 128 characters A-Z, a-z, 0-9, '.', '_', "
     "'+', '-', beginning with a letter, digit or '_', expected"                                                                                                },
    {"\"labels.txt\"",                                         "\"model.onnx\"",
     "variants[0].artifacts[1].name: 'model.onnx' is artifact 0 already"                                                                                        },
    {"12345",                                                  "-1",                       "variants[0].artifacts[0].length: must be from 0 to 1125899906842624"},
    {"1125899906842624",                                       "1125899906842625",
     "variants[1].artifacts[0].length: must be from 0 to 1125899906842624"                                                                                      },
    {"12345",                                                  "\"12345\"",                "variants[0].artifacts[0].length: an integer expected"               },
    {"\"" DIGEST "\"",                                         "\"0123\"",
     "variants[0].artifacts[0].hashes.sha256: 64 lower-case hex digits expected"                                                                                },
    {"\"sha256\"",                                             "\"sha512\"",               "variants[0].artifacts[0].hashes.sha256: missing"                    },
    {"\"tflite\",\"hardware\":\"cpu\",\"precision\":\"int8\"",
     "\"onnx\",\"hardware\":\"cpu\",\"precision\":\"fp32\"",                               "variants[1]: 'onnx/cpu/fp32' is variant 0 already"                  },
};

START_TEST(says_which_member_and_why)
{
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        const char *place = strstr(whole, damages[i].from);
        json_auto_t *value = NULL;
        struct manifest manifest = {.model = "untouched"};
        struct fields_error error;
        char text[4096];

        ck_assert_msg(place != NULL, "%s", damages[i].from);
        (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(place - whole), whole, damages[i].to,
                       place + strlen(damages[i].from));
        value = json_loads(text, 0, NULL);
        ck_assert_ptr_nonnull(value);
        ck_assert_int_eq(manifest_decode(value, &arena, &manifest, &error), FIELDS_E_INVALID);
        ck_assert_str_eq(error.text, damages[i].text);
        ck_assert_str_eq(manifest.model, "untouched");
    }
}
END_TEST

/* Decodes with the array at variants, or at variants[0].artifacts, grown to count elements. */
static int decode_grown(bool artifacts, size_t count, struct fields_error *error)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *value = whole_json();
    json_t *array = json_object_get(value, "variants");
    const char *member = "precision";
    struct manifest manifest;

    if (artifacts) {
        array = json_object_get(json_array_get(array, 0), "artifacts");
        member = "name";
    }
    while (json_array_size(array) < count) {
        json_t *copy = json_deep_copy(json_array_get(array, 0));

        ck_assert_int_eq(
            json_object_set_new(copy, member, json_sprintf("n%zu", json_array_size(array))), 0);
        ck_assert_int_eq(json_array_append_new(array, copy), 0);
    }
    while (json_array_size(array) > count)
        ck_assert_int_eq(json_array_remove(array, 0), 0);
    return manifest_decode(value, &arena, &manifest, error);
}

START_TEST(holds_its_limits_on_counts)
{
    struct fields_error error;

    ck_assert_int_eq(decode_grown(false, MANIFEST_VARIANTS_MAX, &error), 0);
    ck_assert_int_eq(decode_grown(false, MANIFEST_VARIANTS_MAX + 1, &error), FIELDS_E_INVALID);
    ck_assert_str_eq(error.text, "variants: too many: at most 64");
    ck_assert_int_eq(decode_grown(false, 0, &error), FIELDS_E_INVALID);
    ck_assert_str_eq(error.text, "variants: at least 1 expected");
    ck_assert_int_eq(decode_grown(true, MANIFEST_ARTIFACTS_MAX, &error), 0);
    ck_assert_int_eq(decode_grown(true, MANIFEST_ARTIFACTS_MAX + 1, &error), FIELDS_E_INVALID);
    ck_assert_str_eq(error.text, "variants[0].artifacts: too many: at most 64");
    ck_assert_int_eq(decode_grown(true, 0, &error), FIELDS_E_INVALID);
    ck_assert_str_eq(error.text, "variants[0].artifacts: at least 1 expected");
}
END_TEST

START_TEST(finds_and_picks_variants)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const struct variant_capability capabilities[] = {
        {"tflite", "cpu"},
        {"onnx",   "cpu"},
    };
    json_auto_t *value = whole_json();
    struct manifest manifest;
    struct fields_error error;

    ck_assert_int_eq(manifest_decode(value, &arena, &manifest, &error), 0);
    ck_assert_ptr_eq(manifest_find(&manifest, "tflite/cpu/int8"), &manifest.variants[1]);
    ck_assert_ptr_null(manifest_find(&manifest, "tflite/cpu/fp32"));
    ck_assert_ptr_null(manifest_find(&manifest, "tflite"));
    /* the manifest's order counts, not the device's */
    ck_assert_ptr_eq(manifest_pick(&manifest, capabilities, 2), &manifest.variants[0]);
    ck_assert_ptr_eq(manifest_pick(&manifest, capabilities, 1), &manifest.variants[1]);
    ck_assert_ptr_null(manifest_pick(&manifest, NULL, 0));
}
END_TEST

int main(void)
{
    return SUITE_RUN("model/manifest", decodes_all_members, encodes_what_it_decoded,
                     signatures_are_of_the_version_or_of_a_variant,
                     the_optional_members_may_be_absent, every_other_member_is_needed,
                     unknown_members_are_allowed_at_every_level, says_which_member_and_why,
                     holds_its_limits_on_counts, finds_and_picks_variants);
}
