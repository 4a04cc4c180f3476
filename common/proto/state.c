/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/state.h"

#include "crypto/text.h"
#include "model/manifest.h"
#include "model/name.h"
#include "proto/reload_kind.h"

#include <string.h>

static const char *check_role(const char *text)
{
    bool known = strcmp(text, "production") == 0 || strcmp(text, "shadow") == 0;

    return known ? NULL : "\"production\" or \"shadow\"";
}

static const struct field variant_fields[] = {
    FIELD("runtime", STRING, struct state_slot, variant.runtime, .required = true,
          .check = name_check_part),
    FIELD("hardware", STRING, struct state_slot, variant.hardware, .required = true,
          .check = name_check_part),
    FIELD("precision", STRING, struct state_slot, variant.precision, .required = true,
          .check = name_check_part),
};
static const struct shape variant_shape = SHAPE(struct state_slot, variant_fields, .open = true);

static const struct field manifest_fields[] = {
    FIELD("sha256", HEX, struct state_slot, manifest_sha256, .required = true,
          .max = DIGEST_SHA256_SIZE),
    FIELD("length", INTEGER, struct state_slot, manifest_length, .required = true, .min = 1,
          .max = MANIFEST_SIZE_MAX),
};
static const struct shape manifest_shape = SHAPE(struct state_slot, manifest_fields, .open = true);

static const struct field slot_fields[] = {
    FIELD("model", STRING, struct state_slot, model, .required = true, .check = name_check),
    FIELD("version", STRING, struct state_slot, version, .required = true,
          .check = name_check_version),
    FIELD("role", STRING, struct state_slot, role, .required = true, .check = check_role),
    FIELD("reload", STRING, struct state_slot, reload, .max = RELOAD_KIND_MAX),
    FIELD_INSIDE("variant", .required = true, .shape = &variant_shape),
    FIELD_INSIDE("manifest", .required = true, .shape = &manifest_shape),
};
static const struct shape slot_shape = SHAPE(struct state_slot, slot_fields, .open = true,
                                             .key_offset = offsetof(struct state_slot, name));

static const struct field state_fields[] = {
    FIELD("version", INTEGER, struct state, version, .required = true, .max = INT64_MAX),
    FIELD_ARRAY("slots", MAP, struct state, slots, slot_count, .required = true,
                .max = STATE_SLOTS_MAX, .key_check = name_check, .shape = &slot_shape),
};
static const struct shape state_shape = SHAPE(struct state, state_fields, .open = true);

int state_decode(const json_t *value, struct arena *arena, struct state *ret_state,
                 struct fields_error *ret_error)
{
    return fields_decode(&state_shape, value, arena, ret_state, ret_error);
}

static json_t *encode_slot(const struct state_slot *slot)
{
    char hex[DIGEST_SHA256_HEX_SIZE];

    text_hex(slot->manifest_sha256, sizeof(slot->manifest_sha256), hex);
    return json_pack("{s:s, s:s, s:s, s:s*, s:{s:s, s:s, s:s}, s:{s:s, s:I}}", "model", slot->model,
                     "version", slot->version, "role", slot->role, "reload", slot->reload,
                     "variant", "runtime", slot->variant.runtime, "hardware",
                     slot->variant.hardware, "precision", slot->variant.precision, "manifest",
                     "sha256", hex, "length", (json_int_t)slot->manifest_length);
}

json_t *state_encode(const struct state *state)
{
    json_auto_t *slots = json_object();

    for (size_t i = 0; i < state->slot_count; i++) {
        if (json_object_set_new(slots, state->slots[i].name, encode_slot(&state->slots[i])) < 0)
            return NULL;
    }
    return json_pack("{s:I, s:O}", "version", (json_int_t)state->version, "slots", slots);
}

const struct state_slot *state_find(const struct state *state, const char *slot)
{
    for (size_t i = 0; i < state->slot_count; i++) {
        if (strcmp(state->slots[i].name, slot) == 0)
            return &state->slots[i];
    }
    return NULL;
}
