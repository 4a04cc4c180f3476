/* SPDX-License-Identifier: Apache-2.0 */
#include "push/rows.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "db/q_roster.h"
#include "push/assignments.h"

/* Rows, and the assignments that are held so that the rows may name them. */
struct batch {
    struct arena arena;
    struct assignments *assignments;
    struct assignment **held;
    size_t held_count;
};

static void batch_release(struct batch *batch)
{
    for (size_t i = 0; i < batch->held_count; i++)
        assignments_drop(batch->assignments, batch->held[i]);
    arena_release(&batch->arena);
}

static int compare_ids(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

/* The distinct assignments that rows name. */
static size_t assignment_ids(struct batch *batch, const struct db_rows *rows, int64_t **ret_ids)
{
    int64_t *ids = arena_array(&batch->arena, (size_t)rows->count, sizeof(*ids));
    size_t count = 0;

    for (int i = 0; i < rows->count; i++) {
        struct q_roster_row row;

        q_roster_row(rows, i, &row);
        if (row.assignment_id != 0 && (count == 0 || ids[count - 1] != row.assignment_id))
            ids[count++] = row.assignment_id;
    }
    qsort(ids, count, sizeof(*ids), compare_ids);
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || ids[i] != ids[i - 1])
            ids[distinct++] = ids[i];
    *ret_ids = ids;
    return distinct;
}

static int hold_assignments(struct db *db, struct batch *batch, const struct db_rows *rows)
{
    CLEANUP(db_rows_release) struct db_rows texts = {0};
    int64_t *ids;
    size_t count = assignment_ids(batch, rows, &ids);
    size_t unknown = 0;
    int r;

    batch->held = arena_array(&batch->arena, count, sizeof(struct assignment *));
    for (size_t i = 0; i < count; i++) {
        struct assignment *assignment = assignments_hold(batch->assignments, ids[i]);

        if (assignment)
            batch->held[batch->held_count++] = assignment;
        else
            ids[unknown++] = ids[i];
    }
    if (unknown == 0)
        return 0;
    r = q_roster_assignments(db, &batch->arena, ids, unknown, &texts);
    if (r)
        return r;
    for (int i = 0; i < texts.count; i++) {
        struct assignment *assignment =
            assignments_add(batch->assignments, db_i64(&texts, i, 0), db_text(&texts, i, 1));

        if (!assignment)
            return log_fail(ERR_NO_MEMORY, "cannot remember an assignment: out of memory");
        batch->held[batch->held_count++] = assignment;
    }
    return 0;
}

int rows_put(struct db *db, struct roster *roster, const struct db_rows *rows)
{
    CLEANUP(batch_release)
    struct batch batch = {.assignments = roster_assignments(roster)};
    int r = hold_assignments(db, &batch, rows);

    for (int i = 0; r == 0 && i < rows->count; i++) {
        struct q_roster_row row;

        q_roster_row(rows, i, &row);
        r = roster_put(roster, &(struct roster_row){
                                   .id = row.id,
                                   .workspace_id = row.workspace_id,
                                   .name = row.name,
                                   .active = row.active,
                                   .revision = row.revision,
                                   .version = row.version,
                                   .assignment_id = row.assignment_id,
                                   .token = row.token,
                                   .next_token = row.next_token,
                               });
    }
    return r;
}

int rows_refresh(struct db *db, struct roster *roster, int64_t device_id)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r = q_roster_device(db, device_id, &rows);

    return r ? r : rows_put(db, roster, &rows);
}
