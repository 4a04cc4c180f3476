/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/install.h"

#include "agent/config.h"
#include "agent/counters.h"
#include "agent/detections.h"
#include "agent/examine.h"
#include "agent/failure.h"
#include "agent/identity.h"
#include "agent/outcome.h"
#include "agent/reporter.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/text.h"
#include "lib/retry.h"
#include "model/manifest.h"
#include "tuf/targetpath.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMIT_AGAIN_MS 5000

static void activate(struct install *install);
static void commit(void *state);

static const char *const phase_names[] = {
    [INSTALL_IDLE] = "idle",     [INSTALL_MANIFEST] = "manifest", [INSTALL_STAGE] = "fetch",
    [INSTALL_RELOAD] = "reload", [INSTALL_ROLLBACK] = "rollback", [INSTALL_COMMIT] = "commit",
};

const char *install_phase_name(enum install_phase phase)
{
    return phase_names[phase];
}

bool install_is_revocable(const struct install *install)
{
    return install->phase <= INSTALL_STAGE;
}

bool install_fits(struct install *install, const struct state *state)
{
    const struct state_slot *slot = state_find(state, install->slot);

    if (!slot || !install->want.model ||
        memcmp(slot->manifest_sha256, install->want.manifest_sha256, DIGEST_SHA256_SIZE) != 0 ||
        !variant_equal(&slot->variant, &install->want.variant))
        return false;
    install->state_version = state->version;
    install->want.reload = slot->reload ? arena_strdup(&install->arena, slot->reload) : NULL;
    return true;
}

void install_cancel(struct install *install)
{
    if (install->phase == INSTALL_IDLE)
        return;
    http_cancel(install->parts->loop->http, install->transfer);
    install->transfer = NULL;
    stage_cancel(&install->stage);
    reload_cancel(&install->reload);
    loop_disarm(install->parts->loop, &install->again);
    free(install->manifest);
    install->manifest = NULL;
    arena_release(&install->arena);
    install->phase = INSTALL_IDLE;
}

static void finish(struct install *install, enum install_outcome outcome, int64_t retry_after_ms)
{
    install_cancel(install);
    install->done(install->state, outcome, retry_after_ms);
}

/* ---- failures before anything was switched */

static struct outcome_attempt attempt_of(const struct install *install)
{
    return (struct outcome_attempt){
        .slot = install->slot,
        .want = &install->want,
        .state_version = install->state_version,
        .duration_ms =
            (clock_monotonic_us(install->parts->loop->clock) - install->started_us) / 1000,
    };
}

/* A code that is a check's name is a detection too. artifact NULL: it is about the manifest. */
static void detect(struct install *install, const char *code, const char *artifact,
                   const char *detail)
{
    enum detection_check check = detection_parse(code);
    struct arena *arena = &install->arena;
    char variant[VARIANT_TEXT_SIZE];
    const char *file;

    if (check == DETECTION_NONE || !install->want.model)
        return;
    variant_format(&install->want.variant, variant);
    file = artifact ? targetpath_artifact(arena, install->want.model, install->want.version,
                                          variant, artifact)
                    : targetpath_manifest(arena, install->want.model, install->want.version);
    detections_add(install->parts->detections, check, NULL, file, detail);
}

/* It will fail again: reported, remembered, and not tried until the desired state changes. */
static void refuse(struct install *install, const char *code, const char *detail)
{
    struct outcome_attempt attempt = attempt_of(install);

    log_line(LOG_ERROR, "slot '%s': not installing %s %s: %s", install->slot, install->want.model,
             install->want.version, detail);
    detect(install, code, NULL, detail);
    if (outcome_failed(install->parts, &attempt, code, detail)) {
        finish(install, INSTALL_E_RETRY, -1);
        return;
    }
    finish(install, INSTALL_E_FAILED, -1);
}

