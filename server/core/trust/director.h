/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TRUST_DIRECTOR_H
#define CORE_TRUST_DIRECTOR_H

#include "base/arena.h"
#include "core/trust/vault.h"
#include "db/db.h"
#include "db/q_director.h"

#include <stdint.h>

/*
 * The director repository, as in Uptane (Standard 2.1, 5.3.2): for each device, metadata that says
 * what it shall run in which slot. The root is signed offline and comes in through
 * core/trust/proposals; targets, snapshot and timestamp of a device are signed here, by the
 * server's online key, all three with the same version, and only when the device asks and they
 * would say something new or have less than half of their life left.
 *
 * `signed` of targets names the device: "custom": {"workspace", "device" (its uuid), "name",
 * "state_version"}; so does an empty one. `custom` of a target holds "slots": {slot: {"role",
 * "variant"}}, since two slots may run one version.
 */
#define DIRECTOR_REPOSITORY "director"

enum {
    DIRECTOR_E_MISSING = 64, /* no such device, or it is revoked */
    DIRECTOR_E_NONE = 65,    /* the workspace has no director root yet */
    DIRECTOR_E_CLOSED = 66,  /* no master key is configured */
    DIRECTOR_E_KEY = 67,     /* the root in force names no online key of this server */
};

struct director_settings {
    const struct vault *vault;
    int64_t lifetime_ms;
};

/* The files in force for a device; signs them first where that is due. */
int director_files(struct db *db, const struct director_settings *settings, int64_t device_id,
                   int64_t now_ms, struct arena *arena,
                   struct q_director_files *ret_files) MUST_CHECK;

#endif
