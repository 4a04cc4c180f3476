/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_AUDIT_AUDIT_H
#define CORE_AUDIT_AUDIT_H

#include "db/db.h"
#include "proto/audit_entry.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The audit log (docs/AUDIT.md): whoever changes something records it here, in the transaction of
 * the change, so that there is neither a change without its entry nor an entry without its change.
 *
 * The entries of a workspace are a chain, so transactions that record wait for each other from
 * their first entry on: record last.
 */

/* Everything that can happen; audit_actions says of each what it is called and about. */
enum audit_action {
    AUDIT_WORKSPACE_CREATE,
    AUDIT_WORKSPACE_SET_LIMITS,
    AUDIT_TOKEN_CREATE,
    AUDIT_TOKEN_REVOKE,
    AUDIT_MODEL_CREATE,
    AUDIT_MODEL_ADD_KEY,
    AUDIT_MODEL_REVOKE_KEY,
    AUDIT_MODEL_CHANGE,
    AUDIT_MODEL_ARCHIVE,
    AUDIT_MODEL_RESTORE,
    AUDIT_MODEL_DELETE,
    AUDIT_MODEL_SET_RULES,
    AUDIT_MODEL_SET_RETENTION,
    AUDIT_WORKSPACE_SET_RULES,
    AUDIT_ALIAS_SET,
    AUDIT_ALIAS_REMOVE,
    AUDIT_VERSION_DRAFT,
    AUDIT_VERSION_PUBLISH,
    AUDIT_VERSION_DELETE_DRAFT,
    AUDIT_VERSION_ADD_VARIANT,
    AUDIT_VERSION_ANNOTATE,
    AUDIT_VERSION_APPROVE,
    AUDIT_VERSION_WITHDRAW_APPROVAL,
    AUDIT_VERSION_ARCHIVE,
    AUDIT_VERSION_RESTORE,
    AUDIT_VERSION_DELETE,
    AUDIT_VERSION_RELEASE,
    AUDIT_VERSION_YANK,
    AUDIT_ARTIFACT_STORE,
    AUDIT_ARTIFACT_RECLAIM,
    AUDIT_ENROLMENT_CREATE,
    AUDIT_ENROLMENT_REVOKE,
    AUDIT_DEVICE_ENROL,
    AUDIT_DEVICE_REVOKE,
    AUDIT_DEVICE_ISSUE_TOKEN,
    AUDIT_DEVICE_SET_FACTS,
    AUDIT_DESIRED_REPLACE,
    AUDIT_DESIRED_SET_SLOT,
    AUDIT_TRUST_MAKE_KEY,
    AUDIT_TRUST_PROPOSE,
    AUDIT_TRUST_ACCEPT,
    AUDIT_TRUST_WITHDRAW,
    AUDIT_LINEAGE_TAKE,
    AUDIT_ACTION_COUNT,
};

struct audit_action_info {
    const char *name;    /* "token.create" */
    const char *kind;    /* of its object */
    bool before;         /* what it was is recorded */
    bool after;          /* what it became is recorded */
    const char *meaning; /* a sentence, for docs/AUDIT.md */
};

extern const struct audit_action_info audit_actions[AUDIT_ACTION_COUNT];

/* The server itself, on its own machine. */
extern const struct audit_actor audit_server;

struct audit_change {
    int64_t workspace_id;
    const struct audit_actor *actor;
    int64_t now_ms;
    enum audit_action action;
    const char *object; /* which one, such as "digits@1.0.0" */
    json_t *before;     /* taken, as is after: no fractions, no secrets */
    json_t *after;
};

/*
 * Inside a tx_run. before and after are given exactly where audit_actions says that they are
 * recorded (NULL there means that memory ended while they were made); json_null() where there was,
 * or is, nothing this time.
 */
int audit_record(struct db *db, const struct audit_change *change) MUST_CHECK;

#endif
