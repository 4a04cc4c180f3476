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

/* Sorts ids and leaves each once, 0 not at all; returns how many. */
static size_t distinct_ids(int64_t *ids, size_t count)
{
    size_t distinct = 0;

    qsort(ids, count, sizeof(*ids), compare_ids);
    for (size_t i = 0; i < count; i++)
        if (ids[i] != 0 && (distinct == 0 || ids[i] != ids[distinct - 1]))
            ids[distinct++] = ids[i];
    return distinct;
}

/* Holds what the ids name, reading what is not known yet. Changes the array. */
static int hold_assignments(struct db *db, struct batch *batch, int64_t *ids, size_t named)
{
    CLEANUP(db_rows_release) struct db_rows texts = {0};
    size_t count = distinct_ids(ids, named);
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
    int64_t *ids = arena_array(&batch.arena, (size_t)rows->count, sizeof(*ids));
    int r;

    for (int i = 0; i < rows->count; i++) {
        struct q_roster_row row;

        q_roster_row(rows, i, &row);
        ids[i] = row.assignment_id;
    }
    r = hold_assignments(db, &batch, ids, (size_t)rows->count);
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

/* Applies moves; ret_gaps gets the devices whose rows have to be read after all. */
static int apply_moves(struct roster *roster, const struct db_rows *rows, int64_t *ret_gaps,
                       size_t *ret_gap_count)
{
    size_t gaps = 0;

    for (int i = 0; i < rows->count; i++) {
        struct q_roster_move move;
        int r;

        q_roster_move(rows, i, &move);
        r = roster_move(roster, &(struct roster_row){.id = move.device_id,
                                                     .revision = move.revision,
                                                     .version = move.version,
                                                     .assignment_id = move.assignment_id});
        if (r == ROSTER_E_GAP)
            ret_gaps[gaps++] = move.device_id;
        else if (r)
            return r;
    }
    *ret_gap_count = gaps;
    return 0;
}

int rows_move(struct db *db, struct roster *roster, const struct db_rows *rows)
{
    CLEANUP(db_rows_release) struct db_rows devices = {0};
    CLEANUP(batch_release) struct batch batch = {.assignments = roster_assignments(roster)};
    int64_t *ids = arena_array(&batch.arena, (size_t)rows->count, sizeof(*ids));
    size_t gaps;
    int r;

    for (int i = 0; i < rows->count; i++) {
        struct q_roster_move move;

        q_roster_move(rows, i, &move);
        ids[i] = move.assignment_id;
    }
    r = hold_assignments(db, &batch, ids, (size_t)rows->count);
    if (r == 0)
        r = apply_moves(roster, rows, ids, &gaps);
    if (r || gaps == 0)
        return r;
    r = q_roster_devices(db, &batch.arena, ids, gaps, &devices);
    return r ? r : rows_put(db, roster, &devices);
}

int rows_refresh(struct db *db, struct roster *roster, int64_t device_id)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r = q_roster_device(db, device_id, &rows);

    return r ? r : rows_put(db, roster, &rows);
}

int rows_find(struct db *db, struct roster *roster, const uint8_t token[static ROSTER_TOKEN_SIZE])
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r = q_roster_token(db, token, &rows);

    return r ? r : rows_put(db, roster, &rows);
}
