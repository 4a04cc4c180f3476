/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/uptane.h"

#include "agent/config.h"
#include "agent/detections.h"
#include "agent/failure.h"
#include "agent/identity.h"
#include "agent/trust.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "lib/metadir.h"
#include "lib/retry.h"
#include "tuf/canon.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BUNDLE_FILE "bundle"
#define BUNDLE_BYTES_MAX ((size_t)4 << 20)
#define FILE_TIMEOUT_MS 60000
#define URL_SIZE (IDENTITY_URL_SIZE + METADATA_SOURCE_NAME_MAX + 128)

/* A device's memory is small, and JSON grows tenfold when it is read. */
static const struct updater_limits limits = {
    .root_bytes = 128 << 10,
    .timestamp_bytes = 16 << 10,
    .snapshot_bytes = 1 << 20,
    .targets_bytes = 2 << 20,
    .root_rotations = 256,
    .delegations = 32,
};

static void go_on(struct uptane *uptane);

/* ---- ending */

static void forget_round(struct uptane *uptane)
{
    if (uptane->parts)
        http_cancel(uptane->parts->loop->http, uptane->transfer);
    uptane->transfer = NULL;
    for (size_t i = 0; i < ROOTS_REPOSITORIES; i++) {
        updater_free(uptane->updaters[i]);
        uptane->updaters[i] = NULL;
        metadata_source_release(&uptane->sources[i]);
    }
    json_decref(uptane->bundle);
    uptane->bundle = NULL;
    uptane->phase = UPTANE_IDLE;
}

void uptane_cancel(struct uptane *uptane)
{
    if (uptane->phase != UPTANE_IDLE)
        forget_round(uptane);
}

void uptane_release(struct uptane *uptane)
{
    uptane_cancel(uptane);
    agreement_release(&uptane->agreement);
    *uptane = (struct uptane){0};
}

bool uptane_is_busy(const struct uptane *uptane)
{
    return uptane->phase != UPTANE_IDLE;
}

static void finish(struct uptane *uptane, bool agreed)
{
    int64_t retry_after_ms = uptane->retry_after_ms;

    forget_round(uptane);
    uptane->done(uptane->state, agreed, retry_after_ms);
}

static void detect(const struct uptane *uptane, enum detection_check check, const char *repository,
                   const char *file, const char *detail)
{
    detections_add(uptane->parts->detections, check, repository, file, detail);
}

static void fail_fault(struct uptane *uptane, const struct agreement_fault *fault)
{
    detect(uptane, fault->check, fault->repository, fault->file, fault->detail);
    finish(uptane, false);
}

/*
 * Our own disk is at fault. Where it is not just full, what is stored may be beyond reading: the
 * next refresh starts at the pinned root again.
 */
static void fail_local(struct uptane *uptane, enum roots_repository repository, int r)
{
    bool full = r == ERR_NO_SPACE;

    detect(uptane, DETECTION_UNKEPT, roots_name(repository), "metadata",
           full ? "the disk is full: free some space, the agent tries again by itself"
                : "it cannot be read or written, the log says why; it is fetched anew");
    if (!full && r != ERR_NO_MEMORY && roots_forget(uptane->parts->store, repository))
        log_line(LOG_WARN, "damaged metadata of the %s stays", roots_name(repository));
    finish(uptane, false);
}

/* ---- transfers */

/* Returns 0 or UPDATER_FETCH_E_*; remembers what went wrong. */
static int judge(struct uptane *uptane, int outcome, struct http_response *response)
{
    if (!outcome && response->status == 200)
        return 0;
    uptane->trouble = failure_check(outcome, response->status);
    http_response_explain(response, uptane->trouble_detail, sizeof(uptane->trouble_detail));
    uptane->retry_after_ms = retry_parse_after(http_response_header(response, "Retry-After"),
                                               clock_wall_ms(uptane->parts->loop->clock));
    if (outcome == HTTP_E_TOO_LARGE)
        return UPDATER_FETCH_E_TOO_LONG;
    return !outcome && response->status == 404 ? UPDATER_FETCH_E_MISSING : UPDATER_FETCH_E_FAILED;
}

