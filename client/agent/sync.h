/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_SYNC_H
#define AGENT_SYNC_H

#include "agent/install.h"
#include "agent/parts.h"
#include "agent/plan.h"
#include "agent/state_query.h"
#include "agent/uptane.h"
#include "base/arena.h"
#include "lib/retry.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Reconciles: asks for the desired state, plans, and works the plan off, one slot at a time. What
 * failed for now is planned again after a backoff; what crashed is recovered first.
 *
 * A device that trusts keys plans with the state that the server sends. To one that trusts roots
 * that state is a hint: where it is another than before, or metadata is about to expire, director
 * and image repository are asked, and the plan is made of what they agree on.
 */
struct sync {
    const struct parts *parts;
    struct retry retry;
    bool once;                     /* no second try: whoever runs us tries again */
    struct loop_timer retry_timer; /* the state could not be had, or a slot must be tried again */

    struct state_query query;
    bool planned; /* at least once since the state came */

    struct uptane uptane;
    struct loop_timer fresh_timer; /* metadata has lived through half of what it had left */
    bool stale;                    /* a refresh is due */

    bool replan; /* a newer state came while something irrevocable ran */
    bool online; /* the last answer was one */

    struct arena plan_arena;
    struct plan_step *steps;
    size_t step_count;
    size_t step_index;
    bool working;
    bool delayed; /* a step of this round must be tried again */
    bool failed;  /* a step of this round ended for good, badly */
    int64_t retry_after_ms;
    struct install install;

    /* a round has ended, or could not begin; may be NULL */
    void (*settled)(void *state);
    /* the server answered (status), or did not (0); waited: how long the answer took */
    void (*answered)(void *state, int status, int64_t waited_ms);
    void *state_of_owner;
};

void sync_init(struct sync *sync, const struct parts *parts, const struct retry *retry);

/* Loads the state that was saved, recovers what a crash left. Returns 0 or negative. */
int sync_begin(struct sync *sync) MUST_CHECK;

/*
 * Asks for the state and reconciles. wait_s > 0: as a long poll. While one is asking already it
 * asks once more afterwards.
 */
void sync_ask(struct sync *sync, int64_t wait_s);

bool sync_is_asking(const struct sync *sync);

/* Nothing is under way and everything is as desired, as far as it can be for now. */
bool sync_is_idle(const struct sync *sync);

/* Whether a slot must not be touched: it is desired, or that is not known, or work is under way. */
bool sync_keeps(const struct sync *sync, const char *slot);

/* The version of the state that we hold, as an ETag is made of it; -1: none. */
int64_t sync_version(const struct sync *sync);

void sync_release(struct sync *sync);

#endif
