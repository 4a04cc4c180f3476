/* SPDX-License-Identifier: Apache-2.0 */
#include "format/openvino.h"

#include "files.h"
#include "suite.h"

#define FILE_NAME "formats/tiny.xml"

START_TEST(describes_a_net)
{
    CLEANUP(said_release) struct said said = read_file(FILE_NAME, "openvino");

    ck_assert_json(
        &said,
        "{\"format\":\"openvino\",\"format_version\":\"11\",\"producer\":"
        "\"2024.1.0-15008-f4afc983258\",\"inputs\":[{\"name\":\"image_tensor\",\"alias\":\"image\","
        "\"type\":\"float32\",\"shape\":[null,4]}],\"outputs\":[{\"name\":\"scores,all\",\"alias\":"
        "\"scores/sink_port_0\",\"type\":\"float32\",\"shape\":[null,3]}],\"opsets\":[],"
        "\"parameters\":12,\"weights\":[{\"type\":\"float16\",\"tensors\":1,\"parameters\":12}],"
        "\"quantisation\":null,\"files\":[{\"name\":\"tiny.bin\",\"length\":24}],\"properties\":{"
        "\"net\":\"tiny\",\"Runtime_version\":\"2024.1.0-15008-f4afc983258\",\"layers\":\"4\"},"
        "\"warnings\":[]}");
}
END_TEST

/* Replaces a text by another of the same length. */
static void change(struct bytes *file, const char *from, const char *to)
{
    ck_assert_uint_eq(strlen(from), strlen(to));
    memcpy(file->bytes + place_of(file, from, strlen(from)), to, strlen(to));
}

START_TEST(refuses_nets_that_lie)
{
    static const struct {
        const char *from;
        const char *to;
        int result;
        const char *words;
    } rows[] = {
        {"version=\"11\"", "version=\"x1\"", FAULT_E_DAMAGED, "version of the format"            },
        {"version=\"11\"", "version=\"04\"", FAULT_E_DAMAGED, "version of the format"            },
        {"size=\"24\"",    "size=\"23\"",    FAULT_E_DAMAGED, "12 elements of float16 are not 23"},
        {"size=\"24\"",    "size=\"-4\"",    FAULT_E_DAMAGED, "place of its data"                },
        {"offset=\"0\"",   "offset=\"x\"",   FAULT_E_DAMAGED, "place of its data"                },
        {"shape=\"4, 3\"", "shape=\"4,?3\"", FAULT_E_DAMAGED, "shape"                            },
        {"shape=\"?,4\"",  "shape=\"?;4\"",  FAULT_E_DAMAGED, "is none"                          },
        {"id=\"1\"",       "xd=\"1\"",       FAULT_E_DAMAGED, "no id or type"                    },
        {"</net>",         "</nex>",         FAULT_E_DAMAGED, "mismatched tag"                   },
        {"<net ",          "<nat ",          FAULT_E_OTHER,   ""                                 },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(bytes_release) struct bytes file = bytes_of(FILE_NAME);

        change(&file, rows[i].from, rows[i].to);
        CLEANUP(said_release)
        struct said said = read_bytes(file.bytes, file.size, "m.xml", "openvino");
        ck_assert_fault(said, rows[i].result, rows[i].words);
    }
}
END_TEST

START_TEST(reads_older_nets_as_far_as_they_say)
{
    static const char net[] =
        "<?xml version=\"1.0\" ?><net batch=\"1\" name=\"old\" version=\"7\"><layers>"
        "<layer id=\"0\" name=\"data\" precision=\"FP32\" type=\"Input\"><output><port id=\"0\">"
        "<dim>1</dim><dim>3</dim></port></output></layer><layer id=\"1\" name=\"fc\" "
        "precision=\"FP32\" type=\"FullyConnected\"><blobs><weights offset=\"0\" size=\"36\"/>"
        "<biases offset=\"36\" size=\"12\"/></blobs></layer></layers></net>";
    CLEANUP(said_release)
    struct said said = read_bytes(net, sizeof(net) - 1, "old.xml", "openvino");

    ck_assert_int_eq(said.result, 0);
    ck_assert_str_eq(said.info.inputs.items[0].type, "float32");
    ck_assert_uint_eq(said.info.inputs.items[0].rank, 2);
    ck_assert(!said.info.has_parameters);
    ck_assert_str_eq(said.info.files[0].name, "old.bin");
    ck_assert_int_eq(said.info.files[0].length, 48);
    ck_assert_uint_eq(said.info.warning_count, 1);
}
END_TEST

START_TEST(takes_no_document_type)
{
    static const char net[] = "<?xml version=\"1.0\"?><!DOCTYPE net [<!ENTITY a \"b\">]>"
                              "<net name=\"&a;\" version=\"11\"><layers/></net>";
    CLEANUP(said_release)
    struct said said = read_bytes(net, sizeof(net) - 1, "m.xml", "openvino");

    ck_assert_fault(said, FAULT_E_DAMAGED, "document type");
}
END_TEST

/* The new line at the end is nobody's. */
static bool ends_with_net(const struct bytes *file, size_t size)
{
    return size == file->size - 1;
}

START_TEST(refuses_every_cut_of_a_file)
{
    refuses_every_cut(FILE_NAME, "openvino", ends_with_net);
}
END_TEST

START_TEST(survives_every_wrong_bit)
{
    survives_every_bit(FILE_NAME, "openvino");
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/openvino", describes_a_net, refuses_nets_that_lie,
                     reads_older_nets_as_far_as_they_say, takes_no_document_type,
                     refuses_every_cut_of_a_file, survives_every_wrong_bit);
}
