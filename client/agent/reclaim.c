/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reclaim.h"

#include "agent/config.h"
#include "agent/ipc.h"
#include "agent/slot.h"
#include "base/clock.h"
#include "base/log.h"

/* How often it looks: often enough for the delay, and seldom enough for a flash disk. */
#define LOOKS_A_DELAY 4
#define LOOK_MS_MIN 100
#define LOOK_MS_MAX ((int64_t)3600 * 1000)

static int64_t interval_ms(const struct reclaim *reclaim)
{
    int64_t interval = reclaim->parts->config->reclaim_after_ms / LOOKS_A_DELAY;

    if (interval < LOOK_MS_MIN)
        return LOOK_MS_MIN;
    return interval < LOOK_MS_MAX ? interval : LOOK_MS_MAX;
}

static int64_t now_us(const struct reclaim *reclaim)
{
    return clock_monotonic_us(reclaim->parts->loop->clock);
}

static int remove_slot(const struct reclaim *reclaim, const char *slot)
{
    const struct store *store = reclaim->parts->store;
    int r = slot_unlink_previous(store, slot);

    if (!r)
        r = slot_prune(store, slot);
    if (!r)
        r = ipc_count(reclaim->parts->ipc, slot) > 0 ? SLOT_E_IN_USE : slot_remove(store, slot);
    if (r == SLOT_E_IN_USE)
        log_line(LOG_DEBUG, "slot '%s' is desired no more, but an application uses it", slot);
    else if (!r)
        log_line(LOG_INFO, "slot '%s' was desired no more and is used by nobody: removed", slot);
    return r < 0 ? r : 0;
}

static int look_at(void *state, const char *slot)
{
    struct reclaim *reclaim = state;
    const struct store *store = reclaim->parts->store;
    int64_t limit_ms = reclaim->parts->config->reclaim_after_ms;
    struct slot_status status;
    int64_t before_ms;
    int r = slot_load_status(store, slot, &status);

    if (r)
        return r;
    before_ms = status.released_for_ms;
    if (status.managed || reclaim->keeps(reclaim->state, slot))
        status.released_for_ms = 0;
    else
        status.released_for_ms += (now_us(reclaim) - reclaim->looked_us) / 1000;
    if (status.released_for_ms >= limit_ms)
        return remove_slot(reclaim, slot);
    return status.released_for_ms == before_ms ? 0 : slot_save_status(store, slot, &status);
}

static void look(void *state)
{
    struct reclaim *reclaim = state;
    int r = slot_sweep(reclaim->parts->store);

    if (!r)
        r = slot_each(reclaim->parts->store, look_at, reclaim);
    if (r)
        log_line(LOG_WARN, "what is desired no more is looked at again later");
    reclaim->looked_us = now_us(reclaim);
    loop_arm(reclaim->parts->loop, &reclaim->timer, interval_ms(reclaim));
}

void reclaim_start(struct reclaim *reclaim)
{
    reclaim->timer = (struct loop_timer){.fire = look, .state = reclaim};
    reclaim->looked_us = now_us(reclaim);
    if (reclaim->parts->config->reclaim_after_ms > 0)
        loop_arm(reclaim->parts->loop, &reclaim->timer, interval_ms(reclaim));
}

void reclaim_release(struct reclaim *reclaim)
{
    if (reclaim->parts)
        loop_disarm(reclaim->parts->loop, &reclaim->timer);
}
