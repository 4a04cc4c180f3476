/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_idempotency.h"

#include "base/cleanup.h"

#include <assert.h>
#include <string.h>

#define WHERE_KEY "workspace_id = $1::bigint AND token_id = $2::bigint AND key = $3::text"

static const struct db_stmt expire_one = {
    "q_idempotency_expire_one",
    "DELETE FROM idempotency_key WHERE " WHERE_KEY " AND created_at < at_ms($4::bigint)",
};

/* A few with every new key: no key outlives its time for long, and no job is needed for it. */
static const struct db_stmt expire_some = {
    "q_idempotency_expire_some",
    "DELETE FROM idempotency_key WHERE ctid = ANY (ARRAY (SELECT ctid FROM idempotency_key"
    " WHERE created_at < at_ms($1::bigint) ORDER BY created_at LIMIT 20 FOR UPDATE SKIP LOCKED))",
};

static const struct db_stmt insert = {
    "q_idempotency_insert",
    "INSERT INTO idempotency_key (workspace_id, token_id, key, request_sha256, created_at)"
    " VALUES ($1::bigint, $2::bigint, $3::text, $4::bytea, at_ms($5::bigint))"
    " ON CONFLICT DO NOTHING",
};

static const struct db_stmt store = {
    "q_idempotency_store",
    "UPDATE idempotency_key SET status = $4::bigint, content_type = $5::text, location = $6::text,"
    " body = $7::bytea WHERE " WHERE_KEY,
};

static const struct db_stmt find = {
    "q_idempotency_find",
    "SELECT request_sha256, status, content_type, location, body FROM idempotency_key"
    " WHERE " WHERE_KEY " AND status IS NOT NULL",
};

static void add_key(struct db_params *params, const struct q_idempotency_key *key)
{
    db_add_i64(params, key->workspace_id);
    db_add_i64(params, key->token_id);
    db_add_text(params, key->key);
}

int q_idempotency_expire(struct db *db, const struct q_idempotency_key *key, int64_t before_ms)
{
    struct db_params params = {0};
    struct db_params others = {0};
    int r;

    add_key(&params, key);
    db_add_i64(&params, before_ms);
    r = db_exec(db, &expire_one, &params, NULL);
    if (r)
        return r;
    db_add_i64(&others, before_ms);
    return db_exec(db, &expire_some, &others, NULL);
}

int q_idempotency_insert(struct db *db, const struct q_idempotency_key *key,
                         const uint8_t request_sha256[static DIGEST_SHA256_SIZE], int64_t now_ms)
{
    struct db_params params = {0};
    int r;

    add_key(&params, key);
    db_add_bytes(&params, request_sha256, DIGEST_SHA256_SIZE);
    db_add_i64(&params, now_ms);
    r = db_exec(db, &insert, &params, NULL);
    if (r)
        return r;
    return db_affected(db) == 1 ? 0 : Q_IDEMPOTENCY_E_EXISTS;
}

int q_idempotency_store(struct db *db, const struct q_idempotency_key *key,
                        const struct q_idempotency_reply *reply)
{
    struct db_params params = {0};

    add_key(&params, key);
    db_add_i64(&params, reply->status);
    db_add_text(&params, reply->content_type);
    db_add_text(&params, reply->location);
    db_add_bytes(&params, reply->body, reply->size);
    return db_exec(db, &store, &params, NULL);
}

int q_idempotency_find(struct db *db, const struct q_idempotency_key *key, struct arena *arena,
                       struct q_idempotency_reply *ret_reply)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    const uint8_t *bytes;
    size_t size;
    int r;

    add_key(&params, key);
    r = db_exec(db, &find, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_IDEMPOTENCY_E_MISSING;
    bytes = db_bytes(&rows, 0, 0, &size);
    assert(size == sizeof(ret_reply->request_sha256));
    memcpy(ret_reply->request_sha256, bytes, size);
    ret_reply->status = (int)db_i64(&rows, 0, 1);
    ret_reply->content_type = arena_strdup(arena, db_text(&rows, 0, 2));
    ret_reply->location = arena_strdup(arena, db_text(&rows, 0, 3));
    bytes = db_bytes(&rows, 0, 4, &ret_reply->size);
    ret_reply->body = arena_memdup(arena, bytes ? bytes : (const uint8_t *)"", ret_reply->size);
    return 0;
}
