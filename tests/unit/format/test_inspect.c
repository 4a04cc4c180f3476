/* SPDX-License-Identifier: Apache-2.0 */
#include "format/inspect.h"

#include "files.h"
#include "suite.h"

#define FILES_MAX 4

/* A variant of files of tests/data, some of which may be something else. */
struct stage {
    struct arena arena;
    struct bytes bytes[FILES_MAX];
    struct format_file files[FILES_MAX];
    struct inspect_result results[FILES_MAX];
    struct inspect_failure failure;
    size_t count;
};

static void stage_release(struct stage *stage)
{
    for (size_t i = 0; i < FILES_MAX; i++)
        bytes_release(&stage->bytes[i]);
    arena_release(&stage->arena);
}

static void add(struct stage *stage, const char *name, const char *path)
{
    struct bytes *bytes = &stage->bytes[stage->count];

    *bytes = bytes_of(path);
    stage->files[stage->count++] =
        (struct format_file){name, source_memory(bytes->bytes, bytes->size)};
}

static void add_text(struct stage *stage, const char *name, const char *text)
{
    stage->files[stage->count++] = (struct format_file){name, source_memory(text, strlen(text))};
}

/* `signature` as JSON, or NULL. */
static int inspect(struct stage *stage, const char *variant, const char *signature)
{
    struct signature decoded;
    struct variant id;
    struct inspect_variant asked = {
        .id = &id, .set = {stage->files, stage->count, NULL}
    };
    struct fields_error error = {0};
    size_t left = INSPECT_JSON_MAX;
    json_auto_t *value = signature ? json_loads(signature, 0, NULL) : NULL;

    ck_assert(variant_parse(variant, &stage->arena, &id));
    if (signature) {
        ck_assert_msg(signature_decode(value, "", &stage->arena, &decoded, &error) == 0, "%s",
                      error.text);
        asked.signature = &decoded;
    }
    return inspect_variant(&asked, &stage->arena, &left, stage->results, &stage->failure);
}

START_TEST(describes_every_file_it_knows)
{
    CLEANUP(stage_release) struct stage stage = {0};

    add(&stage, "model.onnx", "digits-1.onnx");
    add_text(&stage, "labels.txt", "zero\none\n");
    ck_assert_int_eq(inspect(&stage, "onnx/cpu/fp32", NULL), 0);
    ck_assert_ptr_nonnull(strstr(stage.results[0].json, "\"format\":\"onnx\""));
    ck_assert_ptr_null(stage.results[1].json);
}
END_TEST

START_TEST(a_file_needs_no_ending)
{
    CLEANUP(stage_release) struct stage stage = {0};

    add_text(&stage, "README", "about this");
    add(&stage, "model", "formats/layer.tflite");
    ck_assert_int_eq(inspect(&stage, "litert/cpu/int8", NULL), 0);
    ck_assert_ptr_nonnull(stage.results[1].json);
}
END_TEST

START_TEST(refuses_a_file_of_another_format)
{
    CLEANUP(stage_release) struct stage stage = {0};

    add(&stage, "model.onnx", "formats/layer.tflite");
    ck_assert_int_eq(inspect(&stage, "onnx/cpu/fp32", NULL), INSPECT_E_FORMAT);
    ck_assert_str_eq(stage.failure.file, "model.onnx");
    ck_assert_str_eq(stage.failure.text,
                     "variant 'onnx/cpu/fp32': 'model.onnx' should be an ONNX model, but is a "
                     "TensorFlow Lite model: say the runtime that it is for");
}
END_TEST

START_TEST(refuses_when_no_file_is_of_the_format)
{
    CLEANUP(stage_release) struct stage stage = {0};

    add_text(&stage, "labels.txt", "zero\n");
    add(&stage, "model.tflite", "formats/layer.tflite");
    ck_assert_int_eq(inspect(&stage, "onnx/cpu/fp32", NULL), INSPECT_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(stage.failure.text, "none of its files is an ONNX model"));
}
END_TEST

START_TEST(refuses_a_file_that_is_not_whole)
{
    CLEANUP(stage_release) struct stage stage = {0};

    add(&stage, "tiny.gguf", "formats/tiny.gguf");
    add_text(&stage, "notes.txt", "n");
    stage.files[0].source.size -= 1;
    ck_assert_int_eq(inspect(&stage, "gguf/cpu/q8_0", NULL), INSPECT_E_ARTIFACT);
    ck_assert_str_eq(stage.failure.reason, "truncated");
    ck_assert_ptr_nonnull(strstr(stage.failure.text, "ends at byte 1291"));
}
END_TEST

