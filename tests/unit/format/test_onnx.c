/* SPDX-License-Identifier: Apache-2.0 */
#include "format/onnx.h"

#include "files.h"
#include "suite.h"

START_TEST(describes_a_trained_classifier)
{
    CLEANUP(said_release) struct said said = read_file("digits-1.onnx", "onnx");

    ck_assert_json(
        &said,
        "{\"format\":\"onnx\",\"format_version\":\"7\",\"producer\":\"modelferry "
        "tests/data/train.py 1\",\"inputs\":[{\"name\":\"image\",\"type\":\"float32\",\"shape\":"
        "[\"N\",64]}],\"outputs\":[{\"name\":\"probabilities\",\"type\":\"float32\",\"shape\":"
        "[\"N\",10]},{\"name\":\"label\",\"type\":\"int64\",\"shape\":[\"N\"]}],\"opsets\":[{"
        "\"domain\":\"\",\"version\":13}],\"parameters\":651,\"weights\":[{\"type\":\"float32\","
        "\"tensors\":3,\"parameters\":651}],\"quantisation\":null,\"files\":[],\"properties\":{"
        "\"graph\":\"digits\",\"nodes\":\"4\"},\"warnings\":[]}");
}
END_TEST

START_TEST(sees_quantised_weights)
{
    CLEANUP(said_release) struct said said = read_file("formats/quantised.onnx", "onnx");

    ck_assert_str_eq(said.info.quantisation, "int8");
    ck_assert_int_eq(said.info.parameters, 14);
    ck_assert_str_eq(said.info.inputs.items[0].dims[0].symbol, "batch");
}
END_TEST

START_TEST(counts_graphs_inside_nodes_and_takes_initializers_from_inputs)
{
    CLEANUP(said_release) struct said said = read_file("formats/branches.onnx", "onnx");

    ck_assert_int_eq(said.info.parameters, 6);
    ck_assert_uint_eq(said.info.inputs.count, 1);
    ck_assert_str_eq(said.info.inputs.items[0].name, "flag");
    ck_assert_str_eq(said.info.inputs.items[0].type, "bool");
    ck_assert(said.info.inputs.items[0].ranked);
    ck_assert_str_eq(said.info.opsets[1].domain, "com.example");
}
END_TEST

START_TEST(names_the_files_that_weights_are_in)
{
    CLEANUP(said_release) struct said said = read_file("formats/external.onnx", "onnx");

    ck_assert_uint_eq(said.info.file_count, 1);
    ck_assert_str_eq(said.info.files[0].name, "weights.bin");
    ck_assert_int_eq(said.info.files[0].length, 80);
}
END_TEST

START_TEST(refuses_files_outside_its_folder)
{
    static const char *const locations[] = {"/etc/passwd", "../weights.b", "a/../../b.bi"};

    for (size_t i = 0; i < ARRAY_LEN(locations); i++) {
        CLEANUP(bytes_release) struct bytes file = bytes_of("formats/external.onnx");

        memcpy(file.bytes + place_of(&file, "weights.bin", 11), locations[i], 11);
        CLEANUP(said_release)
        struct said said = read_bytes(file.bytes, file.size, "m.onnx", "onnx");
        ck_assert_fault(said, FAULT_E_DAMAGED, "from outside its own folder");
    }
}
END_TEST

START_TEST(refuses_data_of_another_length)
{
    CLEANUP(bytes_release) struct bytes file = bytes_of("formats/quantised.onnx");

    /* the dimensions 4 and 3 of w_q */
    put(&file, place_of(&file, "\x08\x04\x08\x03\x10\x03", 6) + 1, 5, 1);
    CLEANUP(said_release) struct said said = read_bytes(file.bytes, file.size, "m.onnx", "onnx");
    ck_assert_fault(said, FAULT_E_DAMAGED, "tensor 'w_q'");
    ck_assert_ptr_nonnull(strstr(said.fault.text, "has 12 bytes of data"));
}
END_TEST

struct row {
    const char *bytes;
    size_t size;
    int result;
    const char *words;
};

#define ROW(text, ...)                                                                             \
    {                                                                                              \
        text, sizeof(text) - 1, __VA_ARGS__                                                        \
    }