/* It may work later; said of the slot once for each reason, and never of the mere network. */
static void postpone(struct install *install, const struct stage_result *why)
{
    struct outcome_attempt attempt = attempt_of(install);

    log_line(LOG_WARN, "slot '%s': %s %s is not there yet: %s", install->slot, install->want.model,
             install->want.version, why->detail);
    detect(install, why->code, why->artifact, why->detail);
    if (detection_parse(why->code) != DETECTION_UNREACHABLE &&
        outcome_delayed(install->parts, &attempt, why->code, why->detail))
        log_line(LOG_WARN, "slot '%s': the delay could not be reported", install->slot);
    finish(install, INSTALL_E_RETRY, why->retry_after_ms);
}

static void postpone_for(struct install *install, const char *code, const char *detail)
{
    postpone(install, &(struct stage_result){.code = code, .detail = detail, .retry_after_ms = -1});
}

/* What the system did not let us do. */
static void postpone_system(struct install *install, int r, const char *what)
{
    if (r == ERR_NO_SPACE)
        postpone_for(install, "disk-full", "the disk is full: free some space");
    else
        postpone_for(install, "system-error", what);
}

/* ---- the manifest */

static void start_stage(struct install *install);

/* An application still holds the damaged version, or it is what serves: it stays as it is. */
static void replace_damaged(struct install *install, const char *detail)
{
    char current[SLOT_ID_SIZE] = "";
    char previous[SLOT_ID_SIZE] = "";
    const struct store *store = install->parts->store;
    int r = slot_resolve(store, install->slot, SLOT_LINK_CURRENT, current);

    if (r > 0 || (!r && strcmp(current, install->stage.id) == 0)) {
        refuse(install, "damaged", detail);
        return;
    }
    if (!r && slot_resolve(store, install->slot, SLOT_LINK_PREVIOUS, previous) == 0 &&
        strcmp(previous, install->stage.id) == 0)
        r = slot_unlink_previous(store, install->slot);
    if (!r)
        r = slot_remove_version(store, install->slot, install->stage.id);
    if (r)
        postpone_for(install, "damaged", "the installed version is damaged and in use");
    else
        start_stage(install);
}

static void on_staged(void *state, const struct stage_result *result)
{
    struct install *install = state;

    if (result->outcome == STAGE_OK)
        activate(install);
    else if (result->outcome == STAGE_E_BROKEN)
        replace_damaged(install, result->detail);
    else
        postpone(install, result);
}

static void start_stage(struct install *install)
{
    int r;

    install->phase = INSTALL_STAGE;
    r = slot_create(install->parts->store, install->slot);
    if (!r)
        r = stage_start(&install->stage, install->parts, install->slot, &install->version,
                        install->manifest, install->manifest_size, on_staged, install);
    if (r)
        postpone_system(install, r, "the slot's directory cannot be prepared, the log says why");
}

static void use_manifest(struct install *install)
{
    const struct examine_order order = {
        .want = &install->want,
        .agreed = install->agreed.artifact_count ? &install->agreed : NULL,
        .manifest = install->manifest,
        .manifest_size = install->manifest_size,
    };
    char detail[EXAMINE_DETAIL_SIZE] = "";
    const char *code =
        examine_manifest(install->parts, &order, &install->arena, &install->version, detail);

    if (code)
        refuse(install, code, detail);
    else
        start_stage(install);
}

static bool is_the_manifest(const struct install *install, const char *bytes, size_t size)
{
    uint8_t digest[DIGEST_SHA256_SIZE];

    if ((int64_t)size != install->want.manifest_length)
        return false;
    digest_sha256(bytes, size, digest);
    return memcmp(digest, install->want.manifest_sha256, sizeof(digest)) == 0;
}

static void on_manifest(void *state, int outcome, struct http_response *response)
{
    struct install *install = state;
    char text[HTTP_ERROR_SIZE + 200];
    int64_t retry_after_ms = retry_parse_after(http_response_header(response, "Retry-After"),
                                               clock_wall_ms(install->parts->loop->clock));

    install->transfer = NULL;
    http_response_explain(response, text, sizeof(text));
    if (outcome || response->status != 200) {
        postpone(install, &(struct stage_result){
                              .code = detection_name(failure_check(outcome, response->status)),
                              .detail = text,
                              .retry_after_ms = retry_after_ms});
        return;
    }
    if (!response->body.bytes ||
        !is_the_manifest(install, response->body.bytes, response->body.size)) {
        postpone_for(install, "wrong-bytes", "the manifest has other bytes than were promised");
        return;
    }
    install->manifest = TAKE_PTR(response->body.bytes);
    install->manifest_size = response->body.size;
    response->body = (struct buffer){0};
    use_manifest(install);
}