static int start_transfer(struct uptane *uptane, const char *url, size_t bytes_max,
                          void (*done)(void *state, int outcome, struct http_response *response))
{
    struct http_request request = {
        .url = url,
        .token = uptane->parts->identity->token,
        .response_bytes_max = bytes_max,
        .timeout_ms = FILE_TIMEOUT_MS,
        .state = uptane,
    };

    return http_start(uptane->parts->loop->http, &request, done, &uptane->transfer);
}

static void on_file(void *state, int outcome, struct http_response *response)
{
    struct uptane *uptane = state;
    struct metadata_source *source = &uptane->sources[uptane->fetching];
    int judged = judge(uptane, outcome, response);

    uptane->transfer = NULL;
    if (metadata_source_give(source, judged, &response->body)) {
        finish(uptane, false);
        return;
    }
    go_on(uptane);
}

static void fetch_wanted(struct uptane *uptane, enum roots_repository repository)
{
    const struct metadata_source *source = &uptane->sources[repository];
    const struct parts *parts = uptane->parts;
    char url[URL_SIZE];

    if (repository == ROOTS_DIRECTOR)
        (void)snprintf(url, sizeof(url), "%s/device/v1/director/%s", parts->url, source->wanted);
    else
        (void)snprintf(url, sizeof(url), "%s/tuf/%s/metadata/%s", parts->url,
                       parts->trust->roots.workspace, source->wanted);
    uptane->fetching = repository;
    if (++uptane->fetches > limits.root_rotations + limits.delegations) {
        detect(uptane, DETECTION_ENDLESS_DATA, roots_name(repository), source->wanted,
               "one refresh needs more files than can be honest");
        finish(uptane, false);
        return;
    }
    if (start_transfer(uptane, url, source->wanted_bytes_max, on_file))
        finish(uptane, false);
}

/* ---- one repository */

enum {
    WAITING = 1, /* a file is on its way */
    ENDED = 2,   /* done was called */
};

/* An updater's refusal: something is missing yet, or something is wrong. */
static void refuse(struct uptane *uptane, enum roots_repository repository,
                   const struct updater *updater, int cause)
{
    const struct reason *reason = updater_reason(updater);
    const struct metadata_source *source = &uptane->sources[repository];
    enum detection_check check = agreement_check_of(cause);
    const char *detail = reason_detail(reason);

    if (cause == UPDATER_E_FETCH && source->outcome == UPDATER_FETCH_E_MISSING) {
        check = DETECTION_MISSING;
    } else if (cause == UPDATER_E_FETCH && uptane->trouble != DETECTION_NONE) {
        check = uptane->trouble;
        detail = uptane->trouble_detail;
    }
    detect(uptane, check, roots_name(repository), reason->file[0] ? reason->file : "metadata",
           detail);
    finish(uptane, false);
}

static int run_updater(struct uptane *uptane, enum roots_repository repository,
                       struct updater **ret_updater)
{
    const struct parts *parts = uptane->parts;
    char *directory = uptane->directories[repository];
    struct updater_config config = {.limits = limits, .now_ms = uptane->now_ms};
    int r = roots_directory(parts->store, repository, directory);

    if (!r)
        r = roots_restore(parts->store, &parts->trust->roots, repository);
    if (r)
        return r;
    config.source = metadata_source_updater(&uptane->sources[repository]);
    config.store = metadir_store(directory);
    r = updater_new(&config, ret_updater);
    return r ? r : updater_refresh(*ret_updater);
}

static int refresh(struct uptane *uptane, enum roots_repository repository)
{
    struct updater *updater = NULL;
    int r = run_updater(uptane, repository, &updater);

    if (r == UPDATER_E_FETCH && metadata_source_wants(&uptane->sources[repository])) {
        updater_free(updater);
        fetch_wanted(uptane, repository);
        return WAITING;
    }
    if (!r) {
        uptane->updaters[repository] = updater;
        return 0;
    }
    if (r < 0)
        fail_local(uptane, repository, r);
    else
        refuse(uptane, repository, updater, r);
    updater_free(updater);
    return ENDED;
}

