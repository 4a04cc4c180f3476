/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_LIFE_H
#define DB_Q_LIFE_H

#include "base/arena.h"
#include "db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether models and versions are in use, and what uses them. */

enum {
    Q_LIFE_E_MODEL = 16,
    Q_LIFE_E_VERSION = 17,
};

/* How a row is locked until the transaction ends. */
enum q_life_lock {
    Q_LIFE_SHARED,    /* others may refer to it, too; nobody archives it */
    Q_LIFE_EXCLUSIVE, /* nobody refers to it, nor changes it */
};

struct q_life {
    int64_t id;
    int64_t model_id;
    /* "draft", "published", "archived", "deleted"; of a model: "active", "archived" */
    const char *status;
    int64_t revision;
    const char *created_by;
    int64_t archived_ms; /* 0: in use */
    const char *archived_by;
    const char *archive_reason;
};

/* Returns 0, Q_LIFE_E_MODEL, or negative. */
int q_life_lock_model(struct db *db, int64_t workspace_id, const char *model, enum q_life_lock how,
                      struct arena *arena, struct q_life *ret_life) MUST_CHECK;

/* Without a lock. Returns 0, Q_LIFE_E_MODEL, or negative. */
int q_life_find_model(struct db *db, int64_t workspace_id, const char *model,
                      int64_t *ret_id) MUST_CHECK;

/* Returns 0, Q_LIFE_E_VERSION, or negative. */
int q_life_lock_version(struct db *db, int64_t model_id, const char *version, enum q_life_lock how,
                        struct arena *arena, struct q_life *ret_life) MUST_CHECK;

/* reason NULL: restored. Each raises the revision. */
int q_life_archive_model(struct db *db, int64_t id, const char *by, const char *reason,
                         int64_t now_ms) MUST_CHECK;
int q_life_archive_version(struct db *db, int64_t id, const char *by, const char *reason,
                           int64_t now_ms) MUST_CHECK;

/* What uses something. */
struct q_life_use {
    const char *kind; /* "alias", "device", and as db/q_deletion.h says */
    const char *name;
};

struct q_life_uses {
    struct q_life_use *uses; /* at most the limit */
    size_t count;
    int64_t total;
};

/* What keeps a version, or any of a model's, from being archived: aliases (not of a model: they are
 * its own), and devices that shall run it. */
int q_life_uses(struct db *db, int64_t model_id, int64_t version_id, int64_t limit,
                struct arena *arena, struct q_life_uses *ret_uses) MUST_CHECK;

#endif
