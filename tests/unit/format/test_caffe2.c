/* SPDX-License-Identifier: Apache-2.0 */
#include "format/caffe2.h"

#include "files.h"
#include "suite.h"

START_TEST(describes_both_halves)
{
    CLEANUP(said_release) struct said init = read_file("formats/init_net.pb", "caffe2");
    CLEANUP(said_release) struct said predict = read_file("formats/predict_net.pb", "caffe2");

    ck_assert_json(&init, "{\"format\":\"caffe2\",\"format_version\":null,\"producer\":null,"
                          "\"inputs\":null,\"outputs\":null,\"opsets\":[],\"parameters\":8,"
                          "\"weights\":[{\"type\":\"float32\",\"tensors\":2,\"parameters\":8}],"
                          "\"quantisation\":null,\"files\":[],\"properties\":{\"part\":\"init\","
                          "\"operators\":\"2\"},\"warnings\":[]}");
    ck_assert_int_eq(predict.result, 0);
    ck_assert_uint_eq(predict.info.inputs.count, 3);
    ck_assert_uint_eq(predict.info.warning_count, 1);
    ck_assert(!predict.info.has_signature);
}
END_TEST

/* Whatever the files are called. */
START_TEST(takes_parameters_from_the_file_beside_it)
{
    CLEANUP(bytes_release) struct bytes predict = bytes_of("formats/predict_net.pb");
    CLEANUP(bytes_release) struct bytes init = bytes_of("formats/init_net.pb");
    struct format_file files[] = {
        {"a.pb",      source_memory(predict.bytes, predict.size)},
        {"notes.txt", source_memory("no net",      6)           },
        {"b.pb",      source_memory(init.bytes,    init.size)   },
    };
    CLEANUP(said_release) struct said said = read_set(files, 3, "caffe2");

    ck_assert_int_eq(said.result, 0);
    ck_assert(said.info.has_signature);
    ck_assert_uint_eq(said.info.inputs.count, 1);
    ck_assert_str_eq(said.info.inputs.items[0].name, "data");
    ck_assert_str_eq(said.info.outputs.items[0].name, "scores");
    ck_assert_uint_eq(said.info.warning_count, 0);
}
END_TEST

START_TEST(refuses_what_is_no_net)
{
    static const struct {
        const char *bytes;
        size_t size;
        int result;
        const char *words;
    } rows[] = {
        {"\x0a\x01x",                3, FAULT_E_DAMAGED,   "no operator"              },
        {"\x12\x02\x0a\x00",         4, FAULT_E_DAMAGED,   "does not say what it does"},
        {"\x10\x01",                 2, FAULT_E_DAMAGED,   "should be a part of a net"},
        {"\x12\xff\xff\xff\xff\x0f", 6, FAULT_E_TRUNCATED, "4294967295 bytes"         },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(said_release)
        struct said said = read_bytes(rows[i].bytes, rows[i].size, "m.pb", "caffe2");

        ck_assert_fault(said, rows[i].result, rows[i].words);
    }
}
END_TEST

START_TEST(refuses_shapes_that_no_memory_holds)
{
    static const char net[] =
        "\x12\x2e\x22\x0fGivenTensorFill\x2a\x1b\x0a\x05shape\x32\x12"
        "\xff\xff\xff\xff\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff\xff\x7f";
    CLEANUP(said_release)
    struct said said = read_bytes(net, sizeof(net) - 1, "m.pb", "caffe2");

    ck_assert_fault(said, FAULT_E_DAMAGED, "no memory holds");
}
END_TEST

/* A message that ends between two fields is a message: protobuf knows no better. */
static bool ends_between_fields(const struct bytes *file, size_t size)
{
    size_t at = 0;

    while (at < size)
        at += 2 + (unsigned char)file->bytes[at + 1]; /* all lengths are below 128 */
    return at == size;
}

START_TEST(refuses_every_cut_of_a_file)
{
    refuses_every_cut("formats/init_net.pb", "caffe2", ends_between_fields);
    refuses_every_cut("formats/predict_net.pb", "caffe2", ends_between_fields);
}
END_TEST

START_TEST(survives_every_wrong_bit)
{
    survives_every_bit("formats/init_net.pb", "caffe2");
    survives_every_bit("formats/predict_net.pb", "caffe2");
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/caffe2", describes_both_halves,
                     takes_parameters_from_the_file_beside_it, refuses_what_is_no_net,
                     refuses_shapes_that_no_memory_holds, refuses_every_cut_of_a_file,
                     survives_every_wrong_bit);
}
