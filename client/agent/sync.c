/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sync.h"

#include "agent/config.h"
#include "agent/detections.h"
#include "agent/fetch.h"
#include "agent/identity.h"
#include "agent/outcome.h"
#include "agent/reporter.h"
#include "agent/slot.h"
#include "agent/trust.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "tuf/canon.h"
#include "tuf/targetpath.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STATE_FILE "metadata/state.json"

DEFINE_CLEANUP(cleanup_json, json_t *, json_decref);

static void work(struct sync *sync);
static void begin_round(struct sync *sync);
static void recover_next(struct sync *sync);

static bool trusts_roots(const struct sync *sync)
{
    return sync->parts->trust->mode == TRUST_ROOTS;
}

/* What the device shall run; NULL: that is not known yet. */
static const struct state *goal_of(const struct sync *sync)
{
    if (trusts_roots(sync))
        return sync->uptane.agreed ? &sync->uptane.agreement.state : NULL;
    return sync->has_state ? &sync->state : NULL;
}

static int64_t goal_version(const struct sync *sync)
{
    int64_t version = goal_of(sync)->version;

    return version < 0 ? sync->state.version : version;
}

static void on_retry(void *state)
{
    struct sync *sync = state;

    if (sync->transfer)
        begin_round(sync); /* a long poll is out there: go on with what we know */
    else
        sync_ask(sync, 0);
}

/* The refresh waits for the server's next answer: away is no reason to fail. */
static void on_stale(void *state)
{
    struct sync *sync = state;

    sync->stale = true;
    on_retry(sync);
}

void sync_init(struct sync *sync, const struct parts *parts, const struct retry *retry)
{
    *sync = (struct sync){.parts = parts, .retry = *retry};
    sync->retry_timer = (struct loop_timer){.fire = on_retry, .state = sync};
    sync->fresh_timer = (struct loop_timer){.fire = on_stale, .state = sync};
}

static void settle(struct sync *sync)
{
    if (sync->settled)
        sync->settled(sync->state_of_owner);
}

static void try_later(struct sync *sync, int64_t retry_after_ms)
{
    int64_t wait_ms;

    if (sync->once)
        return;
    wait_ms = retry_failed(&sync->retry, retry_after_ms);
    log_line(LOG_INFO, "trying again in %" PRId64 " ms", wait_ms);
    loop_arm(sync->parts->loop, &sync->retry_timer, wait_ms);
}

/* ---- what there is */

struct inventory {
    const struct store *store;
    struct arena *arena;
    struct plan_have *have;
    size_t count;
};

static int take_stock_of(void *state, const char *slot)
{
    struct inventory *inventory = state;
    struct plan_have *have;
    struct slot_status status;
    struct slot_version version;
    char id[SLOT_ID_SIZE];
    int r;

    if (inventory->count == 2 * STATE_SLOTS_MAX)
        return 0;
    have = &inventory->have[inventory->count];
    r = slot_load_status(inventory->store, slot, &status);
    if (r)
        return r;
    *have = (struct plan_have){.slot = arena_strdup(inventory->arena, slot),
                               .managed = status.managed,
                               .failed_state_version = status.failed_state_version,
                               .failed_manifest =
                                   arena_strdup(inventory->arena, status.failed_manifest)};
    r = slot_resolve(inventory->store, slot, SLOT_LINK_CURRENT, id);
    if (!r)
        r = slot_load_version(inventory->store, slot, id, inventory->arena, &version);
    if (r < 0)
        return r;
    if (r == SLOT_E_BROKEN)
        log_line(LOG_WARN, "slot '%s' is damaged, installing it anew", slot);
    if (!r) {
        have->manifest_sha256 = version.manifest_sha256;
        have->variant = version.variant;
    }
    inventory->count++;
    return 0;
}

static int take_stock(struct sync *sync, struct inventory *inventory)
{
    *inventory = (struct inventory){.store = sync->parts->store, .arena = &sync->plan_arena};
    inventory->have = arena_array(&sync->plan_arena, 2 * STATE_SLOTS_MAX, sizeof(*inventory->have));
    return slot_each(sync->parts->store, take_stock_of, inventory);
}

/* ---- working the plan off */

/* What was found wrong is known now: says so where that is news. */
static void tell_detections(struct sync *sync)
{
    const struct parts *parts = sync->parts;

    detections_settle(parts->detections);
    if (detections_are_news(parts->detections) && outcome_detected(parts, sync->state.version))
        log_line(LOG_WARN, "what was detected could not be reported");
}

