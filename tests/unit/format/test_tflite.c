/* SPDX-License-Identifier: Apache-2.0 */
#include "format/tflite.h"

#include "files.h"
#include "suite.h"

#define FILE_NAME "formats/layer.tflite"

START_TEST(describes_a_quantised_layer)
{
    CLEANUP(said_release) struct said said = read_file(FILE_NAME, "tflite");

    ck_assert_json(
        &said,
        "{\"format\":\"tflite\",\"format_version\":\"3\",\"producer\":\"MLIR Converted.\","
        "\"inputs\":[{\"name\":\"serving_default_x:0\",\"alias\":\"x\",\"type\":\"int8\","
        "\"shape\":[null,4],\"quantisation\":{\"scale\":0.5,\"zero_point\":-3}}],\"outputs\":[{"
        "\"name\":\"StatefulPartitionedCall:0\",\"alias\":\"scores\",\"type\":\"int8\",\"shape\":"
        "[null,3],\"quantisation\":{\"scale\":0.125,\"zero_point\":4}}],\"opsets\":[],"
        "\"parameters\":12,\"weights\":[{\"type\":\"int8\",\"tensors\":1,\"parameters\":12}],"
        "\"quantisation\":\"int8\",\"files\":[],\"properties\":{\"signature\":\"serving_default\","
        "\"min_runtime_version\":\"1.14.0\",\"operators\":\"1\"},\"warnings\":[]}");
}
END_TEST

START_TEST(takes_only_its_identifier_and_version)
{
    CLEANUP(bytes_release) struct bytes file = bytes_of(FILE_NAME);

    file.bytes[7] = '2';
    CLEANUP(said_release) struct said other = read_bytes(file.bytes, file.size, "m", "tflite");
    ck_assert_fault(other, FAULT_E_OTHER, "TFL3");
}
END_TEST

/* Counts of elements, of 12 weights in a vector and of lists: as large as they can be said. */
START_TEST(refuses_counts_that_no_file_holds)
{
    CLEANUP(bytes_release) struct bytes whole = bytes_of(FILE_NAME);
    unsigned lied = 0;

    for (size_t at = 8; at + 4 <= whole.size; at += 4) {
        CLEANUP(bytes_release) struct bytes file = bytes_of(FILE_NAME);

        put(&file, at, UINT32_MAX - 3, 4);
        CLEANUP(said_release) struct said said = read_bytes(file.bytes, file.size, "m", "tflite");
        lied += said.result != 0;
    }
    ck_assert_uint_gt(lied, 100);
}
END_TEST

START_TEST(refuses_weights_of_another_length)
{
    static const char weights[] = {12, 0, 0, 0, 0, 7, 14, 21, 28, 35, 42, 49};
    CLEANUP(bytes_release) struct bytes file = bytes_of(FILE_NAME);

    put(&file, place_of(&file, weights, sizeof(weights)), 11, 4);
    CLEANUP(said_release) struct said said = read_bytes(file.bytes, file.size, "m", "tflite");
    ck_assert_fault(said, FAULT_E_DAMAGED, "12 elements of int8, but 11 bytes");
}
END_TEST

START_TEST(refuses_indexes_of_what_is_not_there)
{
    static const char inputs[] = {3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, -1, -1, -1, -1};
    CLEANUP(bytes_release) struct bytes file = bytes_of(FILE_NAME);

    put(&file, place_of(&file, inputs, sizeof(inputs)) + 8, 3, 4);
    CLEANUP(said_release) struct said said = read_bytes(file.bytes, file.size, "m", "tflite");
    ck_assert_fault(said, FAULT_E_DAMAGED, "names tensor 3, but there are 3");
}
END_TEST

/* What comes last in the file are the weights: nothing may be missing. */
START_TEST(refuses_every_cut_of_a_file)
{
    refuses_every_cut(FILE_NAME, "tflite", NULL);
}
END_TEST

START_TEST(survives_every_wrong_bit)
{
    survives_every_bit(FILE_NAME, "tflite");
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/tflite", describes_a_quantised_layer,
                     takes_only_its_identifier_and_version, refuses_counts_that_no_file_holds,
                     refuses_weights_of_another_length, refuses_indexes_of_what_is_not_there,
                     refuses_every_cut_of_a_file, survives_every_wrong_bit);
}
