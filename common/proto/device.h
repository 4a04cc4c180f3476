/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROTO_DEVICE_H
#define PROTO_DEVICE_H

#include "base/arena.h"
#include "base/error.h"
#include "model/variant.h"
#include "json/fields.h"

#include <jansson.h>
#include <stddef.h>

/* What a device says about itself (docs/PROTOCOL.md, PUT /device/v1/attributes). */

#define DEVICE_ATTRIBUTES_MAX 64
#define DEVICE_CAPABILITIES_MAX 64
#define DEVICE_FACTS_SIZE_MAX 65536 /* bytes of the JSON text */

struct device_facts {
    struct fields_pair *attributes;
    size_t attribute_count;
    struct variant_capability *capabilities;
    size_t capability_count;
};

/* {"attributes"?:{...},"capabilities"?:[...]}. Returns 0, FIELDS_E_UNKNOWN or FIELDS_E_INVALID. */
int device_facts_decode(const json_t *value, struct arena *arena, struct device_facts *ret_facts,
                        struct fields_error *ret_error) MUST_CHECK;

/* A new reference, with both members; NULL where memory ends. */
json_t *device_facts_encode(const struct device_facts *facts);

/* [{"runtime","hardware"},...] as it is stored. Decodes with the same rules as above. */
json_t *device_capabilities_encode(const struct variant_capability *capabilities, size_t count);

/* For other tables. */
extern const struct shape device_capability_shape; /* struct variant_capability */
extern const struct shape device_facts_shape;      /* struct device_facts */

#endif
