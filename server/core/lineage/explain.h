/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_LINEAGE_EXPLAIN_H
#define CORE_LINEAGE_EXPLAIN_H

#include "base/clock.h"
#include "db/db.h"
#include "lineage/ref.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The questions of an auditor, answered from what is kept for good: what a device ran at a time,
 * what became of something, and who made, approved and deployed a version, each with all that
 * leads there. Answers are JSON without fractions, so that they can be signed.
 */

#define EXPLAIN_ROWS_MAX 100000 /* devices of one answer; beyond it says that it is cut off */
#define EXPLAIN_RUNS_MAX 500    /* runs that are told whole; the others are in the graph only */

struct explain_query {
    int64_t workspace_id;
    const struct clock *clock;
};

enum {
    EXPLAIN_E_UNKNOWN = 1, /* nothing of that name is in this workspace */
};

/* What the device (REF_DEVICE) ran at a time, slot by slot, with the provenance of all of it.
 * Returns 0, EXPLAIN_E_UNKNOWN, or negative; the answer is a new reference. */
int explain_device(struct db *db, const struct explain_query *query, const struct ref *device,
                   int64_t at_ms, json_t **ret_answer) MUST_CHECK;

/* Who made, signed, measured, approved and deployed a version (REF_VERSION), and what led to it. */
int explain_version(struct db *db, const struct explain_query *query, const struct ref *version,
                    json_t **ret_answer) MUST_CHECK;

/* Which devices run, ran, or are told to run anything downstream of a node. */
int explain_impact(struct db *db, const struct explain_query *query, const struct ref *node,
                   json_t **ret_answer) MUST_CHECK;

#endif
