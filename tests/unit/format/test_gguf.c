/* SPDX-License-Identifier: Apache-2.0 */
#include "format/gguf.h"

#include "files.h"
#include "format/gguf_type.h"
#include "suite.h"

START_TEST(describes_every_version_and_byte_order)
{
    static const struct {
        const char *name;
        const char *version;
        bool big_endian;
    } rows[] = {
        {"formats/tiny.gguf",            "3", false},
        {"formats/tiny-1.gguf",          "1", false},
        {"formats/tiny-big-endian.gguf", "3", true },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(said_release) struct said said = read_file(rows[i].name, "gguf");
        const json_t *properties = json_object_get(said.json, "properties");

        ck_assert_str_eq(said.info.format_version, rows[i].version);
        ck_assert_int_eq(said.info.parameters, 448);
        ck_assert_str_eq(said.info.quantisation, "Q8_0");
        ck_assert(!said.info.has_signature);
        ck_assert_str_eq(json_string_value(json_object_get(properties, "general.architecture")),
                         "llama");
        ck_assert_str_eq(json_string_value(json_object_get(properties, "llama.context_length")),
                         "128");
        ck_assert(rows[i].big_endian == (json_object_get(properties, "byte_order") != NULL));
    }
}
END_TEST

/* An offset into the file, a value that lies, and what is said of it. */
START_TEST(refuses_headers_that_lie)
{
    static const struct {
        const char *near; /* text before the place */
        size_t behind;
        uint64_t value;
        size_t size;
        int result;
        const char *words;
    } rows[] = {
        {"GGUF",                  0,  4,                  4, FAULT_E_DAMAGED,   "of version 4"          },
        {"GGUF",                  0,  0,                  4, FAULT_E_DAMAGED,   "of version 0"          },
        {"GGUF",                  4,  UINT64_MAX,         8, FAULT_E_DAMAGED,   ""                      }, /* tensors */
        {"GGUF",                  12, UINT64_C(1) << 32,  8, FAULT_E_DAMAGED,   ""                      }, /* keys */
        {"GGUF",                  20, UINT64_MAX,         8, FAULT_E_TRUNCATED, "a key"                 }, /* length of a key */
        {"general.architecture",  0,  13,                 4, FAULT_E_DAMAGED,   "of type 13"            },
        {"general.architecture",  4,  UINT64_C(1) << 40,  8, FAULT_E_TRUNCATED, ""                      },
        {"general.alignment",     4,  0,                  4, FAULT_E_DAMAGED,   "general.alignment"     },
        {"general.alignment",     4,  3,                  4, FAULT_E_DAMAGED,   "general.alignment"     },
        {"general.alignment",     4,  0x40000000,         4, FAULT_E_DAMAGED,   "general.alignment"     },
        {"tokenizer.ggml.tokens", 8,  UINT64_MAX,         8, FAULT_E_TRUNCATED, ""                      },
        {"tokenizer.ggml.scores", 8,  UINT64_MAX / 4 + 2, 8, FAULT_E_TRUNCATED, "an array"              },
        {"token_embd.weight",     0,  5,                  4, FAULT_E_DAMAGED,   "5 dimensions"          },
        {"token_embd.weight",     4,  63,                 8, FAULT_E_DAMAGED,   "comes in blocks of 32" },
        {"token_embd.weight",     4,  UINT64_C(1) << 62,  8, FAULT_E_DAMAGED,   "more than there can be"},
        {"token_embd.weight",     4,  UINT64_C(1) << 63,  8, FAULT_E_DAMAGED,   "no memory holds"       },
        {"token_embd.weight",     4,  UINT64_C(1) << 50,  8, FAULT_E_TRUNCATED, "'token_embd.weight'"   },
        {"token_embd.weight",     24, 100,                8, FAULT_E_DAMAGED,   "no multiple of 64"     },
        {"token_embd.weight",     24, 256,                8, FAULT_E_DAMAGED,   "share the bytes"       },
        {"token_embd.weight",     24, 512 + 64,           8, FAULT_E_TRUNCATED, "'token_embd.weight'"   },
        {"token_embd.weight",     24, UINT64_MAX - 63,    8, FAULT_E_DAMAGED,   "beyond any file"       },
        {"output_norm.weigh",     1,  0,                  0, 0,                 ""                      },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(bytes_release) struct bytes file = bytes_of("formats/tiny.gguf");
        size_t at = place_of(&file, rows[i].near, strlen(rows[i].near)) + strlen(rows[i].near);

        put(&file, at + rows[i].behind, rows[i].value, rows[i].size);
        CLEANUP(said_release)
        struct said said = read_bytes(file.bytes, file.size, "m.gguf", "gguf");
        if (rows[i].words[0])
            ck_assert_fault(said, rows[i].result, rows[i].words);
        else
            ck_assert_msg((rows[i].result == 0) == (said.result == 0), "row %zu: %s", i,
                          said.fault.text);
    }
}
END_TEST

START_TEST(refuses_names_that_are_there_twice)
{
    CLEANUP(bytes_release) struct bytes file = bytes_of("formats/tiny.gguf");

    memcpy(file.bytes + place_of(&file, "tokenizer.ggml.scores", 21), "tokenizer.ggml.tokens", 21);
    CLEANUP(said_release) struct said said = read_bytes(file.bytes, file.size, "m.gguf", "gguf");
    ck_assert_fault(said, FAULT_E_DAMAGED, "'tokenizer.ggml.tokens' is there twice");
}
END_TEST

START_TEST(warns_of_types_it_does_not_know)
{
    CLEANUP(bytes_release) struct bytes file = bytes_of("formats/tiny.gguf");

    put(&file, place_of(&file, "token_embd.weight", 17) + 17 + 20, 77, 4);
    CLEANUP(said_release) struct said said = read_bytes(file.bytes, file.size, "m.gguf", "gguf");
    ck_assert_int_eq(said.result, 0);
    ck_assert_uint_eq(said.info.warning_count, 1);
    ck_assert_int_eq(said.info.parameters, 448);
}
END_TEST

START_TEST(knows_how_long_blocks_are)
{
    ck_assert_uint_eq(gguf_type_find(12)->block_bytes, 144);
    ck_assert_uint_eq(gguf_type_find(12)->block_elements, 256);
    ck_assert_ptr_null(gguf_type_find(4));
    ck_assert_ptr_null(gguf_type_find(UINT32_MAX));
    ck_assert_str_eq(gguf_type_of_file(15), "Q4_K_M");
    ck_assert_ptr_null(gguf_type_of_file(1024));
}
END_TEST

START_TEST(refuses_every_cut_of_a_file)
{
    refuses_every_cut("formats/tiny.gguf", "gguf", NULL);
    refuses_every_cut("formats/tiny-1.gguf", "gguf", NULL);
    refuses_every_cut("formats/tiny-big-endian.gguf", "gguf", NULL);
}
END_TEST

START_TEST(survives_every_wrong_bit)
{
    survives_every_bit("formats/tiny.gguf", "gguf");
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/gguf", describes_every_version_and_byte_order,
                     refuses_headers_that_lie, refuses_names_that_are_there_twice,
                     warns_of_types_it_does_not_know, knows_how_long_blocks_are,
                     refuses_every_cut_of_a_file, survives_every_wrong_bit);
}
