/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REGISTRY_APPROVALS_H
#define CORE_REGISTRY_APPROVALS_H

#include "base/arena.h"
#include "core/registry/registry.h"
#include "db/db.h"
#include "db/q_approval.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Approvals: people say of a version that it is fit for deployment, and why. Who somebody is, is
 * the name of their token. The approval of who uploaded the version does not count.
 */

#define APPROVALS_REASON_MAX 4096
#define APPROVALS_EVIDENCE_MAX 64
#define APPROVALS_EVIDENCE_TEXT_MAX 2048

struct approvals_draft {
    const char *reason;          /* 1 to APPROVALS_REASON_MAX bytes */
    const char *const *evidence; /* what it rests on: links, runs, texts */
    size_t evidence_count;
};

/* Returns 0, REGISTRY_E_MODEL, _VERSION, _DRAFT, _ARCHIVED, _APPROVED, or negative. */
int approvals_give(struct db *db, const struct registry_place *place, const char *version,
                   const struct approvals_draft *draft, struct arena *arena,
                   struct q_approval *ret_approval,
                   struct registry_refusal *ret_refusal) MUST_CHECK;

/* It counts no more; what was deployed stays. One's own, or as administrator anybody's. Again is
 * fine. Returns 0, REGISTRY_E_MODEL, _VERSION, _APPROVAL, _FORBIDDEN, or negative. */
int approvals_withdraw(struct db *db, const struct registry_place *place, const char *version,
                       int64_t id, const char *reason, struct arena *arena,
                       struct registry_refusal *ret_refusal) MUST_CHECK;

struct approvals_page {
    struct q_approval *approvals; /* oldest first, withdrawn ones too */
    size_t count;
    struct q_approval_tally tally;
};

/* Those above after_id, at most limit. Returns 0, REGISTRY_E_MODEL, _VERSION, or negative. */
int approvals_list(struct db *db, const struct registry_place *place, const char *version,
                   int64_t after_id, int64_t limit, struct arena *arena,
                   struct approvals_page *ret_page,
                   struct registry_refusal *ret_refusal) MUST_CHECK;

#endif
