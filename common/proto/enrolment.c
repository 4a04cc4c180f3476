/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/enrolment.h"

#include "base/clock.h"
#include "base/log.h"
#include "crypto/text.h"
#include "model/name.h"

#include <stdio.h>
#include <string.h>

struct decoded {
    const char *type;
    const json_t *key;
    struct enrolment enrolment;
};

static const char *check_type(const char *text)
{
    return strcmp(text, "modelferry-enrolment") == 0 ? NULL : "\"modelferry-enrolment\"";
}

static const struct field enrolment_fields[] = {
    FIELD("_type", STRING, struct decoded, type, .required = true, .check = check_type),
    FIELD("token_sha256", HEX, struct decoded, enrolment.token_sha256, .required = true,
          .max = DIGEST_SHA256_SIZE),
    FIELD("device", STRING, struct decoded, enrolment.device, .required = true,
          .check = name_check),
    FIELD("key", JSON, struct decoded, key, .required = true),
    FIELD_ARRAY("attributes", PAIRS, struct decoded, enrolment.facts.attributes,
                enrolment.facts.attribute_count, .max = DEVICE_ATTRIBUTES_MAX,
                .check = name_check_tag_value, .key_check = name_check_tag_key),
    FIELD_ARRAY("capabilities", LIST, struct decoded, enrolment.facts.capabilities,
                enrolment.facts.capability_count, .max = DEVICE_CAPABILITIES_MAX,
                .shape = &device_capability_shape),
    FIELD("time", TIME, struct decoded, enrolment.time_ms, .required = true),
};
static const struct shape enrolment_shape = SHAPE(struct decoded, enrolment_fields);

int enrolment_decode(const json_t *signed_part, struct arena *arena,
                     struct enrolment *ret_enrolment, struct fields_error *ret_error)
{
    struct fields_error key_error = {0};
    struct decoded decoded;
    char path[sizeof(key_error.path)];
    int r;

    r = fields_decode(&enrolment_shape, signed_part, arena, &decoded, ret_error);
    if (r)
        return r;
    r = key_parse(decoded.key, &decoded.enrolment.key, &key_error);
    if (r == KEY_E_INVALID) {
        (void)snprintf(path, sizeof(path), "key%s%.64s", key_error.path[0] ? "." : "",
                       key_error.path);
        return fields_refuse(ret_error, path, "%s",
                             key_error.text + (key_error.path[0] ? strlen(key_error.path) + 2 : 0));
    }
    if (r)
        return r;
    *ret_enrolment = decoded.enrolment;
    return 0;
}

json_t *enrolment_encode(const struct enrolment *enrolment)
{
    char token_hex[DIGEST_SHA256_HEX_SIZE];
    char time[CLOCK_RFC3339_SIZE];

    text_hex(enrolment->token_sha256, sizeof(enrolment->token_sha256), token_hex);
    clock_format_rfc3339(enrolment->time_ms, time);
    return json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:o, s:s}", "_type", "modelferry-enrolment", "token_sha256",
        token_hex, "device", enrolment->device, "key", key_to_json(&enrolment->key), "attributes",
        fields_pairs_to_json(enrolment->facts.attributes, enrolment->facts.attribute_count),
        "capabilities",
        device_capabilities_encode(enrolment->facts.capabilities,
                                   enrolment->facts.capability_count),
        "time", time);
}

static const struct field answer_fields[] = {
    FIELD("device", STRING, struct enrolment_answer, device, .required = true, .check = name_check),
    FIELD("device_id", STRING, struct enrolment_answer, device_id, .required = true, .min = 36,
          .max = 36),
    FIELD("workspace", STRING, struct enrolment_answer, workspace, .required = true,
          .check = name_check),
    FIELD("token", STRING, struct enrolment_answer, token, .required = true, .min = 8, .max = 256),
    FIELD("poll_interval_s", INTEGER, struct enrolment_answer, poll_interval_s, .min = 1,
          .max = 31536000, .fallback = 300),
};
static const struct shape answer_shape =
    SHAPE(struct enrolment_answer, answer_fields, .open = true);

int enrolment_answer_decode(const json_t *value, struct arena *arena,
                            struct enrolment_answer *ret_answer, struct fields_error *ret_error)
{
    return fields_decode(&answer_shape, value, arena, ret_answer, ret_error);
}

json_t *enrolment_answer_encode(const struct enrolment_answer *answer)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:I}", "device", answer->device, "device_id",
                     answer->device_id, "workspace", answer->workspace, "token", answer->token,
                     "poll_interval_s", (json_int_t)answer->poll_interval_s);
}