static int request_manifest(struct install *install)
{
    struct http_request request = {.token = install->parts->identity->token};
    char url[IDENTITY_URL_SIZE + 128];
    char hex[DIGEST_SHA256_HEX_SIZE];

    text_hex(install->want.manifest_sha256, DIGEST_SHA256_SIZE, hex);
    (void)snprintf(url, sizeof(url), "%s/device/v1/manifests/%s", install->parts->url, hex);
    request.url = url;
    request.response_bytes_max = MANIFEST_SIZE_MAX;
    request.state = install;
    return http_start(install->parts->loop->http, &request, on_manifest, &install->transfer);
}

static void copy_agreed(struct install *install, const struct agreement_slot *agreed)
{
    install->agreed = (struct agreement_slot){.artifact_count = agreed->artifact_count};
    install->agreed.artifacts = arena_memdup(&install->arena, agreed->artifacts,
                                             agreed->artifact_count * sizeof(*agreed->artifacts));
    for (size_t i = 0; i < agreed->artifact_count; i++)
        install->agreed.artifacts[i].name =
            arena_strdup(&install->arena, agreed->artifacts[i].name);
}

static void copy_want(struct install *install, const struct state_slot *want)
{
    struct arena *arena = &install->arena;

    install->want = *want;
    install->want.name = install->slot;
    install->want.model = arena_strdup(arena, want->model);
    install->want.version = arena_strdup(arena, want->version);
    install->want.role = arena_strdup(arena, want->role);
    install->want.reload = want->reload ? arena_strdup(arena, want->reload) : NULL;
    install->want.variant.runtime = arena_strdup(arena, want->variant.runtime);
    install->want.variant.hardware = arena_strdup(arena, want->variant.hardware);
    install->want.variant.precision = arena_strdup(arena, want->variant.precision);
}

static void begin(struct install *install, const struct parts *parts, const char *slot,
                  void (*done)(void *state, enum install_outcome outcome, int64_t retry_after_ms),
                  void *state)
{
    *install = (struct install){.parts = parts, .done = done, .state = state};
    (void)snprintf(install->slot, sizeof(install->slot), "%s", slot);
    install->again = (struct loop_timer){.fire = commit, .state = install};
    install->started_us = clock_monotonic_us(parts->loop->clock);
}

int install_start(struct install *install, const struct parts *parts,
                  const struct install_order *order,
                  void (*done)(void *state, enum install_outcome outcome, int64_t retry_after_ms),
                  void *state)
{
    const struct state_slot *want = order->want;
    int r;

    begin(install, parts, want->name, done, state);
    install->phase = INSTALL_MANIFEST;
    install->state_version = order->state_version;
    copy_want(install, want);
    if (order->agreed)
        copy_agreed(install, order->agreed);
    log_line(LOG_INFO, "slot '%s': installing %s %s", install->slot, want->model, want->version);
    r = request_manifest(install);
    if (r)
        install_cancel(install);
    return r;
}

/* ---- from here on the journal says where we are */

static int record_step(struct install *install, enum journal_step step)
{
    install->record.step = step;
    return journal_write(install->parts->store, install->slot, &install->record);
}

static void on_reloaded(void *state, const struct reload_result *result);

static void start_reload(struct install *install, const char *id)
{
    const struct config *config = install->parts->config;

    reload_start(&install->reload, install->parts->loop, install->parts->ipc,
                 config_reload_rule(config, install->slot, install->record.reload), install->slot,
                 id, config->reload_timeout_ms, on_reloaded, install);
}

