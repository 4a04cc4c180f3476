/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/outcome.h"

#include "agent/config.h"
#include "agent/reload.h"
#include "agent/reporter.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int put(const struct parts *parts, int64_t sequence, int64_t state_version,
               const struct report_slot *slot)
{
    int r = 0;

    if (!sequence)
        r = reporter_sequence(parts->reporter, &sequence);
    return r ? r : reporter_put(parts->reporter, sequence, state_version, slot);
}

/* slot.json cannot be written where the slot has no directory yet. */
static int save_status(const struct parts *parts, const char *slot,
                       const struct slot_status *status)
{
    int r = slot_create(parts->store, slot);

    return r ? r : slot_save_status(parts->store, slot, status);
}

static int report_attempt(const struct parts *parts, const struct outcome_attempt *attempt,
                          const char *code, const char *detail)
{
    struct report_error error = {code, detail};
    char variant[VARIANT_TEXT_SIZE];
    struct report_slot slot = {.name = attempt->slot,
                               .state = "failed",
                               .model = attempt->want->model,
                               .version = attempt->want->version,
                               .variant = variant,
                               .has_manifest = true,
                               .gap_us = REPORT_GAP_NONE,
                               .duration_ms = attempt->duration_ms,
                               .error = &error};
    int r;

    variant_format(&attempt->want->variant, variant);
    memcpy(slot.manifest_sha256, attempt->want->manifest_sha256, DIGEST_SHA256_SIZE);
    r = put(parts, 0, attempt->state_version, &slot);
    if (!r)
        reporter_deliver(parts->reporter, false);
    return r;
}

int outcome_failed(const struct parts *parts, const struct outcome_attempt *attempt,
                   const char *code, const char *detail)
{
    struct slot_status status;
    int r = slot_load_status(parts->store, attempt->slot, &status);

    if (r)
        return r;
    text_hex(attempt->want->manifest_sha256, DIGEST_SHA256_SIZE, status.failed_manifest);
    status.managed = true;
    status.failed_state_version = attempt->state_version;
    (void)snprintf(status.failed_code, sizeof(status.failed_code), "%s", code);
    (void)snprintf(status.failed_detail, sizeof(status.failed_detail), "%s", detail);
    r = report_attempt(parts, attempt, code, detail);
    return r ? r : save_status(parts, attempt->slot, &status);
}

int outcome_delayed(const struct parts *parts, const struct outcome_attempt *attempt,
                    const char *code, const char *detail)
{
    struct slot_status status;
    char told[sizeof(status.told_code)];
    int r = slot_load_status(parts->store, attempt->slot, &status);

    if (r)
        return r;
    (void)snprintf(told, sizeof(told), "%.32s@%" PRId64, code, attempt->state_version);
    if (strcmp(status.told_code, told) == 0)
        return 0;
    (void)snprintf(status.told_code, sizeof(status.told_code), "%s", told);
    r = report_attempt(parts, attempt, code, detail);
    if (r)
        return r;
    r = save_status(parts, attempt->slot, &status);
    return r == ERR_NO_SPACE ? 0 : r; /* at worst it is said twice */
}

int outcome_detected(const struct parts *parts, int64_t state_version)
{
    return put(parts, 0, state_version, NULL);
}

/* ---- what was switched */

static int fill_version(const struct parts *parts, const char *slot, const char *id,
                        struct arena *arena, struct report_slot *ret_slot)
{
    struct slot_version version;
    int r = slot_load_version(parts->store, slot, id, arena, &version);

    if (r)
        return r;
    ret_slot->model = version.model;
    ret_slot->version = version.version;
    ret_slot->variant = version.variant;
    ret_slot->has_manifest =
        text_unhex(version.manifest_sha256, ret_slot->manifest_sha256, DIGEST_SHA256_SIZE);
    return 0;
}

static int fill_previous(const struct parts *parts, const char *slot, struct arena *arena,
                         struct report_previous *ret_previous, struct report_slot *ret_slot)
{
    char id[SLOT_ID_SIZE];
    struct slot_version version;
    int r = slot_resolve(parts->store, slot, SLOT_LINK_PREVIOUS, id);

    if (!r)
        r = slot_load_version(parts->store, slot, id, arena, &version);
    if (r)
        return r < 0 ? r : 0;
    *ret_previous = (struct report_previous){version.model, version.version};
    ret_slot->previous = ret_previous;
    return 0;
}

static void record_outcome(const struct parts *parts, const struct journal_record *record,
                           const struct report_slot *slot, struct slot_status *status)
{
    status->managed = true;
    status->told_code[0] = '\0';
    status->failed_manifest[0] = '\0';
    status->failed_state_version = 0;
    (void)snprintf(status->failed_code, sizeof(status->failed_code), "%s", record->error_code);
    (void)snprintf(status->failed_detail, sizeof(status->failed_detail), "%s",
                   record->error_detail);
    if (record->error_code[0]) {
        text_hex(slot->manifest_sha256, DIGEST_SHA256_SIZE, status->failed_manifest);
        status->failed_state_version = record->state_version;
        return;
    }
    status->installed_ms = clock_wall_ms(parts->loop->clock);
    status->gap_us = record->gap_us;
    status->duration_ms = record->duration_ms;
}

int outcome_commit(const struct parts *parts, const char *slot_name,
                   const struct journal_record *record)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct report_error error = {record->error_code, record->error_detail};
    struct report_previous previous;
    struct slot_status status;
    const struct reload_rule *rule = config_reload_rule(parts->config, slot_name, record->reload);
    struct report_slot slot = {.name = slot_name,
                               .state = record->error_code[0] ? "failed" : "installed",
                               .reload = reload_kind_name(rule->kind),
                               .gap_us = record->gap_us,
                               .gap_source = record->gap_source,
                               .duration_ms = record->duration_ms,
                               .error = record->error_code[0] ? &error : NULL};
    int r = fill_version(parts, slot_name, record->id, &arena, &slot);

    if (r > 0) {
        log_line(LOG_WARN, "slot '%s': version '%s' is gone, nothing to report", slot_name,
                 record->id);
        return 0;
    }
    if (!r)
        r = fill_previous(parts, slot_name, &arena, &previous, &slot);
    if (!r)
        r = slot_load_status(parts->store, slot_name, &status);
    if (r)
        return r;
    r = put(parts, record->sequence, record->state_version, &slot);
    if (r)
        return r;
    record_outcome(parts, record, &slot, &status);
    return slot_save_status(parts->store, slot_name, &status);
}

int outcome_removed(const struct parts *parts, const char *slot_name, int64_t state_version)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct report_slot slot = {.name = slot_name,
                               .state = "removed",
                               .gap_us = REPORT_GAP_NONE,
                               .duration_ms = REPORT_GAP_NONE};
    struct slot_status status;
    char id[SLOT_ID_SIZE];
    int r = slot_resolve(parts->store, slot_name, SLOT_LINK_CURRENT, id);

    if (!r)
        r = fill_version(parts, slot_name, id, &arena, &slot);
    if (r >= 0)
        r = slot_load_status(parts->store, slot_name, &status);
    if (!r)
        r = put(parts, 0, state_version, &slot);
    if (r)
        return r;
    status.managed = false;
    status.failed_manifest[0] = '\0';
    return slot_save_status(parts->store, slot_name, &status);
}
