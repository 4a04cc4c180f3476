/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_manifest.h"

#include "base/cleanup.h"

static const struct db_stmt FIND = {
    "q_manifest_find",
    "SELECT manifest FROM model_version WHERE workspace_id = $1::bigint"
    " AND manifest_sha256 = $2::bytea AND state = 'published'"
    " UNION ALL SELECT manifest FROM variant_addition WHERE workspace_id = $1::bigint"
    " AND manifest_sha256 = $2::bytea LIMIT 1",
};

int q_manifest_find(struct db *db, int64_t workspace_id,
                    const uint8_t sha256[static DIGEST_SHA256_SIZE], struct arena *arena,
                    const void **ret_bytes, size_t *ret_size)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    const uint8_t *bytes;
    size_t size;
    int r;

    db_add_i64(&params, workspace_id);
    db_add_bytes(&params, sha256, DIGEST_SHA256_SIZE);
    r = db_exec(db, &FIND, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_MANIFEST_E_MISSING;
    bytes = db_bytes(&rows, 0, 0, &size);
    *ret_bytes = arena_memdup(arena, bytes, size);
    *ret_size = size;
    return 0;
}
