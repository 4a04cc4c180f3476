/* SPDX-License-Identifier: Apache-2.0 */
#include "model/variant.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

#define A32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char *const texts[] = {
    "onnx/cpu/fp32",
    "dlc/sm8650-htp/int8",
    "a/b/c",
    A32 "/" A32 "/" A32,
};

START_TEST(reads_what_it_writes)
{
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        char text[VARIANT_TEXT_SIZE];
        struct variant variant;

        ck_assert_ptr_null(variant_check(texts[i]));
        ck_assert(variant_parse(texts[i], &arena, &variant));
        variant_format(&variant, text);
        ck_assert_str_eq(text, texts[i]);
    }
}
END_TEST

static const char *const refused[] = {
    "",
    "onnx",
    "onnx/cpu",
    "onnx/cpu/",
    "/cpu/fp32",
    "onnx//fp32",
    "onnx/cpu/fp32/",
    "a/b/c/d",
    "Onnx/cpu/fp32",
    "onnx/cpu/fp 32",
    "../../x",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/b/c",
    A32 "/" A32 "/" A32 "c",
};

START_TEST(refuses_the_rest)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct variant variant = {0};

        ck_assert_msg(variant_check(refused[i]) != NULL, "%s", refused[i]);
        ck_assert(!variant_parse(refused[i], &arena, &variant));
        ck_assert_ptr_null(variant.runtime);
    }
}
END_TEST

START_TEST(fits_by_runtime_and_hardware)
{
    const struct variant_capability capabilities[] = {
        {"tflite", "cpu"},
        {"onnx",   "gpu"},
    };
    const struct variant on_gpu = {"onnx", "gpu", "fp16"};
    const struct variant on_cpu = {"onnx", "cpu", "fp32"};

    ck_assert(variant_fits(&on_gpu, capabilities, 2));
    ck_assert(!variant_fits(&on_cpu, capabilities, 2)); /* no mixing of two capabilities */
    ck_assert(!variant_fits(&on_gpu, capabilities, 1));
    ck_assert(!variant_fits(&on_gpu, NULL, 0));
}
END_TEST

START_TEST(equal_is_all_three)
{
    const struct variant one = {"onnx", "cpu", "fp32"};
    const struct variant others[] = {
        {"dlc",  "cpu", "fp32"},
        {"onnx", "gpu", "fp32"},
        {"onnx", "cpu", "fp16"},
    };

    ck_assert(variant_equal(&one, &one));
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        ck_assert(!variant_equal(&one, &others[i]));
}
END_TEST

int main(void)
{
    return SUITE_RUN("model/variant", reads_what_it_writes, refuses_the_rest,
                     fits_by_runtime_and_hardware, equal_is_all_three);
}
