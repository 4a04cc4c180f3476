/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/report.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "crypto/text.h"
#include "model/name.h"
#include "model/variant.h"
#include "proto/reload_kind.h"

#include <stdio.h>
#include <string.h>

static const char *check_type(const char *text)
{
    return strcmp(text, "modelferry-report") == 0 ? NULL : "\"modelferry-report\"";
}

static const char *check_one_of(const char *text, const char *const *words, size_t count,
                                const char *expected)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0)
            return NULL;
    }
    return expected;
}

static const char *check_state(const char *text)
{
    static const char *const words[] = {"installed", "failed", "removed"};

    return check_one_of(text, words, ARRAY_LEN(words), "\"installed\", \"failed\" or \"removed\"");
}

static const char *check_reload(const char *text)
{
    bool known = strcmp(text, "none") == 0 || !reload_kind_check(text);

    return known ? NULL : "\"none\", " RELOAD_KIND_EXPECTED;
}

static const char *check_gap_source(const char *text)
{
    static const char *const words[] = {"application", "agent", "none"};

    return check_one_of(text, words, ARRAY_LEN(words), "\"application\", \"agent\" or \"none\"");
}

static const char *check_code(const char *text)
{
    size_t length = strlen(text);

    if (length > 0 && length <= 64 &&
        strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length)
        return NULL;
    return "1 to 64 characters a-z, 0-9, '-'";
}

