/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/version_targets.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"

static json_t *target(json_t *part, const char *path)
{
    return json_object_get(json_object_get(part, "targets"), path);
}

static const char *custom(json_t *part, const char *path, const char *name)
{
    return json_string_value(json_object_get(json_object_get(target(part, path), "custom"), name));
}

START_TEST(lists_the_manifest_and_every_file_of_every_variant)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *part = json_pack("{s:{}}", "targets");
    struct manifest_artifact artifacts[] = {
        {.name = "a.onnx", .length = 5, .sha256 = {1}},
        {.name = "b.txt",  .length = 6, .sha256 = {2}}
    };
    struct manifest_variant variants[] = {
        {.id = {"onnx", "cpu", "fp32"}, .artifacts = artifacts, .artifact_count = 2},
        {.id = {"onnx", "npu", "int8"}, .artifacts = artifacts, .artifact_count = 1},
    };
    struct manifest manifest = {
        .model = "digits", .version = "1.0.0", .variants = variants, .variant_count = 2};

    ck_assert_int_eq(version_targets_add(&arena, &manifest, "envelope", 8, part), 0);
    ck_assert_uint_eq(json_object_size(json_object_get(part, "targets")), 4);
    ck_assert_int_eq(
        json_integer_value(json_object_get(target(part, "digits/1.0.0/manifest.json"), "length")),
        8);
    ck_assert_str_eq(custom(part, "digits/1.0.0/manifest.json", "version"), "1.0.0");
    ck_assert_int_eq(json_integer_value(json_object_get(
                         target(part, "digits/1.0.0/onnx/cpu/fp32/b.txt"), "length")),
                     6);
    ck_assert_str_eq(custom(part, "digits/1.0.0/onnx/npu/int8/a.onnx", "hardware"), "npu");
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/version_targets", lists_the_manifest_and_every_file_of_every_variant);
}
