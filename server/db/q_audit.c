/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_audit.h"

#include "base/cleanup.h"

#include <assert.h>
#include <string.h>

/* Two integers are a space of their own among advisory locks: 0x61756474 is "audt". */
static const struct db_stmt lock = {
    "q_audit_lock",
    "SELECT pg_advisory_xact_lock(1635083380, ($1::bigint % 2147483647)::int)",
};

/* After the lock, so that it sees what the holder before committed. */
static const struct db_stmt head = {
    "q_audit_head",
    "SELECT w.name::text, coalesce(e.seq, 0), e.hash FROM workspace w LEFT JOIN LATERAL"
    " (SELECT seq, hash::bytea FROM audit_entry WHERE workspace_id = w.id"
    "  ORDER BY seq DESC LIMIT 1) e ON true WHERE w.id = $1::bigint",
};

static const struct db_stmt insert = {
    "q_audit_insert",
    "INSERT INTO audit_entry (workspace_id, seq, at, actor_kind, actor_id, actor_name, actor_role,"
    " actor_address, action, object_kind, object_id, before, after, previous, hash)"
    " VALUES ($1::bigint, $2::bigint, at_ms($3::bigint), $4::text, $5::bigint, $6::text, $7::text,"
    " $8::text, $9::text, $10::text, $11::text, $12::text::jsonb, $13::text::jsonb, $14::bytea,"
    " $15::bytea)",
};

/*
 * $1 workspace, $2 kind, $3 object, $4 id, $5 below this sequence, $6 limit. A page is cut where it
 * would become too large to hold.
 */
#define OLDER "workspace_id = $1::bigint AND ($5::bigint = 0 OR seq < $5::bigint)"
#define NEWEST " ORDER BY seq DESC LIMIT $6::bigint + 1"
#define OF_MODEL                                                                                   \
    " AND object_kind IN ('model', 'version', 'alias')"                                            \
    " AND split_part(object_id COLLATE \"C\", '@', 1) = "
#define PAGE(FROM)                                                                                 \
    "SELECT seq, ms(at), actor_kind, actor_id, actor_name, actor_role, actor_address, action,"     \
    " object_kind, object_id, before::text, after::text, previous::bytea, hash::bytea, "           \
    "candidates,"                                                                                  \
    " (SELECT name::text FROM workspace WHERE id = $1::bigint)"                                    \
    " FROM (SELECT candidate.*, count(*) OVER () AS candidates, row_number() OVER w AS n,"         \
    "  sum(bytes) OVER w - bytes AS bytes_before"                                                  \
    "  FROM (SELECT c.*, coalesce(octet_length(before::text), 0)"                                  \
    "   + coalesce(octet_length(after::text), 0) AS bytes FROM (" FROM ") c) candidate"            \
    "  WINDOW w AS (ORDER BY seq DESC)) page"                                                      \
    " WHERE n <= $6::bigint AND bytes_before < 4194304 ORDER BY seq DESC"
/* Every statement names every parameter, so that each has a type. */
#define SELECT "SELECT * FROM audit_entry WHERE " OLDER
#define UNUSED                                                                                     \
    " AND ($2::text IS NULL OR true) AND ($3::text IS NULL OR true)"                               \
    " AND ($4::bigint IS NULL OR true)"

static const struct db_stmt lists[] = {
    [Q_AUDIT_ALL] = {"q_audit_list",         PAGE(SELECT UNUSED NEWEST)                         },
    [Q_AUDIT_OBJECT] = {"q_audit_list_object",
                     PAGE(SELECT UNUSED
                             " AND object_kind = $2::text AND object_id = $3::text" NEWEST)     },
    [Q_AUDIT_MODEL] = {"q_audit_list_model",   PAGE(SELECT UNUSED OF_MODEL "$3::text" NEWEST)     },
    [Q_AUDIT_VERSION] = {"q_audit_list_version",
                     PAGE(SELECT UNUSED OF_MODEL
                              "split_part($3::text, '@', 1)"
                              " AND (object_kind = 'version' AND object_id = $3::text"
                              "  OR object_kind = 'alias'"
                              "  AND split_part($3::text, '@', 2)"
                              "   IN (before->>'version', after->>'version'))" NEWEST)          },
    [Q_AUDIT_DEVICE] = {"q_audit_list_device",
                     PAGE("SELECT * FROM"
                             " ((" SELECT UNUSED " AND object_kind = 'device'"
                             "  AND object_id = $3::text" NEWEST ")"
                             " UNION ALL (" SELECT " AND object_kind = 'devices'"
                             "  AND (object_id = 'all' OR after->'devices' ? $3::text)" NEWEST
                             ")) either" NEWEST)                                                },
    [Q_AUDIT_ACTOR] = {"q_audit_list_actor",
                     PAGE(SELECT UNUSED
                            " AND actor_kind = $2::text AND actor_id = $4::bigint" NEWEST)      },
    [Q_AUDIT_ACTION] = {"q_audit_list_action",  PAGE(SELECT UNUSED " AND action = $2::text" NEWEST)},
};