/* ---- what they agree on */

/* What serves and is no longer listed goes on; it is only said. */
static int check_installed(void *state, const char *slot)
{
    struct uptane *uptane = state;
    CLEANUP(arena_release) struct arena arena = {0};
    struct agreement_fault fault;
    struct slot_version version;
    char id[SLOT_ID_SIZE];
    int r = slot_resolve(uptane->parts->store, slot, SLOT_LINK_CURRENT, id);

    if (!r)
        r = slot_load_version(uptane->parts->store, slot, id, &arena, &version);
    if (r)
        return r < 0 ? r : 0;
    r = agreement_check_installed(uptane->updaters[ROOTS_IMAGE], &version, slot, &arena, &fault);
    if (r != AGREEMENT_E_FAULT)
        return r;
    detect(uptane, fault.check, fault.repository, fault.file, fault.detail);
    return 0;
}

/* A director that is behind what the server says itself is an old one, replayed. */
static void check_state_version(struct uptane *uptane, const struct agreement *agreement)
{
    char detail[128];

    uptane->behind =
        agreement->state.version >= 0 && agreement->state.version < uptane->state_version;
    if (!uptane->behind)
        return;
    (void)snprintf(detail, sizeof(detail),
                   "it is about desired state %" PRId64 ", the server's is %" PRId64,
                   agreement->state.version, uptane->state_version);
    detect(uptane, DETECTION_FREEZE, roots_name(ROOTS_DIRECTOR), "targets.json", detail);
}

/* Half of what is left of the file that expires first. */
static void note_freshness(struct uptane *uptane)
{
    static const struct {
        enum roots_repository repository;
        enum metadata_type type;
    } online[] = {
        {ROOTS_DIRECTOR, METADATA_TIMESTAMP},
        {ROOTS_DIRECTOR, METADATA_SNAPSHOT },
        {ROOTS_DIRECTOR, METADATA_TARGETS  },
        {ROOTS_IMAGE,    METADATA_TIMESTAMP},
        {ROOTS_IMAGE,    METADATA_SNAPSHOT },
    };
    int64_t first_ms = INT64_MAX;

    for (size_t i = 0; i < ARRAY_LEN(online); i++) {
        const struct metadata *file =
            updater_file(uptane->updaters[online[i].repository], online[i].type);

        if (file->expires_ms < first_ms)
            first_ms = file->expires_ms;
    }
    uptane->fresh_ms = (first_ms - uptane->now_ms) / 2;
}

static int try_agreement(struct uptane *uptane, struct agreement *agreement,
                         struct agreement_fault *fault)
{
    const struct parts *parts = uptane->parts;
    const struct agreement_device device = {
        .workspace = parts->trust->roots.workspace,
        .id = parts->identity->device_id,
        .capabilities = parts->config->facts.capabilities,
        .capability_count = parts->config->facts.capability_count,
    };
    int r =
        agreement_make(&device, updater_file(uptane->updaters[ROOTS_DIRECTOR], METADATA_TARGETS),
                       uptane->updaters[ROOTS_IMAGE], agreement, fault);

    return r ? r : slot_each(parts->store, check_installed, uptane);
}

static void agree(struct uptane *uptane)
{
    CLEANUP(agreement_release) struct agreement agreement = {0};
    struct agreement_fault fault = {0};
    int r = try_agreement(uptane, &agreement, &fault);

    if (r == AGREEMENT_E_FETCH && metadata_source_wants(&uptane->sources[ROOTS_IMAGE]))
        fetch_wanted(uptane, ROOTS_IMAGE);
    else if (r == AGREEMENT_E_FETCH)
        refuse(uptane, ROOTS_IMAGE, uptane->updaters[ROOTS_IMAGE], UPDATER_E_FETCH);
    else if (r == AGREEMENT_E_FAULT)
        fail_fault(uptane, &fault);
    else if (r < 0)
        fail_local(uptane, ROOTS_IMAGE, r);
    if (r)
        return;
    check_state_version(uptane, &agreement);
    note_freshness(uptane);
    agreement_release(&uptane->agreement);
    uptane->agreement = agreement;
    agreement = (struct agreement){0};
    uptane->agreed = true;
    finish(uptane, true);
}

