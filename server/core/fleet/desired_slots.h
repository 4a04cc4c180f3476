/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_FLEET_DESIRED_SLOTS_H
#define CORE_FLEET_DESIRED_SLOTS_H

#include "core/fleet/desired.h"
#include "db/q_desired.h"

/*
 * What one slot of a desired state is made of: the version that is asked for, whether it may be
 * deployed, the variant that fits the device; and the text that devices are told.
 *
 * All return 0, a DESIRED_E_* outcome with refusal filled, or negative.
 */

/* Fills the refusal. Returns outcome. */
PRINTF_LIKE(3, 4)
int desired_slots_refuse(struct desired_refusal *refusal, int outcome, const char *format, ...);

/* The version: published, and listed where devices would look. */
int desired_slots_find_target(struct db *db, int64_t workspace_id, const struct desired_slot *slot,
                              struct arena *arena, struct q_desired_target *ret_target,
                              struct desired_refusal *refusal) MUST_CHECK;

/* Whether it may be deployed: in use, which it stays until this is committed, and approved. */
int desired_slots_check_deployable(struct db *db, int64_t workspace_id,
                                   const struct desired_slot *slot,
                                   const struct q_desired_target *target, struct arena *arena,
                                   struct desired_refusal *refusal) MUST_CHECK;

/*
 * Picks the variant: the one that was named, or else the first that fits, unless one that was added
 * later is for an accelerator and that one for the CPU.
 *
 * capabilities  of the device, as stored
 * ret_slot      borrows from slot and target
 */
int desired_slots_fill_slot(const struct desired_slot *slot, const struct q_desired_target *target,
                            const char *capabilities, struct arena *arena,
                            struct q_desired_slot *ret_slot,
                            struct desired_refusal *refusal) MUST_CHECK;

/* Equal sets of slots give equal texts. Sorts slots; the assignment borrows them. */
int desired_slots_compose(struct q_desired_slot *slots, size_t count, struct arena *arena,
                          struct q_desired_assignment *ret_assignment) MUST_CHECK;

#endif
