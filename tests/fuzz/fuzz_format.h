/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_FORMAT_H
#define FUZZ_FORMAT_H

#include "fuzz.h"

#include "base/cleanup.h"
#include "base/utf8.h"
#include "format/format.h"
#include "format/info_json.h"

#include <string.h>

/* What a reader of model files must do with any bytes: refuse them with a reason, or describe them
 * in a bounded way that can be stored and read again. */

#define FUZZ_FORMAT_ARENA_MAX ((size_t)6 << 20)

static inline void fuzz_format_describes(const struct format_info *info)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *first = info_json_encode(info);
    json_auto_t *second = NULL;
    struct format_info again;
    struct fields_error error;

    FUZZ_HOLDS(first != NULL);
    FUZZ_HOLDS(info_json_decode(first, &arena, &again, &error) == 0);
    second = info_json_encode(&again);
    FUZZ_HOLDS(json_equal(first, second));
    FUZZ_HOLDS(info->parameters >= 0);
    FUZZ_HOLDS(info->inputs.count <= INFO_TENSORS_MAX && info->outputs.count <= INFO_TENSORS_MAX);
    FUZZ_HOLDS(info->file_count <= INFO_FILES_MAX && info->warning_count <= INFO_WARNINGS_MAX);
}

/* The input as file `name`, with `beside` (or NULL) lying beside it. */
static inline void fuzz_format(const char *format, const char *name, const uint8_t *data,
                               size_t size, const struct format_file *beside)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct view_limits limits = VIEW_LIMITS_DEFAULT;
    struct format_file files[2] = {
        {name, source_memory(data, size)}
    };
    struct format_set set = {files, beside ? 2 : 1, &limits};
    struct format_info info;
    struct fault fault;
    int r;

    limits.window_bytes = 256; /* so that small inputs cross windows, too */
    limits.windows = 3;
    limits.steps = 1 << 20;
    if (beside)
        files[1] = *beside;
    r = format_read(&set, 0, format_find(format), &arena, &info, &fault);
    FUZZ_HOLDS(r >= 0);
    FUZZ_HOLDS(arena.used_bytes <= FUZZ_FORMAT_ARENA_MAX);
    if (r == 0) {
        fuzz_format_describes(&info);
        return;
    }
    FUZZ_HOLDS(fault.outcome == r && fault.text[0]);
    FUZZ_HOLDS(utf8_valid(fault.text, strlen(fault.text)) && fault_name(r));
}

#endif