static void end_round(struct sync *sync)
{
    sync->working = false;
    if (!sync->replan)
        tell_detections(sync);
    if (goal_of(sync) && !sync->delayed && !sync->replan &&
        fetch_sweep(sync->parts->store, NULL, 0))
        log_line(LOG_WARN, "what is left of downloads stays");
    if (sync->delayed)
        try_later(sync, sync->retry_after_ms);
    else
        retry_succeeded(&sync->retry);
    reporter_deliver(sync->parts->reporter, false);
    if (sync->replan)
        work(sync);
    else
        settle(sync);
}

static void next_step(struct sync *sync);

static void on_installed(void *state, enum install_outcome outcome, int64_t retry_after_ms)
{
    struct sync *sync = state;

    if (outcome == INSTALL_E_RETRY) {
        sync->delayed = true;
        if (retry_after_ms > sync->retry_after_ms)
            sync->retry_after_ms = retry_after_ms;
    }
    if (outcome == INSTALL_E_FAILED)
        sync->failed = true;
    sync->step_index++;
    if (sync->replan)
        work(sync);
    else
        next_step(sync);
}

/* The slot cannot be had as the director says: it stays as it is, and that is said. */
static int refuse_step(struct sync *sync, const struct plan_step *step,
                       const struct agreement_fault *fault)
{
    struct outcome_attempt attempt = {.slot = step->slot,
                                      .want = step->want,
                                      .state_version = goal_version(sync),
                                      .duration_ms = REPORT_GAP_NONE};

    detections_add(sync->parts->detections, fault->check, fault->repository, fault->file,
                   fault->detail);
    sync->delayed = true;
    return outcome_delayed(sync->parts, &attempt, detection_name(fault->check), fault->detail);
}

/* A failure that stands is still one. */
static void skip(struct sync *sync, const struct plan_step *step)
{
    struct slot_status status;
    enum detection_check check;

    log_line(LOG_INFO, "slot '%s': %s %s failed before, not trying it again", step->slot,
             step->want->model, step->want->version);
    sync->failed = true;
    if (slot_load_status(sync->parts->store, step->slot, &status))
        return;
    check = detection_parse(status.failed_code);
    if (check != DETECTION_NONE)
        detections_add(
            sync->parts->detections, check, NULL,
            targetpath_manifest(&sync->plan_arena, step->want->model, step->want->version),
            status.failed_detail);
}

/* Returns 1 where it goes on in the background. */
static int do_step(struct sync *sync, const struct plan_step *step)
{
    const struct parts *parts = sync->parts;
    const struct agreement_slot *agreed =
        trusts_roots(sync) ? agreement_find(&sync->uptane.agreement, step->slot) : NULL;
    int r = 0;

    if (agreed && agreed->fault.check != DETECTION_NONE && step->action == PLAN_INSTALL)
        return refuse_step(sync, step, &agreed->fault);
    switch (step->action) {
    case PLAN_KEEP:
        return 0;
    case PLAN_SKIP:
        skip(sync, step);
        return 0;
    case PLAN_ADOPT:
        return install_adopt(parts, step->want, goal_version(sync));
    case PLAN_RELEASE:
        return install_disown(parts, step->slot, goal_version(sync));
    case PLAN_INSTALL:
        r = install_start(&sync->install, parts,
                          &(struct install_order){step->want, goal_version(sync), agreed},
                          on_installed, sync);
        return r ? r : 1;
    }
    return r;
}

static void next_step(struct sync *sync)
{
    while (sync->step_index < sync->step_count) {
        int r = do_step(sync, &sync->steps[sync->step_index]);

        if (r > 0)
            return;
        if (r < 0)
            sync->delayed = true;
        sync->step_index++;
    }
    end_round(sync);
}

/* Whether director and image repository, where they are asked, agree on what the slot shall have.
 */
static bool is_agreed(const struct sync *sync, const char *slot)
{
    const struct agreement_slot *agreed;

    if (!trusts_roots(sync))
        return true;
    agreed = agreement_find(&sync->uptane.agreement, slot);
    return agreed && agreed->fault.check == DETECTION_NONE;
}

/* Whether what is being installed may go on: it is still asked for, or past the point of return. */
static bool goes_on(struct sync *sync)
{
    const struct state *goal = goal_of(sync);

    if (sync->install.phase == INSTALL_IDLE)
        return false;
    if (!install_is_revocable(&sync->install))
        return true;
    return goal && is_agreed(sync, sync->install.slot) && install_fits(&sync->install, goal);
}

/* Recovery is over before anybody was asked, or an answer came meanwhile that was not used yet. */
static void work_without_goal(struct sync *sync)
{
    sync->working = false;
    if (trusts_roots(sync) && sync->online)
        begin_round(sync);
    else
        end_round(sync);
}

