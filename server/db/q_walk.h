/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_WALK_H
#define DB_Q_WALK_H

#include "base/arena.h"
#include "db/db.h"
#include "lineage/claims.h"
#include "lineage/ref.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reading the lineage graph, a level of a walk at a time. Nodes are passed by their ids, which are
 * of the workspace that the walk began in: no edge leaves it.
 */

enum {
    Q_WALK_E_MISSING = 16,
};

/* Returns 0, Q_WALK_E_MISSING, or negative. */
int q_walk_find(struct db *db, int64_t workspace_id, const char *ref, int64_t *ret_id) MUST_CHECK;

/* Nodes, and which of their edges. */
struct q_walk_step {
    const int64_t *ids;
    size_t count;
    bool declared; /* what jobs declare, too */
    int64_t limit; /* of edges */
};

/*
 * Edges into the nodes (upstream), or out of them (downstream). Columns: source, target, kind. One
 * row more than the limit where there are more.
 */
int q_walk_upstream(struct db *db, struct arena *arena, const struct q_walk_step *step,
                    struct db_rows *ret_rows) MUST_CHECK;
int q_walk_downstream(struct db *db, struct arena *arena, const struct q_walk_step *step,
                      struct db_rows *ret_rows) MUST_CHECK;

/*
 * The same for several levels at once: edges of the nodes, of what they lead to, and so on, at most
 * `levels` of them and step->limit rows. Columns: source, target, kind, level from 1; by level. The
 * last level is whole only where there are fewer rows than the limit. Nothing is assumed.
 */
int q_walk_ahead(struct db *db, struct arena *arena, const struct q_walk_step *step, bool up,
                 int64_t levels, struct db_rows *ret_rows) MUST_CHECK;

/*
 * What runs that did not say which version they read must have read: the latest that was written
 * before. Columns: source (a version of the dataset, or the run that wrote it without saying a
 * version), target (the run). A run that also said which version it read is left out, and nothing
 * is assumed to read what it wrote itself at the same moment.
 *
 * upstream    of runs: what they read
 * downstream  of versions of datasets, and of runs that wrote without a version: who read it
 */
int q_walk_assumed_upstream(struct db *db, struct arena *arena, const struct q_walk_step *step,
                            struct db_rows *ret_rows) MUST_CHECK;
int q_walk_assumed_downstream(struct db *db, struct arena *arena, const struct q_walk_step *step,
                              struct db_rows *ret_rows) MUST_CHECK;

/*
 * What else stands for a node where a walk begins. Columns: source, target, kind of the edge
 * between the two. Upstream: the versions of a dataset, the runs of a job. Downstream: the variants
 * of a version, and artifacts that came into the registry with them.
 */
int q_walk_begin_upstream(struct db *db, int64_t id, int64_t limit,
                          struct db_rows *ret_rows) MUST_CHECK;
int q_walk_begin_downstream(struct db *db, int64_t id, int64_t limit,
                            struct db_rows *ret_rows) MUST_CHECK;

/* Whether any run has ever read without saying which version: otherwise nothing is assumed. */
int q_walk_assumes(struct db *db, bool *ret_assumes) MUST_CHECK;

/* The walk's own: one snapshot for all of its statements, and none of them for long. First in a
 * transaction. */
int q_walk_settle(struct db *db) MUST_CHECK;

/* Columns: id, kind, ref. */
int q_walk_nodes(struct db *db, struct arena *arena, const int64_t *ids, size_t count,
                 struct db_rows *ret_rows) MUST_CHECK;

/* Of those that are runs with events. Columns: id, ref of the job, state, ended, state_at, first_at
 * and started_at in milliseconds (started_at 0: not known), id of the job. */
int q_walk_runs(struct db *db, struct arena *arena, const int64_t *ids, size_t count,
                struct db_rows *ret_rows) MUST_CHECK;

#endif
