/* SPDX-License-Identifier: Apache-2.0 */
#include "api/desired_reply.h"

#include "model/variant.h"

static json_t *variant_text(const json_t *object)
{
    const struct variant variant = {
        json_string_value(json_object_get(object, "runtime")),
        json_string_value(json_object_get(object, "hardware")),
        json_string_value(json_object_get(object, "precision")),
    };
    char text[VARIANT_TEXT_SIZE];

    if (!variant.runtime || !variant.hardware || !variant.precision)
        return json_null();
    variant_format(&variant, text);
    return json_string(text);
}

json_t *desired_reply_encode(int64_t version, const char *slots)
{
    json_t *shown = json_object();
    json_auto_t *stored = json_loads(slots ? slots : "{}", 0, NULL);
    const char *name;
    json_t *slot;

    json_object_foreach (stored, name, slot) {
        json_t *object =
            json_pack("{s:O, s:O, s:o, s:O, s:O*}", "model", json_object_get(slot, "model"),
                      "version", json_object_get(slot, "version"), "variant",
                      variant_text(json_object_get(slot, "variant")), "role",
                      json_object_get(slot, "role"), "reload", json_object_get(slot, "reload"));

        (void)json_object_set_new(shown, name, object);
    }
    return json_pack("{s:I, s:o}", "version", (json_int_t)version, "slots", shown);
}
