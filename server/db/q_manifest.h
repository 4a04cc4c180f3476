/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_MANIFEST_H
#define DB_Q_MANIFEST_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/db.h"

#include <stddef.h>
#include <stdint.h>

enum {
    Q_MANIFEST_E_MISSING = 16,
};

/* The envelope of a published version, or of a variant that was added to one, by the digest that
 * devices know it by; in the arena. */
int q_manifest_find(struct db *db, int64_t workspace_id,
                    const uint8_t sha256[static DIGEST_SHA256_SIZE], struct arena *arena,
                    const void **ret_bytes, size_t *ret_size) MUST_CHECK;

#endif
