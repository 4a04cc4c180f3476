/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_checkpoint.h"

#include "base/cleanup.h"

static const struct db_stmt insert = {
    "q_checkpoint_insert",
    "INSERT INTO audit_checkpoint (workspace_id, seq, at, envelope)"
    " VALUES ($1::bigint, $2::bigint, at_ms($3::bigint), $4::text)",
};

static const struct db_stmt list = {
    "q_checkpoint_list",
    "SELECT seq, ms(at), envelope FROM audit_checkpoint WHERE workspace_id = $1::bigint"
    " AND ($2::bigint = 0 OR seq < $2::bigint) ORDER BY seq DESC LIMIT $3::bigint + 1",
};

static const struct db_stmt due = {
    "q_checkpoint_due",
    "SELECT w.id FROM workspace w WHERE w.id > $1::bigint"
    " AND (SELECT max(seq) FROM audit_entry e WHERE e.workspace_id = w.id)"
    "  > coalesce((SELECT max(seq) FROM audit_checkpoint c WHERE c.workspace_id = w.id), 0)"
    " ORDER BY w.id LIMIT $2::bigint",
};

int q_checkpoint_insert(struct db *db, int64_t workspace_id, const struct q_checkpoint *checkpoint)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, checkpoint->seq);
    db_add_i64(&params, checkpoint->at_ms);
    db_add_text(&params, checkpoint->envelope);
    return db_exec(db, &insert, &params, NULL);
}

int q_checkpoint_list(struct db *db, int64_t workspace_id, int64_t before_seq, int64_t limit,
                      struct arena *arena, struct q_checkpoint_page *ret_page)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, before_seq);
    db_add_i64(&params, limit);
    r = db_exec(db, &list, &params, &rows);
    if (r)
        return r;
    ret_page->more = rows.count > limit;
    ret_page->count = (size_t)(ret_page->more ? limit : rows.count);
    ret_page->items = arena_array(arena, ret_page->count, sizeof(*ret_page->items));
    for (int i = 0; i < (int)ret_page->count; i++)
        ret_page->items[i] = (struct q_checkpoint){
            .seq = db_i64(&rows, i, 0),
            .at_ms = db_i64(&rows, i, 1),
            .envelope = arena_strdup(arena, db_text(&rows, i, 2)),
        };
    return 0;
}

int q_checkpoint_newest(struct db *db, int64_t workspace_id, struct arena *arena,
                        struct q_checkpoint *ret_checkpoint)
{
    struct q_checkpoint_page page;
    int r = q_checkpoint_list(db, workspace_id, 0, 1, arena, &page);

    if (r)
        return r;
    if (page.count == 0)
        return Q_CHECKPOINT_E_MISSING;
    *ret_checkpoint = page.items[0];
    return 0;
}

int q_checkpoint_due(struct db *db, int64_t after_id, int64_t limit, struct arena *arena,
                     int64_t **ret_workspaces, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int64_t *workspaces;
    int r;

    db_add_i64(&params, after_id);
    db_add_i64(&params, limit);
    r = db_exec(db, &due, &params, &rows);
    if (r)
        return r;
    workspaces = arena_array(arena, (size_t)rows.count, sizeof(*workspaces));
    for (int i = 0; i < rows.count; i++)
        workspaces[i] = db_i64(&rows, i, 0);
    *ret_workspaces = workspaces;
    *ret_count = (size_t)rows.count;
    return 0;
}
