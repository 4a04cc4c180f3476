/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/version_content.h"

#include "base/cleanup.h"
#include "registry_fixture.h"
#include "suite.h"

START_TEST(metrics_fit_a_double)
{
    struct fields_pair metric = {"accuracy", "0.5"};
    const struct manifest manifest = {.metrics = &metric, .metric_count = 1};
    CLEANUP(arena_release) struct arena arena = {0};
    struct fields_error error = {0};

    ck_assert_int_eq(version_content_check(&manifest, &arena, &error), 0);
    metric.value = "1e-999";
    ck_assert_int_eq(version_content_check(&manifest, &arena, &error), 0);
    metric.value = "-1e999";
    ck_assert_int_eq(version_content_check(&manifest, &arena, &error), VERSION_CONTENT_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error.text, "accuracy"));
}
END_TEST

START_TEST(what_it_was_made_from_are_references)
{
    static const struct {
        const char *text;
        int outcome;
    } vectors[] = {
        {"run:0190f1d2-9c1b-7e3c-9a5e-0123456789ab", 0                        },
        {"digits@0.9.0",                             0                        },
        {"dataset:faces",                            0                        },
        {"faces",                                    VERSION_CONTENT_E_INVALID},
        {"device:cam-1",                             VERSION_CONTENT_E_INVALID},
        {"deployment:1",                             VERSION_CONTENT_E_INVALID},
    };

    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        const char *from[] = {"dataset:first", vectors[i].text};
        const struct manifest manifest = {.from = from, .from_count = 2};
        struct fields_error error = {0};

        ck_assert_int_eq(version_content_check(&manifest, &arena, &error), vectors[i].outcome);
        if (vectors[i].outcome)
            ck_assert_str_eq(error.path, "signed.from[1]");
    }
}
END_TEST

START_TEST(what_a_manifest_says_becomes_rows)
{
    struct registry registry;
    struct registry_submitted submitted;
    struct fields_pair metric = {"accuracy", "0.9722"};
    struct fields_pair tag = {"team", "vision"};
    struct fields_pair param = {"hidden", "32"};

    registry_init(&registry);
    registry.manifest.metrics = &metric;
    registry.manifest.metric_count = 1;
    registry.manifest.tags = &tag;
    registry.manifest.tag_count = 1;
    registry.manifest.params = &param;
    registry.manifest.param_count = 1;
    ck_assert_int_eq(
        registry_submit(&registry, registry_envelope(&registry, &registry.key), &submitted), 0);
    ck_assert_int_eq(
        database_number(registry.db,
                        "SELECT count(*) FROM version_metric m JOIN version_tag t USING"
                        " (version_id) JOIN version_param p USING (version_id) JOIN variant v USING"
                        " (version_id) JOIN variant_artifact a ON a.variant_id = v.id"
                        " WHERE m.value = 0.9722 AND m.value_text = '0.9722' AND t.value = 'vision'"
                        " AND p.value = '32' AND v.precision = 'fp32' AND a.name = 'model.onnx'"
                        " AND a.artifact_id IS NOT NULL"),
        1);
    registry_release(&registry);
}
END_TEST

int main(void)
{
    return SUITE_RUN("core/version_content", metrics_fit_a_double,
                     what_it_was_made_from_are_references, what_a_manifest_says_becomes_rows);
}
