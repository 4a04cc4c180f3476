/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sync.h"

#include "agent/config.h"
#include "agent/detections.h"
#include "agent/fetch.h"
#include "agent/outcome.h"
#include "agent/reporter.h"
#include "agent/slot.h"
#include "agent/trust.h"
#include "agent/withdrawn.h"
#include "base/clock.h"
#include "base/log.h"
#include "tuf/targetpath.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void work(struct sync *sync);
static void begin_round(struct sync *sync);
static void recover_next(struct sync *sync);
static void on_answered(void *owner, const struct state_query_answer *answer);

static bool trusts_roots(const struct sync *sync)
{
    return sync->parts->trust->mode == TRUST_ROOTS;
}

/* What the device shall run; NULL: that is not known yet. */
static const struct state *goal_of(const struct sync *sync)
{
    if (trusts_roots(sync))
        return sync->uptane.agreed ? &sync->uptane.agreement.state : NULL;
    return sync->query.has_state ? &sync->query.state : NULL;
}

static int64_t goal_version(const struct sync *sync)
{
    int64_t version = goal_of(sync)->version;

    return version < 0 ? sync->query.state.version : version;
}

static void on_retry(void *state)
{
    struct sync *sync = state;

    if (state_query_is_asking(&sync->query))
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
    state_query_init(&sync->query, parts, on_answered, sync);
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

/* Says what is wrong where that is news. */
static void tell_detections(struct sync *sync)
{
    const struct parts *parts = sync->parts;

    if (detections_are_news(parts->detections) &&
        outcome_detected(parts, sync->query.state.version))
        log_line(LOG_WARN, "what was detected could not be reported");
}

static void end_round(struct sync *sync)
{
    sync->working = false;
    if (trusts_roots(sync) && sync->uptane.behind)
        sync->delayed = true;
    if (!sync->replan) {
        withdrawn_let_go(sync->parts->store, sync->parts->detections);
        detections_settle(sync->parts->detections);
        tell_detections(sync);
    }
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

/* What is wrong with a slot counts where it would be installed; a mixture is said in any case.
 * NULL: nothing stands against the step. */
static const struct agreement_fault *objection(const struct agreement_slot *agreed,
                                               enum plan_action action)
{
    if (!agreed)
        return NULL;
    switch (agreed->fault.check) {
    case DETECTION_NONE:
        return NULL;
    case DETECTION_MIX_AND_MATCH:
        return action == PLAN_INSTALL || action == PLAN_KEEP ? &agreed->fault : NULL;
    default:
        return action == PLAN_INSTALL ? &agreed->fault : NULL;
    }
}

/* The slot goes by its own rule all the same: a word is no reason to go without an update. */
static void check_reload(struct sync *sync, const struct state_slot *want)
{
    const struct config *config = sync->parts->config;
    const struct reload_rule *own = config_reload_rule(config, want->name, NULL);
    bool directed = trusts_roots(sync);

    if (!want->reload || config_has_reload(config, want->name, want->reload))
        return;
    detections_add(sync->parts->detections, DETECTION_WRONG_RELOAD, directed ? "director" : NULL,
                   directed ? "targets.json"
                            : targetpath_manifest(&sync->plan_arena, want->model, want->version),
                   arena_printf(&sync->plan_arena,
                                "slot '%s' shall reload by '%s', for which this device has no "
                                "rule; it goes by its own, '%s'",
                                want->name, want->reload, reload_kind_name(own->kind)));
}

/* Returns 1 where it goes on in the background. */
static int do_step(struct sync *sync, const struct plan_step *step)
{
    const struct parts *parts = sync->parts;
    const struct agreement_slot *agreed =
        trusts_roots(sync) ? agreement_find(&sync->uptane.agreement, step->slot) : NULL;
    const struct agreement_fault *fault = objection(agreed, step->action);
    int r = 0;

    if (step->want)
        check_reload(sync, step->want);
    if (fault)
        return refuse_step(sync, step, fault);
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
    detections_settle(sync->parts->detections);
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
    if (uptane_start(&sync->uptane, sync->parts, sync->query.state.version, on_refreshed, sync))
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

static bool is_busy(const struct sync *sync)
{
    return sync->working || uptane_is_busy(&sync->uptane);
}

static void on_no_answer(struct sync *sync, int64_t retry_after_ms)
{
    sync->delayed = true;
    tell_detections(sync);
    try_later(sync, retry_after_ms);
    reporter_deliver(sync->parts->reporter, false);
    settle(sync);
}

/* What is under way goes on, and what waits for its backoff waits. */
static void on_same(struct sync *sync)
{
    if (is_busy(sync))
        return;
    if (!sync->retry_timer.armed && (sync->delayed || sync->stale || !sync->planned)) {
        begin_round(sync);
        return;
    }
    tell_detections(sync);
    settle(sync);
}

static void on_answered(void *owner, const struct state_query_answer *answer)
{
    struct sync *sync = owner;

    sync->online = answer->status == 200 || answer->status == 304;
    if (answer->outcome == STATE_QUERY_CHANGED) {
        sync->planned = false;
        begin_round(sync);
    } else if (answer->outcome == STATE_QUERY_SAME) {
        on_same(sync);
    } else {
        on_no_answer(sync, answer->retry_after_ms);
    }
    if (sync->answered)
        sync->answered(sync->state_of_owner, answer->status, answer->waited_ms);
}

void sync_ask(struct sync *sync, int64_t wait_s)
{
    if (state_query_ask(&sync->query, wait_s))
        try_later(sync, -1);
}

int sync_begin(struct sync *sync)
{
    int r = state_query_load(&sync->query);

    if (r)
        return r;
    recover_next(sync);
    sync->working = sync->install.phase != INSTALL_IDLE;
    return 0;
}

bool sync_is_asking(const struct sync *sync)
{
    return state_query_is_asking(&sync->query);
}

bool sync_is_idle(const struct sync *sync)
{
    return !state_query_is_asking(&sync->query) && !is_busy(sync) &&
           sync->install.phase == INSTALL_IDLE;
}

bool sync_keeps(const struct sync *sync, const char *slot)
{
    return !goal_of(sync) || is_busy(sync) || sync->install.phase != INSTALL_IDLE ||
           state_find(goal_of(sync), slot);
}

int64_t sync_version(const struct sync *sync)
{
    return sync->query.has_state ? sync->query.state.version : -1;
}

void sync_release(struct sync *sync)
{
    if (!sync->parts)
        return;
    state_query_release(&sync->query);
    install_cancel(&sync->install);
    loop_disarm(sync->parts->loop, &sync->retry_timer);
    loop_disarm(sync->parts->loop, &sync->fresh_timer);
    uptane_release(&sync->uptane);
    arena_release(&sync->plan_arena);
    *sync = (struct sync){0};
}
