/* SPDX-License-Identifier: Apache-2.0 */
#include "format/format.h"

#include "files.h"
#include "suite.h"

static const struct {
    const char *file;
    const char *format;
} samples[] = {
    {"digits-1.onnx",             "onnx"       },
    {"digits-2.onnx",             "onnx"       },
    {"formats/branches.onnx",     "onnx"       },
    {"formats/layer.tflite",      "tflite"     },
    {"formats/tiny.gguf",         "gguf"       },
    {"formats/small.safetensors", "safetensors"},
    {"formats/tiny.dlc",          "dlc"        },
    {"formats/module.pt",         "torchscript"},
    {"formats/tiny.xml",          "openvino"   },
    {"formats/init_net.pb",       "caffe2"     },
    {"formats/predict_net.pb",    "caffe2"     },
};

START_TEST(finds_out_what_a_file_is)
{
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        CLEANUP(said_release) struct said said = read_file(samples[i].file, NULL);

        ck_assert_msg(said.result == 0, "%s: %s", samples[i].file, said.fault.text);
        ck_assert_str_eq(said.info.format, samples[i].format);
    }
}
END_TEST

/* Each file as each format that it is not of. */
START_TEST(takes_no_file_for_another_format)
{
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        for (size_t j = 0; format_at(j); j++) {
            const char *format = format_at(j)->name;

            if (strcmp(format, samples[i].format) == 0)
                continue;
            CLEANUP(said_release) struct said said = read_file(samples[i].file, format);
            ck_assert_msg(said.result > 0, "%s is taken for %s", samples[i].file, format);
        }
    }
}
END_TEST

START_TEST(never_guesses)
{
    static const char *const texts[] = {"a few words\n", "{\"json\":true}", "\x89PNG\r\n", "MZ",
                                        "\x7f\x45LF",    "\x08\x01",        "\n\n\n"};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        CLEANUP(said_release) struct said said = read_bytes(texts[i], strlen(texts[i]), "x", NULL);

        ck_assert_fault(said, FAULT_E_OTHER, "no format that is known");
    }
}
END_TEST

START_TEST(says_what_is_wrong_with_what_it_recognises)
{
    CLEANUP(bytes_release) struct bytes file = bytes_of("formats/tiny.gguf");
    CLEANUP(said_release) struct said said = read_bytes(file.bytes, 900, "x", NULL);

    ck_assert_fault(said, FAULT_E_TRUNCATED, "ends at byte 900");
}
END_TEST

START_TEST(knows_names_runtimes_and_extensions)
{
    CLEANUP(arena_release) struct arena arena = {0};

    ck_assert_str_eq(format_of_runtime("llama.cpp")->name, "gguf");
    ck_assert_str_eq(format_of_runtime("snpe")->name, "dlc");
    ck_assert_ptr_null(format_of_runtime("other"));
    ck_assert_ptr_null(format_of_runtime("tensorrt"));
    ck_assert_str_eq(format_of_name("a.b.ONNX")->name, "onnx");
    ck_assert_ptr_null(format_of_name(".onnx"));
    ck_assert_ptr_null(format_of_name("labels.txt"));
    ck_assert_ptr_null(format_find("pickle"));
    ck_assert_str_eq(format_list(&arena),
                     "tflite, gguf, dlc, torchscript, safetensors, openvino, onnx, caffe2");
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/format", finds_out_what_a_file_is, takes_no_file_for_another_format,
                     never_guesses, says_what_is_wrong_with_what_it_recognises,
                     knows_names_runtimes_and_extensions);
}