/* Makes a plan from the state that we hold and starts on it. */
static void work(struct sync *sync)
{
    struct inventory inventory;

    if (goes_on(sync)) {
        sync->replan = true;
        return;
    }
    install_cancel(&sync->install);
    loop_disarm(sync->parts->loop, &sync->retry_timer);
    sync->replan = false;
    sync->delayed = false;
    sync->failed = false;
    sync->retry_after_ms = -1;
    sync->working = true;
    sync->step_index = 0;
    sync->step_count = 0;
    arena_release(&sync->plan_arena);
    recover_next(sync);
    if (sync->install.phase != INSTALL_IDLE)
        return; /* a crash, or a full disk, left something half done: first things first */
    if (!goal_of(sync)) {
        work_without_goal(sync);
        return;
    }
    if (take_stock(sync, &inventory)) {
        sync->delayed = true;
        end_round(sync);
        return;
    }
    sync->planned = true;
    plan_make(goal_of(sync), inventory.have, inventory.count, &sync->plan_arena, &sync->steps,
              &sync->step_count);
    next_step(sync);
}

/* ---- director and image repository */

static void on_refreshed(void *state, bool agreed, int64_t retry_after_ms)
{
    struct sync *sync = state;
    int64_t least_ms = sync->parts->config->retry_cap_ms;

    if (agreed) {
        sync->stale = false;
        loop_arm(sync->parts->loop, &sync->fresh_timer,
                 sync->uptane.fresh_ms > least_ms ? sync->uptane.fresh_ms : least_ms);
        work(sync);
        return;
    }
    sync->stale = true;
    sync->delayed = true;
    if (sync->working) /* what was agreed on before goes on to its end */
        return;
    tell_detections(sync);
    try_later(sync, retry_after_ms);
    reporter_deliver(sync->parts->reporter, false);
    settle(sync);
}

/* A round: from what is trusted to what is installed. */
static void begin_round(struct sync *sync)
{
    detections_begin(sync->parts->detections);
    if (!trusts_roots(sync)) {
        work(sync);
        return;
    }
    loop_disarm(sync->parts->loop, &sync->retry_timer);
    if (uptane_start(&sync->uptane, sync->parts, sync->state.version, on_refreshed, sync))
        on_refreshed(sync, false, -1);
}

/* ---- recovery */

static void on_recovered(void *state, enum install_outcome outcome, int64_t retry_after_ms)
{
    struct sync *sync = state;

    (void)outcome;
    (void)retry_after_ms;
    work(sync);
}

enum {
    STARTED = 100
};

static int recover_slot(void *state, const char *slot)
{
    struct sync *sync = state;
    int r = install_recover(&sync->install, sync->parts, slot, on_recovered, sync);

    if (r == JOURNAL_E_NONE)
        return 0;
    return r ? r : STARTED;
}

/* Starts with the first slot that has a journal; on_recovered looks for the next. */
static void recover_next(struct sync *sync)
{
    int r = slot_each(sync->parts->store, recover_slot, sync);

    if (r < 0)
        sync->delayed = true;
}

/* ---- the state */

static int take_state(struct sync *sync, const char *bytes, size_t size, json_t **ret_json)
{
    CLEANUP(cleanup_json) json_t *json = NULL;
    CLEANUP(arena_release) struct arena arena = {0};
    struct fields_error error = {0};
    struct state state;

    if (canon_parse(bytes, size, STATE_SIZE_MAX, &json, &error) ||
        state_decode(json, &arena, &state, &error)) {
        log_line(LOG_ERROR, "the desired state is malformed: %s", error.text);
        return ERR_UNAVAILABLE;
    }
    if (sync->has_state && state.version < sync->state.version)
        log_line(LOG_WARN,
                 "the server's desired state went back from %" PRId64 " to %" PRId64
                 ": was it restored from a backup?",
                 sync->state.version, state.version);
    arena_release(&sync->arena);
    sync->arena = arena;
    arena = (struct arena){0};
    sync->state = state;
    sync->has_state = true;
    if (ret_json)
        *ret_json = TAKE_PTR(json);
    return 0;
}

static void on_changed(struct sync *sync, struct http_response *response)
{
    CLEANUP(cleanup_json) json_t *json = NULL;

    if (take_state(sync, response->body.bytes ? response->body.bytes : "", response->body.size,
                   &json)) {
        sync->delayed = true;
        try_later(sync, -1);
        settle(sync);
        return;
    }
    log_line(LOG_INFO, "the desired state is version %" PRId64, sync->state.version);
    if (store_save(sync->parts->store, STATE_FILE, json, 0600))
        log_line(LOG_WARN, "the desired state could not be kept; it is asked for again");
    sync->planned = false;
    begin_round(sync);
}

