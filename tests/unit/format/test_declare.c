/* SPDX-License-Identifier: Apache-2.0 */
#include "format/declare.h"

#include "files.h"
#include "suite.h"

#define ck_assert_declared(said, expected)                                                         \
    do {                                                                                           \
        struct signature declared_;                                                                \
        ck_assert(declare_signature(&(said).info, &(said).arena, &declared_));                     \
        json_auto_t *value_ = signature_encode(&declared_);                                        \
        AUTO_FREE char *text_ = json_dumps(value_, JSON_COMPACT | JSON_SORT_KEYS);                 \
        ck_assert_str_eq(text_, expected);                                                         \
    } while (0)

START_TEST(is_what_the_file_takes_and_gives)
{
    CLEANUP(said_release) struct said said = read_file("digits-1.onnx", "onnx");

    ck_assert_declared(said,
                       "{\"inputs\":[{\"name\":\"image\",\"shape\":[\"N\",64],\"type\":\"float32\"}"
                       "],\"outputs\":[{\"name\":\"probabilities\",\"shape\":[\"N\",10],\"type\":"
                       "\"float32\"},{\"name\":\"label\",\"shape\":[\"N\"],\"type\":\"int64\"}]}");
}
END_TEST

START_TEST(leaves_out_names_of_dimensions_that_a_manifest_cannot_hold)
{
    CLEANUP(said_release) struct said said = read_file("digits-1.onnx", "onnx");

    said.info.inputs.items[0].dims[0].symbol = "floor(N/2),[x]";
    ck_assert_declared(said,
                       "{\"inputs\":[{\"name\":\"image\",\"shape\":[null,64],\"type\":\"float32\"}]"
                       ",\"outputs\":[{\"name\":\"probabilities\",\"shape\":[null,10],\"type\":"
                       "\"float32\"},{\"name\":\"label\",\"shape\":[null],\"type\":\"int64\"}]}");
}
END_TEST

START_TEST(prefers_the_names_that_callers_use)
{
    CLEANUP(said_release) struct said said = read_file("digits-1.onnx", "onnx");
    struct signature signature;

    said.info.inputs.items[0].alias = "x";
    ck_assert(declare_signature(&said.info, &said.arena, &signature));
    ck_assert_str_eq(signature.inputs[0].name, "x");
}
END_TEST

START_TEST(says_nothing_where_the_file_does_not_or_a_manifest_cannot)
{
    CLEANUP(said_release) struct said none = read_file("formats/tiny.gguf", "gguf");
    CLEANUP(said_release) struct said odd = read_file("digits-1.onnx", "onnx");
    struct signature signature;

    ck_assert(!declare_signature(&none.info, &none.arena, &signature));
    odd.info.inputs.items[0].type = "sequence(float32)";
    ck_assert(!declare_signature(&odd.info, &odd.arena, &signature));
}
END_TEST

START_TEST(tells_signatures_apart)
{
    CLEANUP(said_release) struct said said = read_file("digits-1.onnx", "onnx");
    struct signature one;
    struct signature other;

    ck_assert(declare_signature(&said.info, &said.arena, &one));
    ck_assert(declare_signature(&said.info, &said.arena, &other));
    ck_assert(declare_equal(&one, &other));
    other.outputs[1].type = "int32";
    ck_assert(!declare_equal(&one, &other));
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/declare", is_what_the_file_takes_and_gives,
                     leaves_out_names_of_dimensions_that_a_manifest_cannot_hold,
                     prefers_the_names_that_callers_use,
                     says_nothing_where_the_file_does_not_or_a_manifest_cannot,
                     tells_signatures_apart);
}
