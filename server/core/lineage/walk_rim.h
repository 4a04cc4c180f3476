/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_LINEAGE_WALK_RIM_H
#define CORE_LINEAGE_WALK_RIM_H

#include "core/lineage/walk.h"
#include "core/lineage/walk_level.h"

/*
 * Where the lineage ends: deployments, and the devices that were told to run something or said that
 * they did. They are joined to a walk from their own tables (db/q_rim.h); for core/lineage/walk.c
 * only.
 */

/* Returns 0, WALK_E_UNKNOWN, or negative. */
int walk_rim_find(struct db *db, int64_t workspace_id, const struct ref *ref,
                  int64_t *ret_id) MUST_CHECK;

/* From the devices and deployments of a frontier to what they ran, were told, or deploy. */
int walk_rim_up(struct walk_level *level) MUST_CHECK;

/* From all variants of a walk that has ended, which are described, to deployments and devices.
 * depth 0: any. */
int walk_rim_down(struct db *db, uint32_t depth, struct walk *walk) MUST_CHECK;

/* Fills in what devices and deployments are called. */
int walk_rim_describe(struct db *db, struct graph *graph) MUST_CHECK;

#endif
