/* SPDX-License-Identifier: Apache-2.0 */
#include "format/format.h"

#include "base/cleanup.h"
#include "format/caffe2.h"
#include "format/dlc.h"
#include "format/gguf.h"
#include "format/onnx.h"
#include "format/openvino.h"
#include "format/safetensors.h"
#include "format/tflite.h"
#include "format/torchscript.h"

#include <string.h>
#include <strings.h>

/* What a reader may put into the arena. */
#define ARENA_SHARE ((size_t)4 << 20)

static int probe_zip(struct view *view, bool *ret_maybe)
{
    return view_starts(view, 0, "PK\3\4", 4, ret_maybe);
}

/* Those with a magic number come first: the others are found by reading them. */
static const struct format formats[] = {
    {
     .name = "tflite",
     .title = "a TensorFlow Lite model",
     .extensions = {".tflite"},
     .runtimes = {"tflite", "litert"},
     .magic = true,
     .probe = tflite_probe,
     .read = tflite_read,
     },
    {
     .name = "gguf",
     .title = "a GGUF model",
     .extensions = {".gguf"},
     .runtimes = {"gguf", "llama.cpp", "ggml"},
     .magic = true,
     .probe = gguf_probe,
     .read = gguf_read,
     },
    {
     .name = "dlc",
     .title = "a DLC container",
     .extensions = {".dlc"},
     .runtimes = {"dlc", "snpe"},
     .magic = true,
     .probe = probe_zip,
     .read = dlc_read,
     },
    {
     .name = "torchscript",
     .title = "a TorchScript module",
     .extensions = {".ptl"},
     .runtimes = {"torchscript", "libtorch"},
     .magic = true,
     .probe = probe_zip,
     .read = torchscript_read,
     },
    {
     .name = "safetensors",
     .title = "a safetensors file",
     .extensions = {".safetensors"},
     .runtimes = {"safetensors"},
     .probe = safetensors_probe,
     .read = safetensors_read,
     },
    {
     .name = "openvino",
     .title = "an OpenVINO net",
     .runtimes = {"openvino"},
     .magic = true,
     .probe = openvino_probe,
     .read = openvino_read,
     },
    {
     .name = "onnx",
     .title = "an ONNX model",
     .extensions = {".onnx"},
     .runtimes = {"onnx", "onnxruntime"},
     .probe = onnx_probe,
     .read = onnx_read,
     },
    {
     .name = "caffe2",
     .title = "a Caffe2 net",
     .runtimes = {"caffe2"},
     .probe = caffe2_probe,
     .read = caffe2_read,
     },
};

const struct format *format_at(size_t i)
{
    return i < ARRAY_LEN(formats) ? &formats[i] : NULL;
}

const struct format *format_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    }
    return NULL;
}

const struct format *format_of_runtime(const char *runtime)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        for (size_t j = 0; j < ARRAY_LEN(formats[i].runtimes) && formats[i].runtimes[j]; j++) {
            if (strcmp(formats[i].runtimes[j], runtime) == 0)
                return &formats[i];
        }
    }
    return NULL;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length > strlen(end) && strcasecmp(text + length - strlen(end), end) == 0;
}

const struct format *format_of_name(const char *file_name)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        for (size_t j = 0; j < ARRAY_LEN(formats[i].extensions) && formats[i].extensions[j]; j++) {
            if (ends_with(file_name, formats[i].extensions[j]))
                return &formats[i];
        }
    }
    return NULL;
}

const char *format_list(struct arena *arena)
{
    const char *text = "";

    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        text = arena_printf(arena, "%s%s%s", text, i ? ", " : "", formats[i].name);
    return text;
}

const struct format_file *format_beside(const struct format_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->files[i].name, name) == 0)
            return &set->files[i];
    }
    return NULL;
}

static int read_as(const struct format_set *set, size_t index, const struct format *format,
                   struct arena *arena, struct format_info *ret_info, struct fault *fault)
{
    CLEANUP(view_release) struct view view = {0};
    struct info_draft draft = {.arena = arena, .info = {.format = format->name}};
    struct format_scan scan = {&view, set->files[index].name, set, &draft};
    int r;

    view_init(&view, &set->files[index].source, set->limits, fault);
    view.arena = arena;
    view.arena_max = arena->used_bytes + ARENA_SHARE;
    if (view.source.size == 0)
        return fault_set(fault, FAULT_E_TRUNCATED, 0, "the file is empty");
    r = format->read(&scan);
    if (!r)
        *ret_info = draft.info;
    return r;
}

/* A file with a format's magic number is of that format, whole or not. */
static int find_out(const struct format_set *set, size_t index, struct arena *arena,
                    struct format_info *ret_info, struct fault *fault)
{
    struct fault broken = {0};

    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        CLEANUP(view_release) struct view view = {0};
        bool maybe;
        int r;

        view_init(&view, &set->files[index].source, set->limits, fault);
        r = formats[i].probe(&view, &maybe);
        if (!r && maybe)
            r = read_as(set, index, &formats[i], arena, ret_info, fault);
        if (r < 0 || (r == 0 && maybe))
            return r;
        if (r > 0 && r != FAULT_E_OTHER && formats[i].magic && !broken.outcome)
            broken = *fault;
    }
    if (broken.outcome) {
        *fault = broken;
        return broken.outcome;
    }
    return fault_set(fault, FAULT_E_OTHER, 0, "it is of no format that is known (%s)",
                     format_list(arena));
}

int format_read(const struct format_set *set, size_t index, const struct format *format,
                struct arena *arena, struct format_info *ret_info, struct fault *ret_fault)
{
    *ret_fault = (struct fault){0};
    if (format)
        return read_as(set, index, format, arena, ret_info, ret_fault);
    return find_out(set, index, arena, ret_info, ret_fault);
}
