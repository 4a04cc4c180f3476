/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/publish/publish_groups.h"
#include "cli/publish/publish_manifest.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"

static struct stage stage;
static struct publish_groups groups;

/* As the command line is read: marked, then read. */
static int read_groups(const char *const *arguments)
{
    char *argv[16];
    int argc = 0;

    for (; *arguments; arguments++)
        argv[argc++] = arena_strdup(&stage.cli.arena, *arguments);
    argc = publish_groups_mark(&stage.cli.arena, argc, argv);
    return publish_groups_read(&stage.cli, argc, argv, &groups);
}

#define READ(...) read_groups((const char *const[]){__VA_ARGS__, NULL})

START_TEST(puts_files_under_the_variant_before_them)
{
    stage_open(&stage);
    ck_assert_int_eq(READ("--variant", "onnx/cpu/fp32", "out/model.onnx", "labels.txt",
                          "--variant=tflite/cpu/int8", "weights.bin=out/model.tflite"),
                     0);
    ck_assert_uint_eq(groups.count, 2);
    ck_assert_str_eq(groups.groups[0].variant.runtime, "onnx");
    ck_assert_uint_eq(groups.groups[0].count, 2);
    ck_assert_str_eq(groups.groups[0].files[0].name, "model.onnx");
    ck_assert_str_eq(groups.groups[0].files[0].path, "out/model.onnx");
    ck_assert_str_eq(groups.groups[0].files[1].name, "labels.txt");
    ck_assert_str_eq(groups.groups[1].variant.precision, "int8");
    ck_assert_str_eq(groups.groups[1].files[0].name, "weights.bin");
    ck_assert_str_eq(groups.groups[1].files[0].path, "out/model.tflite");
    stage_close(&stage);
}
END_TEST

START_TEST(assumes_a_variant_where_the_ending_says_one)
{
    stage_open(&stage);
    ck_assert_int_eq(READ("labels.txt", "model.onnx"), 0);
    ck_assert_uint_eq(groups.count, 1);
    ck_assert_str_eq(groups.groups[0].variant.runtime, "onnx");
    ck_assert_str_eq(groups.groups[0].variant.precision, "fp32");
    ck_assert_uint_eq(groups.groups[0].count, 2);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "onnx/cpu/fp32 is assumed"));
    stage_close(&stage);
}
END_TEST

START_TEST(leaves_what_is_behind_two_dashes_alone)
{
    char dashes[] = "--";
    char flag[] = "--variant";
    char *argv[] = {dashes, flag, flag};

    stage_open(&stage);
    ck_assert_int_eq(publish_groups_mark(&stage.cli.arena, 3, argv), 3);
    ck_assert_str_eq(argv[1], "--variant");
    stage_close(&stage);
}
END_TEST

START_TEST(refuses_mistakes)
{
    stage_open(&stage);
    ck_assert_int_eq(publish_groups_read(&stage.cli, 0, NULL, &groups), CLI_USAGE);
    ck_assert_int_eq(READ("model.bin"), CLI_USAGE);
    ck_assert_int_eq(READ("--variant", "onnx", "m.onnx"), CLI_USAGE);
    ck_assert_int_eq(READ("--variant", "onnx/cpu/fp32"), CLI_USAGE);
    ck_assert_int_eq(READ("m.onnx", "--variant", "onnx/cpu/fp32", "n.onnx"), CLI_USAGE);
    ck_assert_int_eq(READ("--variant", "onnx/cpu/fp32", "a/m.onnx", "b/m.onnx"), CLI_USAGE);
    ck_assert_int_eq(READ("--variant", "onnx/cpu/fp32", "a", "--variant", "onnx/cpu/fp32", "b"),
                     CLI_USAGE);
    ck_assert_int_eq(READ("--variant", "onnx/cpu/fp32", ".hidden"), CLI_USAGE);
    stage_close(&stage);
}
END_TEST

START_TEST(makes_a_manifest_of_files_and_flags)
{
    static const char *const metrics[] = {"accuracy=0.9722"};
    static const char *const tags[] = {"team=vision"};
    struct reference reference = {"digits", "1.0.0"};
    json_auto_t *signed_part = NULL;
    const json_t *artifact;

    stage_open(&stage);
    ck_assert_int_eq(READ("model.onnx"), 0);
    groups.groups[0].files[0].size_bytes = 12345;
    stage.cli.flags.metrics = (struct options_list){1, metrics};
    stage.cli.flags.tags = (struct options_list){1, tags};
    ck_assert_int_eq(
        publish_manifest_make(&stage.cli, "default", &reference, &groups, NULL, &signed_part), 0);
    ck_assert_str_eq(json_string_value(json_object_get(signed_part, "created")),
                     "2026-01-02T03:04:05.000Z");
    ck_assert_str_eq(
        json_string_value(json_object_get(json_object_get(signed_part, "metrics"), "accuracy")),
        "0.9722");
    artifact = json_array_get(
        json_object_get(json_array_get(json_object_get(signed_part, "variants"), 0), "artifacts"),
        0);
    ck_assert_int_eq(json_integer_value(json_object_get(artifact, "length")), 12345);
    stage_close(&stage);
}
END_TEST

START_TEST(refuses_flags_that_no_manifest_can_hold)
{
    static const char *const wrong[] = {"accuracy=good", "a b=1", "noequals"};
    static const char *const twice[] = {"a=1", "a=2"};

    stage_open(&stage);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        stage.cli.flags.metrics = (struct options_list){1, &wrong[i]};
        ck_assert_int_eq(publish_manifest_check_flags(&stage.cli), CLI_USAGE);
    }
    stage.cli.flags.metrics = (struct options_list){2, twice};
    ck_assert_int_eq(publish_manifest_check_flags(&stage.cli), CLI_USAGE);
    stage.cli.flags.metrics.count = 0;
    stage.cli.flags.description = "\xff";
    ck_assert_int_eq(publish_manifest_check_flags(&stage.cli), CLI_USAGE);
    stage_close(&stage);
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/publish", puts_files_under_the_variant_before_them,
                     assumes_a_variant_where_the_ending_says_one,
                     leaves_what_is_behind_two_dashes_alone, refuses_mistakes,
                     makes_a_manifest_of_files_and_flags, refuses_flags_that_no_manifest_can_hold);
}