START_TEST(refuses_what_lacks_its_weights)
{
    CLEANUP(stage_release) struct stage without = {0};
    CLEANUP(stage_release) struct stage shorter = {0};
    CLEANUP(stage_release) struct stage whole = {0};

    add(&without, "m.onnx", "formats/external.onnx");
    ck_assert_int_eq(inspect(&without, "onnx/cpu/fp32", NULL), INSPECT_E_INCOMPLETE);
    ck_assert_ptr_nonnull(strstr(without.failure.text, "needs 'weights.bin' beside it"));

    add(&shorter, "m.onnx", "formats/external.onnx");
    add(&shorter, "weights.bin", "formats/weights.bin");
    shorter.files[1].source.size--;
    ck_assert_int_eq(inspect(&shorter, "onnx/cpu/fp32", NULL), INSPECT_E_INCOMPLETE);
    ck_assert_ptr_nonnull(strstr(shorter.failure.text, "needs 80 bytes of 'weights.bin'"));

    add(&whole, "m.onnx", "formats/external.onnx");
    add(&whole, "weights.bin", "formats/weights.bin");
    ck_assert_int_eq(inspect(&whole, "onnx/cpu/fp32", NULL), 0);
}
END_TEST

START_TEST(openvino_and_caffe2_come_in_pairs)
{
    CLEANUP(stage_release) struct stage net = {0};
    CLEANUP(stage_release) struct stage half = {0};
    CLEANUP(stage_release) struct stage pair = {0};

    add(&net, "tiny.xml", "formats/tiny.xml");
    ck_assert_int_eq(inspect(&net, "openvino/cpu/fp16", NULL), INSPECT_E_INCOMPLETE);
    add(&net, "tiny.bin", "formats/tiny.bin");
    ck_assert_int_eq(inspect(&net, "openvino/cpu/fp16", NULL), 0);

    add(&half, "predict_net.pb", "formats/predict_net.pb");
    ck_assert_int_eq(inspect(&half, "caffe2/cpu/fp32", NULL), INSPECT_E_INCOMPLETE);
    ck_assert_ptr_nonnull(strstr(half.failure.text, "the init net is missing"));

    add(&pair, "predict_net.pb", "formats/predict_net.pb");
    add(&pair, "init_net.pb", "formats/init_net.pb");
    ck_assert_int_eq(inspect(&pair, "caffe2/cpu/fp32", NULL), 0);
}
END_TEST

START_TEST(other_runtimes_promise_nothing)
{
    CLEANUP(stage_release) struct stage stage = {0};

    add_text(&stage, "model.onnx", "no model at all");
    add_text(&stage, "engine.plan", "ftrt");
    add(&stage, "extra", "formats/tiny.gguf");
    ck_assert_int_eq(inspect(&stage, "other/cpu/fp32", NULL), 0);
    ck_assert_ptr_null(stage.results[0].json);
    ck_assert_ptr_null(stage.results[1].json);
    ck_assert_ptr_nonnull(strstr(stage.results[2].json, "gguf"));
}
END_TEST

#define TENSOR(name, type, shape) "{\"name\":\"" name "\",\"type\":\"" type "\"" shape "}"
#define SIGNATURE(inputs, outputs) "{\"inputs\":[" inputs "],\"outputs\":[" outputs "]}"

/* words: what the refusal says; NULL: they agree. */
static void check_against_digits(const char *signature, const char *words)
{
    CLEANUP(stage_release) struct stage stage = {0};
    int r;

    add(&stage, "model.onnx", "digits-1.onnx");
    r = inspect(&stage, "onnx/cpu/fp32", signature);
    ck_assert_msg(r == (words ? INSPECT_E_SIGNATURE : 0), "%s: %d %s", signature, r,
                  stage.failure.text);
    if (words)
        ck_assert_msg(strstr(stage.failure.text, words), "%s", stage.failure.text);
}

START_TEST(takes_signatures_that_the_file_keeps)
{
    check_against_digits(SIGNATURE(TENSOR("image", "float32", ",\"shape\":[\"N\",64]"),
                                   TENSOR("label", "int64", ",\"shape\":[\"N\"]")),
                         NULL);
    check_against_digits(SIGNATURE(TENSOR("image", "float32", ""), ""), NULL);
    check_against_digits(SIGNATURE(TENSOR("image", "float32", ",\"shape\":[1,64]"), ""), NULL);
}
END_TEST

