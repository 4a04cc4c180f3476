/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fleet/facts.h"

#include "suite.h"

START_TEST(capabilities_are_sorted_and_each_is_there_once)
{
    static const struct variant_capability given[] = {
        {"tflite", "cpu"       },
        {"onnx",   "cpu"       },
        {"tflite", "cpu"       },
        {"dlc",    "sm8650-htp"}
    };
    struct arena arena = {0};
    size_t count;
    const char *text = facts_capabilities_text(given, 4, &arena);
    const struct variant_capability *parsed = facts_capabilities_parse(text, &arena, &count);

    ck_assert_str_eq(text, "dlc/sm8650-htp,onnx/cpu,tflite/cpu");
    ck_assert_uint_eq(count, 3);
    ck_assert_str_eq(parsed[1].runtime, "onnx");
    ck_assert_str_eq(parsed[1].hardware, "cpu");
    arena_release(&arena);
}
END_TEST

START_TEST(no_capabilities_are_an_empty_text)
{
    struct arena arena = {0};
    size_t count = 7;

    ck_assert_str_eq(facts_capabilities_text(NULL, 0, &arena), "");
    (void)facts_capabilities_parse("", &arena, &count);
    ck_assert_uint_eq(count, 0);
    arena_release(&arena);
}
END_TEST

START_TEST(attributes_become_a_json_object)
{
    static const struct fields_pair pairs[] = {
        {"board", "rpi5"       },
        {"note",  "a \"quote\""}
    };
    struct arena arena = {0};
    const char *text;

    ck_assert_int_eq(facts_attributes_text(pairs, 2, &arena, &text), 0);
    ck_assert_str_eq(text, "{\"board\":\"rpi5\",\"note\":\"a \\\"quote\\\"\"}");
    ck_assert_int_eq(facts_attributes_text(NULL, 0, &arena, &text), 0);
    ck_assert_str_eq(text, "{}");
    arena_release(&arena);
}
END_TEST

int main(void)
{
    return SUITE_RUN("core/facts", capabilities_are_sorted_and_each_is_there_once,
                     no_capabilities_are_an_empty_text, attributes_become_a_json_object);
}