static void go_on(struct uptane *uptane)
{
    for (enum roots_repository i = 0; i < ROOTS_REPOSITORIES; i++)
        if (!uptane->updaters[i] && refresh(uptane, i))
            return;
    agree(uptane);
}

/* ---- the bundle */

static void take_bundle(struct uptane *uptane, const struct http_response *response)
{
    struct fields_error error = {0};

    if (canon_parse(response->body.bytes ? response->body.bytes : "", response->body.size,
                    BUNDLE_BYTES_MAX, &uptane->bundle, &error)) {
        detect(uptane, DETECTION_MALFORMED, NULL, BUNDLE_FILE, error.text);
        return;
    }
    for (size_t i = 0; i < ROOTS_REPOSITORIES; i++)
        uptane->sources[i].bundle =
            json_object_get(uptane->bundle, roots_name((enum roots_repository)i));
}

/* Without a bundle there are the files one by one; what is wrong with it is said all the same. */
static void on_bundle(void *state, int outcome, struct http_response *response)
{
    struct uptane *uptane = state;

    uptane->transfer = NULL;
    uptane->phase = UPTANE_FILES;
    if (judge(uptane, outcome, response) == 0)
        take_bundle(uptane, response);
    else if (uptane->trouble == DETECTION_ENDLESS_DATA ||
             uptane->trouble == DETECTION_SLOW_RETRIEVAL)
        detect(uptane, uptane->trouble, NULL, BUNDLE_FILE, uptane->trouble_detail);
    buffer_release(&response->body);
    go_on(uptane);
}

/* 0: nothing usable is stored. */
static int64_t stored_version(const struct uptane *uptane, enum roots_repository repository,
                              const char *role)
{
    AUTO_FREE char *bytes = NULL;
    json_auto_t *document = NULL;
    char path[128];
    size_t size;

    (void)snprintf(path, sizeof(path), "metadata/%s/%s.json", roots_name(repository), role);
    if (file_read(uptane->parts->store->dir_fd, path, limits.targets_bytes, &bytes, &size))
        return 0;
    document = json_loadb(bytes, size, 0, NULL);
    return json_integer_value(json_object_get(json_object_get(document, "signed"), "version"));
}

/* Where nothing is stored the way begins at the pinned root. */
static int64_t root_version(const struct uptane *uptane, enum roots_repository repository)
{
    int64_t stored = stored_version(uptane, repository, "root");
    json_auto_t *pinned = NULL;

    if (stored)
        return stored;
    pinned = json_loads(uptane->parts->trust->roots.texts[repository], 0, NULL);
    return json_integer_value(json_object_get(json_object_get(pinned, "signed"), "version"));
}

int uptane_start(struct uptane *uptane, const struct parts *parts, int64_t state_version,
                 void (*done)(void *state, bool agreed, int64_t retry_after_ms), void *state)
{
    char url[URL_SIZE];
    int r;

    uptane_cancel(uptane);
    uptane->parts = parts;
    uptane->done = done;
    uptane->state = state;
    uptane->now_ms = clock_wall_ms(parts->loop->clock);
    uptane->state_version = state_version;
    uptane->fetches = 0;
    uptane->retry_after_ms = -1;
    uptane->trouble = DETECTION_NONE;
    (void)snprintf(url, sizeof(url),
                   "%s/device/v1/bundle?director=%" PRId64 "&image=%" PRId64 "&snapshot=%" PRId64
                   "&targets=%" PRId64,
                   parts->url, root_version(uptane, ROOTS_DIRECTOR),
                   root_version(uptane, ROOTS_IMAGE),
                   stored_version(uptane, ROOTS_IMAGE, "snapshot"),
                   stored_version(uptane, ROOTS_IMAGE, "targets"));
    r = start_transfer(uptane, url, BUNDLE_BYTES_MAX, on_bundle);
    if (!r)
        uptane->phase = UPTANE_BUNDLE;
    return r;
}
