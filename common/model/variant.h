/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MODEL_VARIANT_H
#define MODEL_VARIANT_H

#include "base/arena.h"
#include "model/name.h"

#include <stdbool.h>
#include <stddef.h>

/* One deployable form of a version: "onnx/cpu/fp32". Strings are borrowed. */
struct variant {
    const char *runtime;
    const char *hardware;
    const char *precision;
};

/* What a device can run. */
struct variant_capability {
    const char *runtime;
    const char *hardware;
};

#define VARIANT_TEXT_SIZE (3 * (NAME_PART_MAX_BYTES + 1))

/* Parses "runtime/hardware/precision"; strings go to the arena. False where it is anything else. */
bool variant_parse(const char *text, struct arena *arena, struct variant *ret_variant);

/* As fields_check: NULL, or what was expected. */
const char *variant_check(const char *text);

/* The variant's parts must be valid names. */
void variant_format(const struct variant *variant, char ret_text[static VARIANT_TEXT_SIZE]);

bool variant_equal(const struct variant *a, const struct variant *b);

/* Whether one of the capabilities has the variant's runtime and hardware. */
bool variant_fits(const struct variant *variant, const struct variant_capability *capabilities,
                  size_t capability_count);

#endif
