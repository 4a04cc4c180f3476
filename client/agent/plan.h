/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_PLAN_H
#define AGENT_PLAN_H

#include "base/arena.h"
#include "proto/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From what a device has and what is asked of it to what it shall do: no side effects. */

enum plan_action {
    PLAN_KEEP,    /* it has what is asked */
    PLAN_ADOPT,   /* the same, but what was last said of the slot is something else: report it */
    PLAN_INSTALL, /* get, verify, stage and switch to it */
    PLAN_SKIP,    /* it failed, and nothing has changed since */
    PLAN_RELEASE, /* it is no longer asked for: keep serving, say so once */
};

/* A slot as it is on the device. */
struct plan_have {
    const char *slot;
    const char *manifest_sha256; /* hex, of what `current` points at; NULL: nothing */
    const char *variant;
    bool managed;
    const char *failed_manifest; /* hex; NULL or "": none */
    int64_t failed_state_version;
};

struct plan_step {
    enum plan_action action;
    const char *slot;
    const struct state_slot *want; /* NULL for PLAN_RELEASE */
    const struct plan_have *have;  /* NULL: the slot is new */
};

/*
 * ret_steps  in the arena, one for each slot of the state, in its order, then the releases
 *
 * Only the "production" role is installed; slots of other roles are left alone (PLAN_KEEP).
 */
void plan_make(const struct state *state, const struct plan_have *have, size_t have_count,
               struct arena *arena, struct plan_step **ret_steps, size_t *ret_count);

#endif
