/* SPDX-License-Identifier: Apache-2.0 */

/* A part of a JSON text by a pointer: the first line is the pointer, the rest the text. What is
 * found lies in the text, and of a text that is JSON it is what a parser finds there. */

#include "fuzz.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "lineage/pick.h"

#include <jansson.h>
#include <string.h>

#define FLAGS (JSON_DECODE_ANY | JSON_ALLOW_NUL)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    const char *bytes = end ? (const char *)end + 1 : NULL;
    const char *part = NULL;
    size_t part_size = 0;
    size_t left;

    if (!end)
        return 0;
    left = size - (size_t)(bytes - (const char *)data);
    if (!pick_part(bytes, left, arena_strndup(&arena, (const char *)data, (size_t)(end - data)),
                   &part, &part_size))
        return 0;
    FUZZ_HOLDS(part >= bytes && part_size <= left && part + part_size <= bytes + left);

    json_auto_t *whole = json_loadb(bytes, left, FLAGS | JSON_REJECT_DUPLICATES, NULL);
    json_auto_t *found = whole ? json_loadb(part, part_size, FLAGS, NULL) : NULL;

    FUZZ_HOLDS(!whole || found);
    return 0;
}
