/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fleet/reports.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "crypto/text.h"
#include "db/q_device.h"
#include "db/q_report.h"
#include "proto/report.h"
#include "tuf/envelope.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

/* The id that the device gave its key at enrolment may cover members that are not stored. */
static int device_key(const struct q_device *device, struct key *ret_key)
{
    char public[2 * Q_DEVICE_KEY_SIZE + 1];
    char keyid[KEY_ID_SIZE];
    struct fields_error error = {0};
    int r;

    text_hex(device->public_key, sizeof(device->public_key), public);
    text_hex(device->keyid, sizeof(device->keyid), keyid);
    json_auto_t *object = json_pack("{s:s, s:s, s:{s:s}}", "keytype", "ed25519", "scheme",
                                    "ed25519", "keyval", "public", public);
    if (!object)
        return log_fail(ERR_NO_MEMORY, "cannot read a device's key: out of memory");
    r = key_parse(object, ret_key, &error);
    if (r > 0)
        return log_fail(ERR_INTERNAL, "device '%s' has a bad key: %s", device->name, error.text);
    if (r)
        return r;
    memcpy(ret_key->id, keyid, sizeof(keyid));
    return 0;
}

static int parse(const void *bytes, size_t size, struct arena *arena, struct envelope *ret_envelope,
                 struct report *ret_report, struct fields_error *ret_error)
{
    static const int outcomes[] = {
        [ENVELOPE_E_SYNTAX] = REPORTS_E_SYNTAX,
        [ENVELOPE_E_TOO_LARGE] = REPORTS_E_LARGE,
        [ENVELOPE_E_UNKNOWN] = REPORTS_E_UNKNOWN,
        [ENVELOPE_E_INVALID] = REPORTS_E_INVALID,
    };
    int r = envelope_parse(bytes, size, REPORT_SIZE_MAX, arena, ret_envelope, ret_error);

    if (r > 0)
        return outcomes[r];
    if (r)
        return r;
    r = report_decode(ret_envelope->signed_part, arena, ret_report, ret_error);
    if (r > 0)
        return r == FIELDS_E_UNKNOWN ? REPORTS_E_UNKNOWN : REPORTS_E_INVALID;
    return r;
}

struct acceptance {
    int64_t workspace_id;
    const struct q_device *device;
    const struct report *report;
    const json_t *signed_part;
    struct q_report stored;
    struct arena *arena;
};

static int store_slot(struct db *db, const struct acceptance *acceptance,
                      const struct report_slot *slot)
{
    const json_t *slots = json_object_get(acceptance->signed_part, "slots");
    AUTO_FREE char *text = json_dumps(json_object_get(slots, slot->name), JSON_COMPACT);
    struct q_report_slot row = {
        .slot = slot->name,
        .state = slot->state,
        .model = slot->model,
        .version = slot->version,
        .has_manifest = slot->has_manifest,
        .report = text,
        .sequence = acceptance->stored.sequence,
        .received_ms = acceptance->stored.received_ms,
    };

    if (!text)
        return log_fail(ERR_NO_MEMORY, "cannot store a report: out of memory");
    memcpy(row.manifest_sha256, slot->manifest_sha256, sizeof(row.manifest_sha256));
    return q_report_set_slot(db, acceptance->workspace_id, acceptance->device->id, &row);
}

static int store(struct db *db, void *arg)
{
    const struct acceptance *acceptance = arg;
    int r =
        q_report_insert(db, acceptance->workspace_id, acceptance->device->id, &acceptance->stored);

    for (size_t i = 0; r == 0 && i < acceptance->report->slot_count; i++)
        r = store_slot(db, acceptance, &acceptance->report->slots[i]);
    if (r)
        return r;
    return q_report_ran(db, acceptance->workspace_id, acceptance->device->id, acceptance->report,
                        acceptance->stored.received_ms, acceptance->arena);
}

int reports_accept(struct db *db, int64_t workspace_id, int64_t device_id, const void *bytes,
                   size_t size, int64_t now_ms, struct arena *arena,
                   struct reports_refusal *ret_refusal)
{
    CLEANUP(envelope_release) struct envelope envelope = {0};
    struct q_device device;
    struct report report;
    struct key key;
    int r;

    r = parse(bytes, size, arena, &envelope, &report, &ret_refusal->error);
    if (r)
        return r;
    r = q_device_get(db, workspace_id, device_id, arena, &device);
    if (r == Q_DEVICE_E_MISSING)
        return REPORTS_E_MISSING;
    if (r)
        return r;
    if (!device.active)
        return REPORTS_E_MISSING;
    r = device_key(&device, &key);
    if (r)
        return r;
    r = envelope_verify(&envelope, &key, 1, 1, NULL);
    if (r == ENVELOPE_E_UNVERIFIED) {
        ret_refusal->keyid = arena_strdup(arena, key.id);
        return REPORTS_E_SIGNATURE;
    }
    if (r)
        return r;
    if (strcasecmp(report.device_id, device.uuid) != 0) {
        ret_refusal->device_id = device.uuid;
        return REPORTS_E_DEVICE;
    }

    struct acceptance acceptance = {
        .workspace_id = workspace_id,
        .device = &device,
        .report = &report,
        .signed_part = envelope.signed_part,
        .stored = {report.sequence, now_ms, bytes, size, {0}},
        .arena = arena,
    };
    memcpy(acceptance.stored.nonce, report.nonce, sizeof(report.nonce));
    r = tx_run(db, store, &acceptance);
    if (r == Q_REPORT_E_REPLAYED) {
        ret_refusal->sequence = device.report_sequence;
        return REPORTS_E_REPLAYED;
    }
    return r;
}