/* Both links are renamed into place: at every moment each names a whole version. */
static int switch_links(const struct install *install)
{
    const struct store *store = install->parts->store;
    const struct journal_record *record = &install->record;
    int r = 0;

    if (record->previous_id[0])
        r = slot_point(store, install->slot, SLOT_LINK_PREVIOUS, record->previous_id);
    if (r == SLOT_E_NONE) /* somebody removed it by hand: there is nothing to go back to */
        r = 0;
    return r ? r : slot_point(store, install->slot, SLOT_LINK_CURRENT, record->id);
}

static int switch_back(const struct install *install)
{
    const struct store *store = install->parts->store;
    const struct journal_record *record = &install->record;
    int r;

    if (!record->previous_id[0])
        return 0; /* the first version of the slot stays: it is verified, and better than nothing */
    r = slot_point(store, install->slot, SLOT_LINK_CURRENT, record->previous_id);
    if (r)
        return r;
    if (!record->older_id[0])
        return slot_unlink_previous(store, install->slot);
    r = slot_point(store, install->slot, SLOT_LINK_PREVIOUS, record->older_id);
    return r == SLOT_E_NONE ? slot_unlink_previous(store, install->slot) : r;
}

static void activate_recorded(struct install *install)
{
    int r = switch_links(install);

    if (!r)
        r = record_step(install, JOURNAL_RELOAD);
    if (r) { /* the journal stays: what can be done is done at the next start or retry */
        postpone_system(install, r, "the slot cannot be switched, the log says why");
        return;
    }
    install->phase = INSTALL_RELOAD;
    start_reload(install, install->record.id);
}

static void note_reload(const struct state_slot *want, struct journal_record *record)
{
    (void)snprintf(record->reload, sizeof(record->reload), "%s", want->reload ? want->reload : "");
}

static void activate(struct install *install)
{
    const struct store *store = install->parts->store;
    struct journal_record *record = &install->record;
    int r;

    *record = (struct journal_record){.state_version = install->state_version, .gap_us = -1};
    record->started_ms = clock_wall_ms(install->parts->loop->clock);
    record->duration_ms =
        (clock_monotonic_us(install->parts->loop->clock) - install->started_us) / 1000;
    (void)snprintf(record->id, sizeof(record->id), "%s", install->stage.id);
    (void)snprintf(record->gap_source, sizeof(record->gap_source), "none");
    note_reload(&install->want, record);
    r = slot_resolve(store, install->slot, SLOT_LINK_CURRENT, record->previous_id);
    if (r >= 0)
        r = slot_resolve(store, install->slot, SLOT_LINK_PREVIOUS, record->older_id);
    if (strcmp(record->previous_id, record->id) == 0)
        record->previous_id[0] = '\0'; /* it is current already, and only reloaded */
    if (r >= 0)
        r = record_step(install, JOURNAL_ACTIVATE);
    if (r < 0) {
        postpone_system(install, r, "the journal cannot be written, the log says why");
        return;
    }
    activate_recorded(install);
}

static void start_commit(struct install *install)
{
    install->phase = INSTALL_COMMIT;
    commit(install);
}

static void roll_back(struct install *install)
{
    install->phase = INSTALL_ROLLBACK;
    log_line(LOG_ERROR, "slot '%s': going back: %s", install->slot, install->record.error_detail);
    if (record_step(install, JOURNAL_ROLLBACK) || switch_back(install)) {
        loop_arm(install->parts->loop, &install->again, COMMIT_AGAIN_MS);
        return;
    }
    if (install->record.previous_id[0])
        start_reload(install, install->record.previous_id);
    else
        start_commit(install);
}

static void on_reloaded(void *state, const struct reload_result *result)
{
    struct install *install = state;
    struct journal_record *record = &install->record;

    if (install->phase == INSTALL_ROLLBACK) {
        if (result->failed)
            log_line(LOG_ERROR, "slot '%s': the application does not take the old model back: %s",
                     install->slot, result->detail);
        start_commit(install);
        return;
    }
    record->gap_us = result->gap_us;
    (void)snprintf(record->gap_source, sizeof(record->gap_source), "%s", result->gap_source);
    if (!result->failed) {
        start_commit(install);
        return;
    }
    (void)snprintf(record->error_code, sizeof(record->error_code), "reload-failed");
    (void)snprintf(record->error_detail, sizeof(record->error_detail), "%s", result->detail);
    roll_back(install);
}

