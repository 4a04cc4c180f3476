/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_RIM_H
#define DB_Q_RIM_H

#include "base/arena.h"
#include "db/db.h"

#include <stdint.h>

/*
 * The far end of the lineage: which devices were told to run a variant, and which said that they
 * did. These are no nodes of the graph; they are read from the history of both (migration 0011).
 */

enum {
    Q_RIM_E_MISSING = 16,
};

struct q_rim_device {
    int64_t id;
    const char *name;
    const char *uuid;
    bool active;
};

/* By name, the active one where there is one and else the last, or by UUID. Strings live in the
 * arena. Returns 0, Q_RIM_E_MISSING, or negative. */
int q_rim_device(struct db *db, int64_t workspace_id, const char *name, struct arena *arena,
                 struct q_rim_device *ret_device) MUST_CHECK;

/* Returns 0, Q_RIM_E_MISSING, or negative. */
int q_rim_deployment(struct db *db, int64_t workspace_id, int64_t id) MUST_CHECK;

/* The nodes of the variants that a device ever said it ran. Column: id of the node. */
int q_rim_ran_by(struct db *db, int64_t device_id, int64_t limit,
                 struct db_rows *ret_rows) MUST_CHECK;

/* The deployments that told a device anything. Column: number. */
int q_rim_told(struct db *db, int64_t workspace_id, int64_t device_id, int64_t limit,
               struct db_rows *ret_rows) MUST_CHECK;

/* What deployments deploy. Columns: number, id of the variant's node. */
int q_rim_deployed_by(struct db *db, struct arena *arena, const int64_t *ids, size_t count,
                      int64_t limit, struct db_rows *ret_rows) MUST_CHECK;

/* Columns: id of the variant's node, number of the deployment. */
int q_rim_deployments_of(struct db *db, struct arena *arena, const int64_t *nodes, size_t count,
                         int64_t limit, struct db_rows *ret_rows) MUST_CHECK;

/* Columns: id of the variant's node, id of the device. */
int q_rim_ran(struct db *db, struct arena *arena, const int64_t *nodes, size_t count, int64_t limit,
              struct db_rows *ret_rows) MUST_CHECK;

/* Whom deployments told. Columns: number, id of the device. */
int q_rim_devices_of(struct db *db, struct arena *arena, const int64_t *ids, size_t count,
                     int64_t limit, struct db_rows *ret_rows) MUST_CHECK;

/* Columns: number, actor, time in milliseconds, how many devices. */
int q_rim_deployments(struct db *db, struct arena *arena, const int64_t *ids, size_t count,
                      struct db_rows *ret_rows) MUST_CHECK;

/* Columns: id, name, uuid, whether it is active. */
int q_rim_devices(struct db *db, struct arena *arena, const int64_t *ids, size_t count,
                  struct db_rows *ret_rows) MUST_CHECK;

#endif
