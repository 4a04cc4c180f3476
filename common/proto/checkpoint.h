/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROTO_CHECKPOINT_H
#define PROTO_CHECKPOINT_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "json/fields.h"

#include <jansson.h>
#include <stdint.h>

/*
 * A checkpoint of a workspace's audit log (docs/AUDIT.md): "entry SEQ has this hash", which says
 * the same of every entry before it. Signed with the workspace's audit key, in TUF's envelope.
 */

#define CHECKPOINT_TYPE "modelferry-audit-checkpoint"
#define CHECKPOINT_SIZE_MAX ((size_t)16 << 10) /* of an envelope */

struct checkpoint {
    const char *workspace;
    int64_t seq;
    int64_t at_ms;
    uint8_t hash[DIGEST_SHA256_SIZE]; /* of entry seq */
};

/* What is signed, as a new reference; NULL where memory ends. */
json_t *checkpoint_encode(const struct checkpoint *checkpoint);

/* Reads what was signed; strings live in the arena. Returns 0, FIELDS_E_UNKNOWN or
 * FIELDS_E_INVALID. */
int checkpoint_decode(const json_t *signed_part, struct arena *arena,
                      struct checkpoint *ret_checkpoint, struct fields_error *ret_error) MUST_CHECK;

#endif
