/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_REVOKE_H
#define API_REVOKE_H

#include "db/db.h"
#include "http/router.h"
#include "proto/audit_entry.h"

/* How something with a number is revoked, and its answer where there is no such. */
struct revoke_kind {
    const char *noun; /* "token" */
    int (*revoke)(struct db *db, int64_t workspace_id, int64_t id, const struct audit_actor *actor,
                  int64_t now_ms);
    int missing;
};

/* DELETE .../{id}: 204, or 404. */
int revoke_reply(const struct call *call, const struct revoke_kind *kind,
                 struct reply *reply) MUST_CHECK;

#endif
