/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/device.h"

#include "model/name.h"

static const struct field capability_fields[] = {
    FIELD("runtime", STRING, struct variant_capability, runtime, .required = true,
          .check = name_check_part),
    FIELD("hardware", STRING, struct variant_capability, hardware, .required = true,
          .check = name_check_part),
};
const struct shape device_capability_shape = SHAPE(struct variant_capability, capability_fields);

static const struct field facts_fields[] = {
    FIELD_ARRAY("attributes", PAIRS, struct device_facts, attributes, attribute_count,
                .max = DEVICE_ATTRIBUTES_MAX, .check = name_check_tag_value,
                .key_check = name_check_tag_key),
    FIELD_ARRAY("capabilities", LIST, struct device_facts, capabilities, capability_count,
                .max = DEVICE_CAPABILITIES_MAX, .shape = &device_capability_shape),
};
const struct shape device_facts_shape = SHAPE(struct device_facts, facts_fields);

int device_facts_decode(const json_t *value, struct arena *arena, struct device_facts *ret_facts,
                        struct fields_error *ret_error)
{
    return fields_decode(&device_facts_shape, value, arena, ret_facts, ret_error);
}

json_t *device_capabilities_encode(const struct variant_capability *capabilities, size_t count)
{
    json_auto_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        if (json_array_append_new(array, json_pack("{s:s, s:s}", "runtime", capabilities[i].runtime,
                                                   "hardware", capabilities[i].hardware)) < 0)
            return NULL;
    }
    return json_incref(array);
}

json_t *device_facts_encode(const struct device_facts *facts)
{
    return json_pack(
        "{s:o, s:o}", "attributes", fields_pairs_to_json(facts->attributes, facts->attribute_count),
        "capabilities", device_capabilities_encode(facts->capabilities, facts->capability_count));
}