static const char *check_uuid(const char *text)
{
    static const char pattern[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    for (size_t i = 0; i < sizeof(pattern); i++) {
        bool fits = pattern[i] == 'x' ? text[i] && strchr("0123456789abcdef", text[i])
                                      : text[i] == pattern[i];

        if (!fits)
            return "a lower-case UUID";
    }
    return NULL;
}

static const struct field previous_fields[] = {
    FIELD("model", STRING, struct report_previous, model, .required = true, .check = name_check),
    FIELD("version", STRING, struct report_previous, version, .required = true,
          .check = name_check_version),
};
static const struct shape previous_shape = SHAPE(struct report_previous, previous_fields);

static const struct field error_fields[] = {
    FIELD("code", STRING, struct report_error, code, .required = true, .check = check_code),
    FIELD("detail", STRING, struct report_error, detail, .nullable = true,
          .max = REPORT_DETAIL_MAX),
};
static const struct shape error_shape = SHAPE(struct report_error, error_fields);

static const struct field slot_fields[] = {
    FIELD("state", STRING, struct report_slot, state, .required = true, .check = check_state),
    FIELD("model", STRING, struct report_slot, model, .nullable = true, .check = name_check),
    FIELD("version", STRING, struct report_slot, version, .nullable = true,
          .check = name_check_version),
    FIELD("variant", STRING, struct report_slot, variant, .nullable = true, .check = variant_check),
    FIELD("manifest_sha256", HEX, struct report_slot, manifest_sha256, .nullable = true,
          .max = DIGEST_SHA256_SIZE),
    FIELD("previous", OBJECT, struct report_slot, previous, .nullable = true,
          .shape = &previous_shape),
    FIELD("reload", STRING, struct report_slot, reload, .nullable = true, .check = check_reload),
    FIELD("gap_us", INTEGER, struct report_slot, gap_us, .nullable = true, .max = INT64_MAX,
          .fallback = REPORT_GAP_NONE),
    FIELD("gap_source", STRING, struct report_slot, gap_source, .nullable = true,
          .check = check_gap_source),
    FIELD("duration_ms", INTEGER, struct report_slot, duration_ms, .nullable = true,
          .max = INT64_MAX, .fallback = REPORT_GAP_NONE),
    FIELD("error", OBJECT, struct report_slot, error, .nullable = true, .shape = &error_shape),
};
static const struct shape slot_shape =
    SHAPE(struct report_slot, slot_fields, .key_offset = offsetof(struct report_slot, name));

static const struct field serving_fields[] = {
    FIELD("model", STRING, struct report_serving, model, .required = true, .check = name_check),
    FIELD("version", STRING, struct report_serving, version, .required = true,
          .check = name_check_version),
    FIELD("variant", STRING, struct report_serving, variant, .required = true,
          .check = variant_check),
    FIELD("manifest_sha256", HEX, struct report_serving, manifest_sha256, .required = true,
          .max = DIGEST_SHA256_SIZE),
};
static const struct shape serving_shape = SHAPE(
    struct report_serving, serving_fields, .key_offset = offsetof(struct report_serving, slot));

struct decoded {
    const char *type;
    struct report report;
};

static const struct field report_fields[] = {
    FIELD("_type", STRING, struct decoded, type, .required = true, .check = check_type),
    FIELD("device_id", STRING, struct decoded, report.device_id, .required = true,
          .check = check_uuid),
    FIELD("sequence", INTEGER, struct decoded, report.sequence, .required = true, .min = 1,
          .max = INT64_MAX),
    FIELD("time", TIME, struct decoded, report.time_ms, .required = true),
    FIELD("state_version", INTEGER, struct decoded, report.state_version, .required = true,
          .max = INT64_MAX),
    FIELD("nonce", HEX, struct decoded, report.nonce, .required = true, .max = REPORT_NONCE_SIZE),
    FIELD_ARRAY("slots", MAP, struct decoded, report.slots, report.slot_count, .required = true,
                .max = REPORT_SLOTS_MAX, .key_check = name_check, .shape = &slot_shape),
    FIELD_ARRAY("serving", MAP, struct decoded, report.serving, report.serving_count,
                .required = true, .max = REPORT_SLOTS_MAX, .key_check = name_check,
                .shape = &serving_shape),
    FIELD_ARRAY("detected", LIST, struct decoded, report.detected, report.detected_count,
                .required = true, .max = REPORT_DETECTIONS_MAX, .shape = &detection_shape),
};
static const struct shape report_shape = SHAPE(struct decoded, report_fields);

/* What depends on more than one member. */
static int check_slot(struct report_slot *slot, struct fields_error *error)
{
    bool failed = strcmp(slot->state, "failed") == 0;
    bool installed = strcmp(slot->state, "installed") == 0;
    char path[128];

    (void)snprintf(path, sizeof(path), "slots.%.63s", slot->name);
    if (failed != (slot->error != NULL))
        return fields_refuse(error, path,
                             "'error' belongs to the state \"failed\", and only there");
    if (strcmp(slot->state, "removed") != 0 && (!slot->model || !slot->version))
        return fields_refuse(error, path, "'model' and 'version' are needed unless \"removed\"");
    if (installed && (!slot->variant || !slot->has_manifest))
        return fields_refuse(error, path,
                             "'variant' and 'manifest_sha256' are needed where \"installed\"");
    return 0;
}

int report_decode(const json_t *signed_part, struct arena *arena, struct report *ret_report,
                  struct fields_error *ret_error)
{
    const json_t *slots = json_object_get(signed_part, "slots");
    struct decoded decoded;
    int r;

    r = fields_decode(&report_shape, signed_part, arena, &decoded, ret_error);
    for (size_t i = 0; !r && i < decoded.report.slot_count; i++) {
        struct report_slot *slot = &decoded.report.slots[i];
        const json_t *member = json_object_get(slots, slot->name);

        slot->has_manifest = json_is_string(json_object_get(member, "manifest_sha256"));
        r = check_slot(slot, ret_error);
    }
    if (r)
        return r;
    *ret_report = decoded.report;
    return 0;
}

/* A number, or null where it was not measured. */
static json_t *measured(int64_t value)
{
    return value == REPORT_GAP_NONE ? json_null() : json_integer(value);
}

static json_t *encode_slot(const struct report_slot *slot)
{
    char hex[DIGEST_SHA256_HEX_SIZE];
    json_t *previous = NULL;
    json_t *error = NULL;

    text_hex(slot->manifest_sha256, sizeof(slot->manifest_sha256), hex);
    if (slot->previous)
        previous = json_pack("{s:s, s:s}", "model", slot->previous->model, "version",
                             slot->previous->version);
    if (slot->error)
        error = json_pack("{s:s, s:s*}", "code", slot->error->code, "detail", slot->error->detail);
    return json_pack("{s:s, s:s*, s:s*, s:s*, s:s*, s:o*, s:s*, s:o, s:s*, s:o, s:o*}", "state",
                     slot->state, "model", slot->model, "version", slot->version, "variant",
                     slot->variant, "manifest_sha256", slot->has_manifest ? hex : NULL, "previous",
                     previous, "reload", slot->reload, "gap_us", measured(slot->gap_us),
                     "gap_source", slot->gap_source, "duration_ms", measured(slot->duration_ms),
                     "error", error);
}

static json_t *encode_serving(const struct report_serving *serving)
{
    char hex[DIGEST_SHA256_HEX_SIZE];

    text_hex(serving->manifest_sha256, sizeof(serving->manifest_sha256), hex);
    return json_pack("{s:s, s:s, s:s, s:s}", "model", serving->model, "version", serving->version,
                     "variant", serving->variant, "manifest_sha256", hex);
}

json_t *report_encode(const struct report *report)
{
    json_auto_t *slots = json_object();
    json_auto_t *serving = json_object();
    json_auto_t *detected = json_array();
    char time[CLOCK_RFC3339_SIZE];
    char nonce[2 * REPORT_NONCE_SIZE + 1];
    int bad = 0;

    clock_format_rfc3339(report->time_ms, time);
    text_hex(report->nonce, sizeof(report->nonce), nonce);
    for (size_t i = 0; i < report->slot_count; i++)
        bad |= json_object_set_new(slots, report->slots[i].name, encode_slot(&report->slots[i]));
    for (size_t i = 0; i < report->serving_count; i++)
        bad |= json_object_set_new(serving, report->serving[i].slot,
                                   encode_serving(&report->serving[i]));
    for (size_t i = 0; i < report->detected_count; i++)
        bad |= json_array_append_new(detected, detection_encode(&report->detected[i]));
    if (bad)
        return NULL;
    return json_pack("{s:s, s:s, s:I, s:s, s:I, s:s, s:O, s:O, s:O}", "_type", "modelferry-report",
                     "device_id", report->device_id, "sequence", (json_int_t)report->sequence,
                     "time", time, "state_version", (json_int_t)report->state_version, "nonce",
                     nonce, "slots", slots, "serving", serving, "detected", detected);
}
