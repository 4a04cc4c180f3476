/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROTO_STATE_H
#define PROTO_STATE_H

#include "base/arena.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "model/variant.h"
#include "json/fields.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* GET /device/v1/state: what a device shall run (docs/PROTOCOL.md, State). */

#define STATE_SLOTS_MAX 64
#define STATE_SIZE_MAX 65536 /* bytes of the JSON text */

struct state_slot {
    const char *name;
    const char *model;
    const char *version;
    const char *role;   /* "production" or "shadow" */
    const char *reload; /* as it was said, known here or not; NULL: the device's own rule */
    struct variant variant;
    uint8_t manifest_sha256[DIGEST_SHA256_SIZE];
    int64_t manifest_length; /* bytes, at most MANIFEST_SIZE_MAX */
};

struct state {
    int64_t version; /* 0: nothing assigned yet */
    struct state_slot *slots;
    size_t slot_count;
};

/* Members that we do not know are skipped: servers may be newer than devices. */
int state_decode(const json_t *value, struct arena *arena, struct state *ret_state,
                 struct fields_error *ret_error) MUST_CHECK;

/* A new reference; NULL where memory ends. */
json_t *state_encode(const struct state *state);

/* The slot of that name, or NULL. */
const struct state_slot *state_find(const struct state *state, const char *slot);

#endif
