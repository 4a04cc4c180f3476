/* SPDX-License-Identifier: Apache-2.0 */
#include "format/safetensors.h"

#include "files.h"
#include "suite.h"

/* A file of this header and so many bytes of data. */
static struct said read_header(const char *header, size_t data)
{
    size_t length = strlen(header);
    size_t size = 8 + length + data;
    AUTO_FREE char *bytes = calloc(1, size);

    for (size_t i = 0; i < 8; i++)
        bytes[i] = (char)((uint64_t)length >> 8 * i);
    memcpy(bytes + 8, header, length);
    return read_bytes(bytes, size, "m.safetensors", "safetensors");
}

START_TEST(describes_tensors_and_metadata)
{
    CLEANUP(said_release) struct said said = read_file("formats/small.safetensors", "safetensors");

    ck_assert_json(&said,
                   "{\"format\":\"safetensors\",\"format_version\":null,\"producer\":null,"
                   "\"inputs\":null,\"outputs\":null,\"opsets\":[],\"parameters\":10,\"weights\":["
                   "{\"type\":\"float16\",\"tensors\":1,\"parameters\":6},{\"type\":\"float32\","
                   "\"tensors\":1,\"parameters\":3},{\"type\":\"int64\",\"tensors\":1,"
                   "\"parameters\":0},{\"type\":\"bool\",\"tensors\":1,\"parameters\":1}],"
                   "\"quantisation\":null,\"files\":[],\"properties\":{\"metadata.format\":\"pt\","
                   "\"metadata.note\":\"caf\\u00e9 \\ud83d\\ude00\"},\"warnings\":[]}");
}
END_TEST

START_TEST(takes_tensors_in_any_order_and_spaces_behind_the_header)
{
    CLEANUP(said_release)
    struct said said = read_header("{\"b\":{\"shape\":[2],\"data_offsets\":[4,6],\"dtype\":\"U8\"},"
                                   "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}"
                                   "   ",
                                   6);

    ck_assert_int_eq(said.result, 0);
    ck_assert_int_eq(said.info.parameters, 3);
    ck_assert_str_eq(said.info.quantisation, "uint8");
}
END_TEST

#define U8(name, size, from, to)                                                                   \
    "\"" name "\":{\"dtype\":\"U8\",\"shape\":[" size "],\"data_offsets\":[" from "," to "]}"

START_TEST(refuses_headers_that_lie)
{
    static const struct {
        const char *header;
        size_t data;
        int result;
        const char *words;
    } rows[] = {
        {"{" U8("a",               "4",           "0",                                     "4") "," U8("b",                                             "4", "5", "9") "}", 9, FAULT_E_DAMAGED,
         "belong to no tensor"},
        {"{" U8("a",                     "4",                          "0",                                                                "4") "," U8("b",                                                                                                            "4", "3", "7") "}", 7, FAULT_E_DAMAGED,
         "share the bytes"},
        {"{" U8("a",                        "4",                            "0",                                            "4") "}",                                                                           5, FAULT_E_DAMAGED, "belong to no tensor"},
        {"{" U8("a",                     "4",                               "1",                                                              "5") "}",             5, FAULT_E_DAMAGED, "belong to no tensor"},
        {"{" U8("a",        "4",                     "0",                                                   "4") "}",                                                                                    3, FAULT_E_TRUNCATED, "tensor 'a' end at 4"},
        {"{" U8("a",                "5",                            "0",         "4") "}",4, FAULT_E_DAMAGED, "not as long as"},
        {"{" U8("a",               "4",     "4",           "0") "}", 4, FAULT_E_DAMAGED, "ends before it begins"},
        {"{" U8("a",         "4", "0",                                        "4") "," U8("a",                                                                                          "4", "4", "8") "}", 8, FAULT_E_DAMAGED,
         "is there twice"},
        {"{" U8("a",                     "4294967296,4294967296,16",      "0","0") "}",0, FAULT_E_DAMAGED,
         "a shape of numbers"},
        {"{" U8("a",                        "9223372036854775807",                            "0",                                                 "4") "}",                                                                              4, FAULT_E_DAMAGED, "not as long as"},
        {"{" U8("a",                       "4",                     "0",                                            "18446744073709551615") "}",                                                                                                                                   4, FAULT_E_DAMAGED, "two offsets"},
        {"{" U8("a",       "4.0",             "0",                                  "4") "}",                                                                                            4, FAULT_E_DAMAGED, "a shape of numbers"},
        {"{" U8("a", "-4",              "0",                                            "4") "}",                                                                                            4, FAULT_E_DAMAGED, "a shape of numbers"},
        {"{\"a\":{\"dtype\":\"Q4\",\"shape\":[4],\"data_offsets\":[0,4]}}",         4,                   FAULT_E_DAMAGED,
         "known type"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0]}}",         4,                        FAULT_E_DAMAGED,
         "two offsets"                                                                                                                },
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4]}}",                     4,                     FAULT_E_DAMAGED,                                                                  "lacks"                                                                                                                                                             },
        {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}",                        4,
         FAULT_E_DAMAGED,                       "one each of"                                                   },
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4],\"x\":1}}",                       4,
         FAULT_E_DAMAGED,                                            "one each of"                         },
        {"{\"__metadata__\":{\"a\":1}}",0,FAULT_E_DAMAGED,"a text"},
        {"{\"__metadata__\":{},\"__metadata__\":{}}",           0,                        FAULT_E_DAMAGED,                                                      "second"                                                                                                     },
        {"{\"a\":[]}",                0,                            FAULT_E_DAMAGED,                   "what a tensor is"},
        {"{}x",               0,                        FAULT_E_DAMAGED,                                               ""                                                      },
        {"[]",         0,  FAULT_E_OTHER,                                         "no header of JSON"                                   },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(said_release) struct said said = read_header(rows[i].header, rows[i].data);

        ck_assert_fault(said, rows[i].result, rows[i].words);
    }
}
END_TEST

START_TEST(refuses_lengths_that_no_header_has)
{
    static const struct {
        uint64_t length;
        int result;
    } rows[] = {
        {UINT64_MAX,        FAULT_E_DAMAGED  },
        {UINT64_C(1) << 32, FAULT_E_DAMAGED  },
        {100000001,         FAULT_E_DAMAGED  },
        {100000000,         FAULT_E_TRUNCATED},
        {400,               FAULT_E_TRUNCATED},
        {0,                 FAULT_E_DAMAGED  },
        {20,                FAULT_E_DAMAGED  },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(bytes_release) struct bytes file = bytes_of("formats/small.safetensors");

        put(&file, 0, rows[i].length, 8);
        CLEANUP(said_release)
        struct said said = read_bytes(file.bytes, file.size, "m", "safetensors");
        ck_assert_int_eq(said.result, rows[i].result);
    }
}
END_TEST

START_TEST(refuses_every_cut_of_a_file)
{
    refuses_every_cut("formats/small.safetensors", "safetensors", NULL);
}
END_TEST

START_TEST(survives_every_wrong_bit)
{
    survives_every_bit("formats/small.safetensors", "safetensors");
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/safetensors", describes_tensors_and_metadata,
                     takes_tensors_in_any_order_and_spaces_behind_the_header,
                     refuses_headers_that_lie, refuses_lengths_that_no_header_has,
                     refuses_every_cut_of_a_file, survives_every_wrong_bit);
}
