/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_ALIAS_H
#define DB_Q_ALIAS_H

#include "base/arena.h"
#include "db/db.h"

#include <stddef.h>
#include <stdint.h>

/* Aliases: movable names of versions. Who changes them holds q_model_lock(). */

enum {
    Q_ALIAS_E_MISSING = 16, /* there never was one */
};

struct q_alias {
    const char *name;
    const char *version; /* NULL: it was removed */
    int64_t revision;
    int64_t moved_ms;
    const char *moved_by;
};

/* Also one that was removed. Returns 0, Q_ALIAS_E_MISSING, or negative. */
int q_alias_find(struct db *db, int64_t model_id, const char *name, struct arena *arena,
                 struct q_alias *ret_alias) MUST_CHECK;

/* Those that are there, by name: those behind `after`, at most limit. */
int q_alias_list(struct db *db, int64_t model_id, const char *after, int64_t limit,
                 struct arena *arena, struct q_alias **ret_aliases, size_t *ret_count) MUST_CHECK;

struct q_alias_move {
    int64_t workspace_id;
    int64_t model_id;
    const char *name;
    int64_t version_id; /* 0: it is removed */
    const char *moved_by;
    int64_t now_ms;
};

/* ret_revision: the one it has from now on. */
int q_alias_move(struct db *db, const struct q_alias_move *move, int64_t *ret_revision) MUST_CHECK;

#endif
