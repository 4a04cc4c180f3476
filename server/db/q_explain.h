/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_EXPLAIN_H
#define DB_Q_EXPLAIN_H

#include "base/arena.h"
#include "db/db.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What is known of the past, as an auditor asks for it: each row is a JSON object, made by the
 * database, with no fractions in it (metrics and facets are texts), so that it can be signed.
 */

enum {
    Q_EXPLAIN_E_MISSING = 16,
};

/* A published version. Returns 0, Q_EXPLAIN_E_MISSING, or negative. */
int q_explain_find(struct db *db, int64_t workspace_id, const char *model, const char *name,
                   int64_t *ret_version_id) MUST_CHECK;

/* Columns: object, id of the version (0: not of this registry), ref of the variant. A row a slot
 * that ran something at that time, by slot. */
int q_explain_slots(struct db *db, int64_t device_id, int64_t at_ms,
                    struct db_rows *ret_rows) MUST_CHECK;

/* Column: object. What the device was last told by then; no row where it was told nothing. */
int q_explain_told(struct db *db, int64_t workspace_id, int64_t device_id, int64_t at_ms,
                   struct db_rows *ret_rows) MUST_CHECK;

/* Column: object. All that the registry has of a version: who signed, approved, measured and
 * deployed it. */
int q_explain_version(struct db *db, int64_t version_id, struct db_rows *ret_rows) MUST_CHECK;

/* Column: object. Runs by their nodes, with their facets and events. */
int q_explain_runs(struct db *db, struct arena *arena, const int64_t *nodes, size_t count,
                   struct db_rows *ret_rows) MUST_CHECK;

/*
 * Of variants by their nodes; column: object. One row more than the limit where there are more.
 *
 * ran      which devices said that they ran them, from when to when
 * waiting  which devices are told to run them now, and never said that they did
 * told     which deployments deployed them, newest first
 */
int q_explain_ran(struct db *db, struct arena *arena, const int64_t *nodes, size_t count,
                  int64_t limit, struct db_rows *ret_rows) MUST_CHECK;
int q_explain_waiting(struct db *db, struct arena *arena, const int64_t *nodes, size_t count,
                      int64_t limit, struct db_rows *ret_rows) MUST_CHECK;
int q_explain_deployed(struct db *db, struct arena *arena, const int64_t *nodes, size_t count,
                       int64_t limit, struct db_rows *ret_rows) MUST_CHECK;

#endif
