/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_LINEAGE_WALK_AHEAD_H
#define CORE_LINEAGE_WALK_AHEAD_H

#include "db/q_walk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads several levels of a walk with one statement where few nodes are walked from: in a chain,
 * what a statement costs is most of a level. What it gives is what a statement a level would, and
 * edges of nodes beside the frontier, which the caller leaves out. For core/lineage/walk_level.c
 * only.
 */
struct walk_ahead {
    struct db_rows rows;
    int next;      /* the row that the next level begins with */
    int64_t level; /* the next one; 0: nothing is read ahead */
    int64_t whole; /* the last one of which all rows are there */
    int64_t read;  /* rows, in the whole walk */
    int64_t taken; /* of these, those that led from a frontier */
};

/* The rows of one level. */
struct walk_ahead_rows {
    const struct db_rows *rows; /* NULL: ask with a statement of one level */
    int from;
    int to; /* behind the last one */
};

/*
 * Reads on where nothing was read ahead and that may help. step is of the frontier; levels: how
 * many the walk may still go, 0 for any number. Returns 0 or negative.
 */
int walk_ahead_next(struct walk_ahead *ahead, struct db *db, const struct q_walk_step *step,
                    bool upstream, uint32_t levels, struct walk_ahead_rows *ret_rows) MUST_CHECK;

/* Of the rows of the level, so many led from the frontier. */
void walk_ahead_note(struct walk_ahead *ahead, int64_t taken);

/* The frontier is another than that of the last level's rows: what was read is forgotten. */
void walk_ahead_drop(struct walk_ahead *ahead);

#endif
