/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_FLEET_DESIRED_H
#define CORE_FLEET_DESIRED_H

#include "base/arena.h"
#include "core/audit/audit.h"
#include "db/db.h"
#include "db/q_approval.h"

#include <stddef.h>
#include <stdint.h>

struct roster;

/*
 * What devices should run: set by operators, kept as assignments (docs/ARCHITECTURE.md, "Desired
 * states"). Only published versions, and where the workspace has a TUF root only those that the
 * image repository lists; a variant that is not named is the first in the manifest that the device
 * has runtime and hardware for.
 */

#define DESIRED_SLOTS_MAX 64

enum {
    DESIRED_E_DEVICE = 32,    /* no such device, or it is revoked */
    DESIRED_E_MODEL = 33,     /* no such model */
    DESIRED_E_VERSION = 34,   /* no such version */
    DESIRED_E_DRAFT = 35,     /* the version is not published */
    DESIRED_E_VARIANT = 36,   /* the version has no such variant */
    DESIRED_E_FIT = 37,       /* no variant fits the device's capabilities */
    DESIRED_E_MATCH = 38,     /* the state is not the one that was expected */
    DESIRED_E_SLOTS = 39,     /* more than DESIRED_SLOTS_MAX */
    DESIRED_E_CONFLICT = 40,  /* other changes of the same devices kept getting in between */
    DESIRED_E_UNLISTED = 41,  /* the image repository does not list it: devices would refuse it */
    DESIRED_E_YANKED = 42,    /* nor ever will again */
    DESIRED_E_ARCHIVED = 43,  /* the model, or the version, is archived */
    DESIRED_E_APPROVALS = 44, /* too few people have approved the version; approvals */
};

/* Why something was refused: a sentence for the problem document. */
struct desired_refusal {
    char text[512];
    struct q_approval_tally approvals;
};

struct desired_slot {
    const char *slot;
    const char *model;
    const char *version;
    const char *variant; /* "onnx/cpu/fp32"; NULL: the first that fits */
    const char *role;    /* "production" or "shadow" */
    const char *reload;  /* a kind (proto/reload_kind.h); NULL: as the device has it configured */
};

#define DESIRED_ANY_VERSION (-1)

struct desired_change {
    int64_t workspace_id;
    const char *device;
    const struct desired_slot *slots; /* all that it shall have; none twice */
    size_t slot_count;
    int64_t expected_version; /* DESIRED_ANY_VERSION: whatever it is */
    const struct audit_actor *actor;
    int64_t now_ms;
};

/*
 * Replaces the desired state of one device. Setting what is there already changes nothing.
 *
 * ret_version  of the state that is in force then
 * ret_slots    its slots, as devices get them (a JSON object); in the arena
 */
int desired_replace(struct db *db, struct roster *roster, const struct desired_change *change,
                    struct arena *arena, int64_t *ret_version, const char **ret_slots,
                    struct desired_refusal *ret_refusal) MUST_CHECK;

struct desired_bulk {
    int64_t workspace_id;
    const char *const *devices; /* NULL: all active ones; none twice */
    size_t device_count;
    struct desired_slot slot;
    const struct audit_actor *actor;
    int64_t now_ms;
};

/* Sets one slot on many devices, on all of them or on none. */
int desired_set_slot(struct db *db, const struct desired_bulk *bulk, struct arena *arena,
                     int64_t *ret_changed, int64_t *ret_unchanged,
                     struct desired_refusal *ret_refusal) MUST_CHECK;

#endif
