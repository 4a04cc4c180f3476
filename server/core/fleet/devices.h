/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_FLEET_DEVICES_H
#define CORE_FLEET_DEVICES_H

#include "base/arena.h"
#include "core/audit/audit.h"
#include "crypto/secret.h"
#include "db/db.h"
#include "proto/device.h"

#include <stdint.h>

struct roster;

/* Devices that are enrolled. */

enum {
    DEVICES_E_MISSING = 32, /* no such device, or it is revoked */
};

/*
 * Revokes the active device of that name: its tokens are refused by this instance when this
 * returns, and by the others within the time of a notification; its streams are closed.
 */
int devices_revoke(struct db *db, struct roster *roster, int64_t workspace_id, const char *name,
                   const struct audit_actor *actor, int64_t now_ms) MUST_CHECK;

/* A device that changes something of itself. */
struct devices_self {
    int64_t workspace_id;
    const struct audit_actor *actor; /* the device: its id and name */
    int64_t now_ms;
};

/*
 * Issues a device's next token. The present one works until the new one is first used.
 *
 * ret_secret  exists nowhere else: wipe it
 */
int devices_issue_token(struct db *db, struct roster *roster, const struct devices_self *self,
                        char ret_secret[static SECRET_TOKEN_SIZE]) MUST_CHECK;

/* Replaces what the device reports about itself. */
int devices_set_facts(struct db *db, const struct devices_self *self,
                      const struct device_facts *facts, bool with_attributes,
                      bool with_capabilities, struct arena *arena) MUST_CHECK;

#endif
