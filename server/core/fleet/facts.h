/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_FLEET_FACTS_H
#define CORE_FLEET_FACTS_H

#include "base/arena.h"
#include "base/error.h"
#include "model/variant.h"
#include "proto/device.h"

#include <stddef.h>

/* Attributes and capabilities of devices, as the database has them. All in the arena. */

/* A JSON object. Negative where memory ends. */
int facts_attributes_text(const struct fields_pair *pairs, size_t count, struct arena *arena,
                          const char **ret_text) MUST_CHECK;

/* "onnx/cpu,tflite/cpu": sorted, none twice. */
const char *facts_capabilities_text(const struct variant_capability *capabilities, size_t count,
                                    struct arena *arena);

/* The inverse. */
struct variant_capability *facts_capabilities_parse(const char *text, struct arena *arena,
                                                    size_t *ret_count);

#endif