static void on_no_answer(struct sync *sync, int outcome, struct http_response *response)
{
    char text[HTTP_ERROR_SIZE + 200];
    int64_t retry_after_ms = retry_parse_after(http_response_header(response, "Retry-After"),
                                               clock_wall_ms(sync->parts->loop->clock));

    (void)outcome;
    http_response_explain(response, text, sizeof(text));
    log_line(LOG_WARN, "cannot get the desired state: %s%s", text,
             response->status == 401 ? "; was this device revoked? Enrol it again" : "");
    sync->online = false;
    sync->delayed = true;
    try_later(sync, retry_after_ms);
    settle(sync);
}

static bool is_busy(const struct sync *sync)
{
    return sync->working || uptane_is_busy(&sync->uptane);
}

static void on_state(void *state, int outcome, struct http_response *response)
{
    struct sync *sync = state;
    int64_t waited_ms = (clock_monotonic_us(sync->parts->loop->clock) - sync->asked_us) / 1000;
    int status = outcome ? 0 : response->status;

    sync->transfer = NULL;
    if (status == 200) {
        sync->online = true;
        on_changed(sync, response);
    } else if (status == 304) {
        sync->online = true;
        /* what is under way goes on, and what waits for its backoff waits */
        if (!is_busy(sync) && !sync->retry_timer.armed &&
            (sync->delayed || sync->stale || !sync->planned))
            begin_round(sync);
        else if (!is_busy(sync))
            settle(sync);
    } else {
        on_no_answer(sync, outcome, response);
    }
    if (sync->again && !sync->transfer) {
        sync->again = false;
        sync_ask(sync, 0);
    }
    if (sync->answered)
        sync->answered(sync->state_of_owner, status, waited_ms);
}

void sync_ask(struct sync *sync, int64_t wait_s)
{
    struct http_header header = {"If-None-Match", NULL};
    struct http_request request = {.token = sync->parts->identity->token};
    char url[IDENTITY_URL_SIZE + 64];
    char etag[32];

    if (sync->transfer) {
        sync->again = true;
        return;
    }
    (void)snprintf(url, sizeof(url), "%s/device/v1/state", sync->parts->url);
    if (wait_s > 0) {
        (void)snprintf(url, sizeof(url), "%s/device/v1/state?wait=%" PRId64, sync->parts->url,
                       wait_s);
        request.silence_s = wait_s + 30;
    }
    if (sync->has_state) {
        (void)snprintf(etag, sizeof(etag), "\"%" PRId64 "\"", sync->state.version);
        header.value = etag;
        request.headers = &header;
        request.header_count = 1;
    }
    request.url = url;
    request.response_bytes_max = STATE_SIZE_MAX;
    request.state = sync;
    sync->asked_us = clock_monotonic_us(sync->parts->loop->clock);
    if (http_start(sync->parts->loop->http, &request, on_state, &sync->transfer))
        try_later(sync, -1);
}

static int load_state(struct sync *sync)
{
    CLEANUP(cleanup_json) json_t *json = NULL;
    AUTO_FREE char *text = NULL;
    int r = store_load(sync->parts->store, STATE_FILE, &json);

    if (r)
        return r < 0 ? r : 0;
    text = json_dumps(json, JSON_COMPACT);
    if (text && take_state(sync, text, strlen(text), NULL))
        log_line(LOG_WARN, "ignoring '%s': it is not what the agent wrote", STATE_FILE);
    return 0;
}

int sync_begin(struct sync *sync)
{
    int r = load_state(sync);

    if (r)
        return r;
    recover_next(sync);
    sync->working = sync->install.phase != INSTALL_IDLE;
    return 0;
}

bool sync_is_asking(const struct sync *sync)
{
    return sync->transfer != NULL;
}

bool sync_is_idle(const struct sync *sync)
{
    return !sync->transfer && !is_busy(sync) && sync->install.phase == INSTALL_IDLE;
}

bool sync_keeps(const struct sync *sync, const char *slot)
{
    return !goal_of(sync) || is_busy(sync) || sync->install.phase != INSTALL_IDLE ||
           state_find(goal_of(sync), slot);
}

int64_t sync_version(const struct sync *sync)
{
    return sync->has_state ? sync->state.version : -1;
}

void sync_release(struct sync *sync)
{
    if (!sync->parts)
        return;
    http_cancel(sync->parts->loop->http, sync->transfer);
    install_cancel(&sync->install);
    loop_disarm(sync->parts->loop, &sync->retry_timer);
    loop_disarm(sync->parts->loop, &sync->fresh_timer);
    uptane_release(&sync->uptane);
    arena_release(&sync->arena);
    arena_release(&sync->plan_arena);
    *sync = (struct sync){0};
}
