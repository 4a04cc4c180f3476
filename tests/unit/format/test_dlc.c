/* SPDX-License-Identifier: Apache-2.0 */
#include "format/dlc.h"

#include "files.h"
#include "suite.h"

#define FILE_NAME "formats/tiny.dlc"

START_TEST(describes_what_a_converter_wrote)
{
    CLEANUP(said_release) struct said said = read_file(FILE_NAME, "dlc");

    ck_assert_json(&said,
                   "{\"format\":\"dlc\",\"format_version\":null,\"producer\":"
                   "\"snpe-onnx-to-dlc 2.22.6.240515\",\"inputs\":null,\"outputs\":null,"
                   "\"opsets\":[],\"parameters\":null,\"weights\":[],\"quantisation\":"
                   "\"quantised\",\"files\":[],\"properties\":{\"model-version\":\"1\","
                   "\"converter-command\":\"/opt/snpe/bin/snpe-onnx-to-dlc "
                   "input_network=model.onnx\",\"converter-version\":\"2.22.6.240515\","
                   "\"quantizer-command\":\"snpe-dlc-quantize weights_bitwidth=8;act_bitwidth=8\","
                   "\"model_bytes\":\"128\"},\"warnings\":[\"inputs, outputs and parameters are "
                   "not documented, and not read\"]}");
}
END_TEST

START_TEST(refuses_another_archive)
{
    CLEANUP(said_release) struct said said = read_file("formats/module.pt", "dlc");

    ck_assert_fault(said, FAULT_E_OTHER, "no dlc.metadata");
}
END_TEST

START_TEST(refuses_every_cut_of_a_file)
{
    refuses_every_cut(FILE_NAME, "dlc", NULL);
}
END_TEST

START_TEST(survives_every_wrong_bit)
{
    survives_every_bit(FILE_NAME, "dlc");
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/dlc", describes_what_a_converter_wrote, refuses_another_archive,
                     refuses_every_cut_of_a_file, survives_every_wrong_bit);
}
