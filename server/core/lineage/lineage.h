/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_LINEAGE_LINEAGE_H
#define CORE_LINEAGE_LINEAGE_H

#include "core/audit/audit.h"
#include "db/db.h"
#include "lineage/ref.h"
#include "json/fields.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Taking in what others say about lineage. What is read out of the graph is in core/lineage/walk.h.
 */

struct lineage_place {
    int64_t workspace_id;
    const struct audit_actor *actor;
    int64_t now_ms;
};

enum {
    LINEAGE_E_SYNTAX = 1,  /* not JSON: ret_error has line and column */
    LINEAGE_E_INVALID = 2, /* ret_error says which field */
};

/*
 * Takes an OpenLineage event: keeps it verbatim, and joins what it says with what is known. The
 * graph is the same in whatever order events come, and however often.
 *
 * ret_known  the very same bytes were there already; nothing was changed
 *
 * Returns 0, SYNTAX, INVALID, or negative.
 */
int lineage_accept(struct db *db, const struct lineage_place *place, const char *bytes, size_t size,
                   bool *ret_known, struct fields_error *ret_error) MUST_CHECK;

/*
 * A version is published, or a variant is added to one: in the transaction that does so. What its
 * publisher says it was made from becomes edges, to it and to all that came with it.
 *
 * from  of lineage_read_from()
 */
struct lineage_publication {
    int64_t workspace_id;
    int64_t version_id;
    int64_t variant_id; /* 0: the version itself */
    int64_t now_ms;
    const struct ref *from;
    size_t from_count;
};

int lineage_publish(struct db *db, const struct lineage_publication *publication,
                    struct arena *arena) MUST_CHECK;

/*
 * Reads what a manifest says it was made from. Returns 0, or LINEAGE_E_INVALID with ret_error about
 * "signed.from[i]". ret_refs: as many as texts, canonical.
 */
int lineage_read_from(const char *const *texts, size_t count, struct arena *arena,
                      struct ref **ret_refs, struct fields_error *ret_error) MUST_CHECK;

#endif