START_TEST(refuses_what_is_no_model)
{
    static const struct row rows[] = {
        ROW("", FAULT_E_TRUNCATED, "empty"),
        ROW("\x08\x07", FAULT_E_DAMAGED, "no graph"),
        ROW("\x08\x07\x3a\x00", FAULT_E_DAMAGED, "operator sets"),
        ROW("\x3a\x00\x42\x02\x10\x0d", FAULT_E_DAMAGED, "version of ONNX"),
        ROW("\x08\x07\x3a\x00\x3a\x00\x42\x02\x10\x0d", FAULT_E_DAMAGED, "a second graph"),
        ROW("\x08\x07\x38\x00", FAULT_E_DAMAGED, "should be the graph"),
        ROW("\x08\x07\x3a\x02\x0a\x00\x42\x02\x10\x0d", FAULT_E_DAMAGED, "has no operator"),
        ROW("\x08\x07\x3a\x03\x2a\x05\x08\x42\x02\x10\x0d", FAULT_E_DAMAGED, "longer than"),
        /* 2^31 x 2^33 elements */
        ROW("\x08\x07\x3a\x0e\x2a\x0c\x08\x80\x80\x80\x80\x08\x08\x80\x80\x80\x80\x20",
            FAULT_E_DAMAGED, "no memory holds"),
        ROW("\x08\x07\x3a\x06\x2a\x04\x08\x02\x10\x01\x42\x02\x10\x0d", FAULT_E_DAMAGED,
            "has 0 bytes of data"),
        ROW("\x08\x07\x3a\x06\x2a\x04\x70\x01\x10\x01\x42\x02\x10\x0d", FAULT_E_DAMAGED,
            "does not say which file"),
        ROW("name: not a model\n", FAULT_E_DAMAGED, ""),
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(said_release)
        struct said said = read_bytes(rows[i].bytes, rows[i].size, "m.onnx", "onnx");

        if (i + 1 == ARRAY_LEN(rows))
            ck_assert_int_gt(said.result, 0);
        else
            ck_assert_fault(said, rows[i].result, rows[i].words);
    }
}
END_TEST

/* Ever deeper: a node with an attribute with a graph with a node ... */
START_TEST(bounds_graphs_inside_graphs)
{
    char bytes[512];
    size_t size = 0;
    size_t at = sizeof(bytes);

    /* from the inside out: 0x0a node { 0x22 op "I", 0x2a attribute { 0x32 graph { ... } } } */
    for (unsigned depth = 0; depth < 20; depth++) {
        size_t wraps[] = {0x32, 0x2a};

        for (size_t i = 0; i < 2 && size > 0; i++) {
            bytes[--at] = (char)(size & 0x7f);
            if (size > 0x7f) {
                bytes[at] = (char)(size >> 7);
                bytes[--at] = (char)(size | 0x80);
            }
            bytes[--at] = (char)wraps[i];
            size = sizeof(bytes) - at;
        }
        at -= 3;
        memcpy(bytes + at, "\x22\x01I", 3);
        size = sizeof(bytes) - at;
        bytes[--at] = (char)(size & 0x7f);
        if (size > 0x7f) {
            bytes[at] = (char)(size >> 7);
            bytes[--at] = (char)(size | 0x80);
        }
        bytes[--at] = 0x0a;
        size = sizeof(bytes) - at;
    }
    bytes[--at] = (char)(size >> 7);
    bytes[--at] = (char)(size | 0x80);
    at -= 3;
    memcpy(bytes + at, "\x08\x07\x3a", 3);

    CLEANUP(said_release)
    struct said said = read_bytes(bytes + at, sizeof(bytes) - at, "m.onnx", "onnx");
    ck_assert_fault(said, FAULT_E_LIMIT, "inside more than");
}
END_TEST

START_TEST(refuses_every_cut_of_a_file)
{
    refuses_every_cut("formats/quantised.onnx", "onnx", NULL);
    refuses_every_cut("digits-1.onnx", "onnx", NULL);
}
END_TEST

START_TEST(survives_every_wrong_bit)
{
    survives_every_bit("formats/quantised.onnx", "onnx");
    survives_every_bit("formats/branches.onnx", "onnx");
    survives_every_bit("formats/external.onnx", "onnx");
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/onnx", describes_a_trained_classifier, sees_quantised_weights,
                     counts_graphs_inside_nodes_and_takes_initializers_from_inputs,
                     names_the_files_that_weights_are_in, refuses_files_outside_its_folder,
                     refuses_data_of_another_length, refuses_what_is_no_model,
                     bounds_graphs_inside_graphs, refuses_every_cut_of_a_file,
                     survives_every_wrong_bit);
}
