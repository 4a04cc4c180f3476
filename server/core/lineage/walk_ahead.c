/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lineage/walk_ahead.h"

#include "base/cleanup.h"

/* From more nodes than this a level is worth a statement. */
#define WIDTH_MAX 64
#define LEVELS_MAX 256
/* Where paths of many lengths meet, a node is read once a length: the more was of use, the more is
 * read, and no more where most was in vain. */
#define ROWS_MIN 512
#define ROWS_MAX 4096

void walk_ahead_drop(struct walk_ahead *ahead)
{
    db_rows_release(&ahead->rows);
    ahead->level = 0;
}

void walk_ahead_note(struct walk_ahead *ahead, int64_t taken)
{
    ahead->taken += taken;
}

static bool may_help(const struct walk_ahead *ahead, const struct q_walk_step *step,
                     uint32_t levels)
{
    return step->count <= WIDTH_MAX && levels != 1 && step->limit > ROWS_MAX &&
           ahead->read - ahead->taken <= ahead->taken + ROWS_MIN / 4;
}

static int read_on(struct walk_ahead *ahead, struct db *db, const struct q_walk_step *step,
                   bool upstream, uint32_t levels)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct q_walk_step bounded = *step;
    int64_t most = levels && levels < LEVELS_MAX ? levels : LEVELS_MAX;
    int r;

    bounded.limit = ROWS_MIN + 2 * ahead->taken;
    if (bounded.limit > ROWS_MAX)
        bounded.limit = ROWS_MAX;
    r = q_walk_ahead(db, &arena, &bounded, upstream, most, &ahead->rows);
    if (r)
        return r;
    ahead->read += ahead->rows.count;
    ahead->next = 0;
    ahead->level = 1;
    ahead->whole = ahead->rows.count < bounded.limit
                       ? most
                       : db_i64(&ahead->rows, ahead->rows.count - 1, 3) - 1;
    return 0;
}

int walk_ahead_next(struct walk_ahead *ahead, struct db *db, const struct q_walk_step *step,
                    bool upstream, uint32_t levels, struct walk_ahead_rows *ret_rows)
{
    *ret_rows = (struct walk_ahead_rows){0};
    if (ahead->level > ahead->whole)
        walk_ahead_drop(ahead);
    if (ahead->level == 0 && may_help(ahead, step, levels)) {
        int r = read_on(ahead, db, step, upstream, levels);

        if (r)
            return r;
        if (ahead->whole == 0)
            walk_ahead_drop(ahead);
    }
    if (ahead->level == 0)
        return 0;
    ret_rows->rows = &ahead->rows;
    ret_rows->from = ahead->next;
    while (ahead->next < ahead->rows.count && db_i64(&ahead->rows, ahead->next, 3) == ahead->level)
        ahead->next++;
    ret_rows->to = ahead->next;
    ahead->level++;
    return 0;
}