START_TEST(refuses_signatures_that_the_file_contradicts)
{
    check_against_digits(SIGNATURE(TENSOR("image", "int8", ""), ""),
                         "'image' is declared as int8, but is float32");
    check_against_digits(SIGNATURE(TENSOR("image", "float32", ",\"shape\":[\"N\",65]"), ""),
                         "'image:float32[N,65]', but its shape is [N,64]");
    check_against_digits(SIGNATURE(TENSOR("image", "float32", ",\"shape\":[\"N\",null]"), ""),
                         "its shape is [N,64]");
    check_against_digits(SIGNATURE(TENSOR("image", "float32", ",\"shape\":[64]"), ""),
                         "its shape is [N,64]");
    check_against_digits(SIGNATURE(TENSOR("picture", "float32", ""), ""),
                         "no input 'picture' (it has 'image')");
    check_against_digits(SIGNATURE("", ""), "also takes 'image'");
    check_against_digits(SIGNATURE(TENSOR("image", "float32", ""), TENSOR("class", "int64", "")),
                         "no output 'class' (it has 'probabilities', 'label')");
}
END_TEST

START_TEST(either_name_of_a_tensor_counts)
{
    static const char *const signatures[] = {
        SIGNATURE(TENSOR("x", "int8", ",\"shape\":[\"N\",4]"), TENSOR("scores", "int8", "")),
        SIGNATURE(TENSOR("serving_default_x:0", "int8", ""), ""),
    };

    for (size_t i = 0; i < ARRAY_LEN(signatures); i++) {
        CLEANUP(stage_release) struct stage stage = {0};

        add(&stage, "model.tflite", "formats/layer.tflite");
        ck_assert_msg(inspect(&stage, "tflite/cpu/int8", signatures[i]) == 0, "%s",
                      stage.failure.text);
    }
}
END_TEST

/* Of an encoder and a decoder one is what the signature is about. */
START_TEST(one_of_several_models_must_agree)
{
    static const char signature[] = SIGNATURE(TENSOR("flag", "bool", ",\"shape\":[]"), "");
    CLEANUP(stage_release) struct stage stage = {0};
    CLEANUP(stage_release) struct stage none = {0};

    add(&stage, "first.onnx", "digits-1.onnx");
    add(&stage, "second.onnx", "formats/branches.onnx");
    ck_assert_int_eq(inspect(&stage, "onnx/cpu/fp32", signature), 0);
    add(&none, "first.onnx", "digits-1.onnx");
    add(&none, "second.onnx", "digits-2.onnx");
    ck_assert_int_eq(inspect(&none, "onnx/cpu/fp32", signature), INSPECT_E_SIGNATURE);
    ck_assert_str_eq(none.failure.file, "first.onnx");
}
END_TEST

/* GGUF says nothing of inputs: there is nothing to contradict. */
START_TEST(takes_a_signature_that_no_file_can_contradict)
{
    static const char signature[] = SIGNATURE(TENSOR("tokens", "int32", ""), "");
    CLEANUP(stage_release) struct stage stage = {0};

    add(&stage, "tiny.gguf", "formats/tiny.gguf");
    ck_assert_int_eq(inspect(&stage, "gguf/cpu/q8_0", signature), 0);
}
END_TEST

START_TEST(warns_of_another_precision)
{
    CLEANUP(stage_release) struct stage stage = {0};

    add(&stage, "model.onnx", "digits-1.onnx");
    ck_assert_int_eq(inspect(&stage, "onnx/gpu/fp16", NULL), 0);
    ck_assert_ptr_nonnull(strstr(stage.results[0].json, "the variant says fp16"));
    ck_assert_int_eq(inspect(&stage, "onnx/gpu/fp32", NULL), 0);
    ck_assert_ptr_null(strstr(stage.results[0].json, "the variant says"));
}
END_TEST

START_TEST(bounds_what_is_said_about_a_version)
{
    CLEANUP(stage_release) struct stage stage = {0};
    struct variant id = {"onnx", "cpu", "fp32"};
    struct inspect_variant asked = {.id = &id};
    size_t left = 100;

    add(&stage, "model.onnx", "digits-1.onnx");
    asked.set = (struct format_set){stage.files, 1, NULL};
    ck_assert_int_eq(inspect_variant(&asked, &stage.arena, &left, stage.results, &stage.failure),
                     INSPECT_E_ARTIFACT);
    ck_assert_str_eq(stage.failure.reason, "beyond-limits");
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/inspect", describes_every_file_it_knows, a_file_needs_no_ending,
                     refuses_a_file_of_another_format, refuses_when_no_file_is_of_the_format,
                     refuses_a_file_that_is_not_whole, refuses_what_lacks_its_weights,
                     openvino_and_caffe2_come_in_pairs, other_runtimes_promise_nothing,
                     takes_signatures_that_the_file_keeps,
                     refuses_signatures_that_the_file_contradicts, either_name_of_a_tensor_counts,
                     one_of_several_models_must_agree,
                     takes_a_signature_that_no_file_can_contradict, warns_of_another_precision,
                     bounds_what_is_said_about_a_version);
}
