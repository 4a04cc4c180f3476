/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_AUDIT_H
#define DB_Q_AUDIT_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/db.h"
#include "proto/audit_entry.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The audit log: appended to, and read. */

/* The end of a workspace's chain. */
struct q_audit_head {
    const char *workspace; /* its name */
    int64_t seq;           /* of the last entry; 0: there is none */
    uint8_t hash[DIGEST_SHA256_SIZE];
};

/* Inside a tx_run: nobody else appends to the workspace's chain until it ends. */
int q_audit_lock(struct db *db, int64_t workspace_id, struct arena *arena,
                 struct q_audit_head *ret_head) MUST_CHECK;

/* before, after: JSON text, or NULL; entry->before and entry->after are not looked at. */
int q_audit_insert(struct db *db, int64_t workspace_id, const struct audit_entry *entry,
                   const char *before, const char *after,
                   const uint8_t hash[static DIGEST_SHA256_SIZE]) MUST_CHECK;

/* Which entries; the fields that each looks at are behind it. */
enum q_audit_scope {
    Q_AUDIT_ALL,
    Q_AUDIT_OBJECT,  /* kind, object */
    Q_AUDIT_MODEL,   /* object: a model's name, with all that belongs to it */
    Q_AUDIT_VERSION, /* object: MODEL@VERSION, also the aliases that came and went */
    Q_AUDIT_DEVICE,  /* object: a device's name, also what was set on many at once */
    Q_AUDIT_ACTOR,   /* kind and id of the actor */
    Q_AUDIT_ACTION,  /* kind: the action */
};

struct q_audit_filter {
    enum q_audit_scope scope;
    const char *kind;
    const char *object;
    int64_t id;
    int64_t before_seq; /* entries below it, the newest first; 0: from the end */
    int64_t limit;
};

struct q_audit_row {
    struct audit_entry entry; /* without before and after */
    const char *before;       /* JSON text, or NULL */
    const char *after;
    uint8_t hash[DIGEST_SHA256_SIZE];
};

struct q_audit_page {
    struct q_audit_row *rows;
    size_t count;
    bool more; /* there are older ones */
};

/* Newest first, at most limit, and fewer where they are large. */
int q_audit_list(struct db *db, int64_t workspace_id, const struct q_audit_filter *filter,
                 struct arena *arena, struct q_audit_page *ret_page) MUST_CHECK;

#endif
