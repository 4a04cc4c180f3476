/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/targetpath.h"

#include "suite.h"

#include <fnmatch.h>

START_TEST(a_models_patterns_cover_its_own_targets_only)
{
    struct arena arena = {0};
    const char *patterns[TARGETPATH_PATTERNS];
    const char *manifest = targetpath_manifest(&arena, "digits", "1.0.0");
    const char *artifact =
        targetpath_artifact(&arena, "digits", "1.0.0", "onnx/cpu/fp32", "model.onnx");
    const char *other = targetpath_manifest(&arena, "digits2", "1.0.0");

    targetpath_patterns(&arena, "digits", patterns);
    ck_assert_str_eq(targetpath_role(&arena, "digits"), "model-digits");
    ck_assert_str_eq(manifest, "digits/1.0.0/manifest.json");
    ck_assert_str_eq(artifact, "digits/1.0.0/onnx/cpu/fp32/model.onnx");
    ck_assert_int_eq(fnmatch(patterns[0], manifest, FNM_PATHNAME | FNM_NOESCAPE), 0);
    ck_assert_int_eq(fnmatch(patterns[1], artifact, FNM_PATHNAME | FNM_NOESCAPE), 0);
    for (size_t i = 0; i < TARGETPATH_PATTERNS; i++)
        ck_assert_int_ne(fnmatch(patterns[i], other, FNM_PATHNAME | FNM_NOESCAPE), 0);
    arena_release(&arena);
}
END_TEST

START_TEST(an_added_variant_has_a_manifest_of_its_own)
{
    struct arena arena = {0};
    const char *patterns[TARGETPATH_PATTERNS];
    const char *path = targetpath_variant(&arena, "digits", "1.0.0", "onnx/npu/int8");

    targetpath_patterns(&arena, "digits", patterns);
    ck_assert_str_eq(path, "digits/1.0.0/onnx~npu~int8.json");
    ck_assert_int_eq(fnmatch(patterns[0], path, FNM_PATHNAME | FNM_NOESCAPE), 0);
    ck_assert_str_eq(targetpath_variant_of(&arena, "onnx~npu~int8.json"), "onnx/npu/int8");
    ck_assert_ptr_null(targetpath_variant_of(&arena, "onnx~npu~int8"));
    ck_assert_ptr_null(targetpath_variant_of(&arena, "a/b~c.json"));
    ck_assert_ptr_null(targetpath_variant_of(&arena, ""));
    arena_release(&arena);
}
END_TEST

int main(void)
{
    return SUITE_RUN("tuf/targetpath", a_models_patterns_cover_its_own_targets_only,
                     an_added_variant_has_a_manifest_of_its_own);
}