/* What serves now is what older releases are measured against. */
static int raise_counter(const struct install *install)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const struct store *store = install->parts->store;
    struct slot_version version;
    int r = slot_load_version(store, install->slot, install->record.id, &arena, &version);

    if (r)
        return r < 0 ? r : 0;
    return counters_raise(store, version.model, version.release_counter);
}

static int commit_steps(struct install *install)
{
    const struct parts *parts = install->parts;
    struct journal_record *record = &install->record;
    int r = 0;

    if (!record->sequence)
        r = reporter_sequence(parts->reporter, &record->sequence);
    if (!r)
        r = record_step(install, JOURNAL_COMMIT);
    if (!r && !record->error_code[0])
        r = raise_counter(install);
    if (!r)
        r = outcome_commit(parts, install->slot, record);
    if (!r)
        r = journal_clear(parts->store, install->slot);
    if (!r)
        r = slot_prune(parts->store, install->slot);
    if (!r)
        r = stage_sweep(parts->store, install->slot);
    return r;
}

/* What the disk does not take now is done again: the slot serves meanwhile. */
static void commit(void *state)
{
    struct install *install = state;
    bool failed = install->record.error_code[0] != '\0';

    if (install->phase == INSTALL_ROLLBACK) {
        roll_back(install);
        return;
    }
    if (commit_steps(install)) {
        loop_arm(install->parts->loop, &install->again, COMMIT_AGAIN_MS);
        return;
    }
    if (!failed)
        log_line(LOG_INFO, "slot '%s': serving '%s'", install->slot, install->record.id);
    reporter_deliver(install->parts->reporter, true);
    finish(install, failed ? INSTALL_E_FAILED : INSTALL_DONE, -1);
}

int install_recover(struct install *install, const struct parts *parts, const char *slot,
                    void (*done)(void *state, enum install_outcome outcome, int64_t retry_after_ms),
                    void *state)
{
    struct journal_record record;
    int r = journal_read(parts->store, slot, &record);

    if (r)
        return r;
    begin(install, parts, slot, done, state);
    install->record = record;
    install->state_version = record.state_version;
    log_line(LOG_INFO, "slot '%s': going on with '%s' of '%s'", slot,
             journal_step_name(record.step), record.id);
    if (record.step == JOURNAL_ACTIVATE) {
        r = switch_links(install);
        if (r == SLOT_E_NONE) { /* its version is gone: as if it had never begun */
            r = journal_clear(parts->store, slot);
            return r ? r : JOURNAL_E_NONE;
        }
        if (!r)
            r = record_step(install, JOURNAL_RELOAD);
        if (r)
            return r;
    }
    install->phase = record.step == JOURNAL_ROLLBACK ? INSTALL_ROLLBACK
                     : record.step == JOURNAL_COMMIT ? INSTALL_COMMIT
                                                     : INSTALL_RELOAD;
    if (install->phase == INSTALL_RELOAD)
        start_reload(install, record.id);
    else
        loop_arm(parts->loop, &install->again, 0);
    return 0;
}

/* ---- slots that need nothing but a word */

int install_adopt(const struct parts *parts, const struct state_slot *want, int64_t state_version)
{
    struct journal_record record = {
        .state_version = state_version, .gap_us = -1, .duration_ms = -1, .gap_source = "none"};
    int r = slot_resolve(parts->store, want->name, SLOT_LINK_CURRENT, record.id);

    note_reload(want, &record);
    if (!r)
        r = reporter_sequence(parts->reporter, &record.sequence);
    if (!r)
        r = outcome_commit(parts, want->name, &record);
    return r > 0 ? log_fail(ERR_INTERNAL, "slot '%s' lost its link meanwhile", want->name) : r;
}

int install_disown(const struct parts *parts, const char *slot, int64_t state_version)
{
    return outcome_removed(parts, slot, state_version);
}