static void copy_digest(const struct db_rows *rows, int row, int column,
                        uint8_t ret_digest[static DIGEST_SHA256_SIZE])
{
    size_t size;
    const uint8_t *bytes = db_bytes(rows, row, column, &size);

    assert(size == DIGEST_SHA256_SIZE);
    memcpy(ret_digest, bytes, DIGEST_SHA256_SIZE);
}

int q_audit_lock(struct db *db, int64_t workspace_id, struct arena *arena,
                 struct q_audit_head *ret_head)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    r = db_exec(db, &lock, &params, NULL);
    if (!r)
        r = db_exec(db, &head, &params, &rows);
    if (r)
        return r;
    *ret_head = (struct q_audit_head){0};
    if (rows.count == 0)
        return 0;
    ret_head->workspace = arena_strdup(arena, db_text(&rows, 0, 0));
    ret_head->seq = db_i64(&rows, 0, 1);
    if (!db_is_null(&rows, 0, 2))
        copy_digest(&rows, 0, 2, ret_head->hash);
    return 0;
}

int q_audit_insert(struct db *db, int64_t workspace_id, const struct audit_entry *entry,
                   const char *before, const char *after,
                   const uint8_t hash[static DIGEST_SHA256_SIZE])
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, entry->seq);
    db_add_i64(&params, entry->at_ms);
    db_add_text(&params, entry->actor.kind);
    db_add_i64(&params, entry->actor.id);
    db_add_text(&params, entry->actor.name);
    db_add_text(&params, entry->actor.role);
    db_add_text(&params, entry->actor.address);
    db_add_text(&params, entry->action);
    db_add_text(&params, entry->kind);
    db_add_text(&params, entry->object);
    db_add_text(&params, before);
    db_add_text(&params, after);
    db_add_bytes(&params, entry->previous, sizeof(entry->previous));
    db_add_bytes(&params, hash, DIGEST_SHA256_SIZE);
    return db_exec(db, &insert, &params, NULL);
}

static void read_row(const struct db_rows *rows, int row, struct arena *arena,
                     struct q_audit_row *ret_row)
{
    *ret_row = (struct q_audit_row){
        .entry =
            {
                    .workspace = arena_strdup(arena, db_text(rows, row, 15)),
                    .seq = db_i64(rows, row, 0),
                    .at_ms = db_i64(rows, row, 1),
                    .actor =
                    {
                        .kind = arena_strdup(arena, db_text(rows, row, 2)),
                        .id = db_i64(rows, row, 3),
                        .name = arena_strdup(arena, db_text(rows, row, 4)),
                        .role = arena_strdup(arena, db_text(rows, row, 5)),
                        .address = arena_strdup(arena, db_text(rows, row, 6)),
                    }, .action = arena_strdup(arena, db_text(rows, row, 7)),
                    .kind = arena_strdup(arena, db_text(rows, row, 8)),
                    .object = arena_strdup(arena, db_text(rows, row, 9)),
                    },
        .before = arena_strdup(arena, db_text(rows, row, 10)),
        .after = arena_strdup(arena, db_text(rows, row, 11)),
    };
    copy_digest(rows, row, 12, ret_row->entry.previous);
    copy_digest(rows, row, 13, ret_row->hash);
}

int q_audit_list(struct db *db, int64_t workspace_id, const struct q_audit_filter *filter,
                 struct arena *arena, struct q_audit_page *ret_page)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_text(&params, filter->kind);
    db_add_text(&params, filter->object);
    db_add_i64(&params, filter->id);
    db_add_i64(&params, filter->before_seq);
    db_add_i64(&params, filter->limit);
    r = db_exec(db, &lists[filter->scope], &params, &rows);
    if (r)
        return r;
    ret_page->count = (size_t)rows.count;
    ret_page->more = rows.count > 0 && db_i64(&rows, 0, 14) > rows.count;
    ret_page->rows = arena_array(arena, ret_page->count, sizeof(*ret_page->rows));
    for (int i = 0; i < rows.count; i++)
        read_row(&rows, i, arena, &ret_page->rows[i]);
    return 0;
}
