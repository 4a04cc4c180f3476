/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_NOTE_H
#define DB_Q_NOTE_H

#include "base/arena.h"
#include "db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What may change about models and versions: tags, metrics, parameters, cards. Who changes a row
 * holds it by q_life_lock_*(, Q_LIFE_EXCLUSIVE). */

/* Values as they are; in the arena. */
struct q_note_value {
    const char *value; /* NULL: there is none */
    bool is_signed;    /* by the manifest: it never changes */
};

/* What is found under keys; ret_values has count elements. */
int q_note_version_tags(struct db *db, int64_t version_id, const char *const *keys, size_t count,
                        struct arena *arena, struct q_note_value **ret_values) MUST_CHECK;
int q_note_version_params(struct db *db, int64_t version_id, const char *const *names, size_t count,
                          struct arena *arena, struct q_note_value **ret_values) MUST_CHECK;
int q_note_version_metrics(struct db *db, int64_t version_id, const char *const *names,
                           const char *const *datasets, size_t count, struct arena *arena,
                           struct q_note_value **ret_values) MUST_CHECK;
int q_note_model_tags(struct db *db, int64_t model_id, const char *const *keys, size_t count,
                      struct arena *arena, struct q_note_value **ret_values) MUST_CHECK;

/* What is set: a NULL value removes. */
struct q_note_set {
    int64_t workspace_id;
    int64_t id; /* of the version or model */
    const char *const *names;
    const char *const *values;
    const char *const *numbers;  /* parameters and metrics: as PostgreSQL reads them, or NULL */
    const char *const *datasets; /* metrics */
    size_t count;
    const char *by;
    int64_t now_ms;
};

int q_note_set_version_tags(struct db *db, const struct q_note_set *set,
                            struct arena *arena) MUST_CHECK;
int q_note_set_version_params(struct db *db, const struct q_note_set *set,
                              struct arena *arena) MUST_CHECK;
/* Also sees to it that of each name one is the main one. */
int q_note_set_version_metrics(struct db *db, const struct q_note_set *set,
                               struct arena *arena) MUST_CHECK;
int q_note_set_model_tags(struct db *db, const struct q_note_set *set,
                          struct arena *arena) MUST_CHECK;

/* How many a version has that are not signed. */
struct q_note_counts {
    int64_t tags;
    int64_t params;
    int64_t metrics;
};

int q_note_counts(struct db *db, int64_t version_id, struct q_note_counts *ret_counts) MUST_CHECK;
int q_note_model_tag_count(struct db *db, int64_t model_id, int64_t *ret_count) MUST_CHECK;

/* "": there is none. */
int q_note_version_card(struct db *db, int64_t version_id, struct arena *arena,
                        const char **ret_card) MUST_CHECK;
int q_note_set_version_card(struct db *db, int64_t workspace_id, int64_t version_id,
                            const char *card) MUST_CHECK;

struct q_note_model {
    const char *description;
    const char *card;
};

int q_note_model(struct db *db, int64_t model_id, struct arena *arena,
                 struct q_note_model *ret_note) MUST_CHECK;
int q_note_set_model(struct db *db, int64_t model_id, const struct q_note_model *note) MUST_CHECK;

/* Raise the revision. */
int q_note_touch_version(struct db *db, int64_t version_id) MUST_CHECK;
int q_note_touch_model(struct db *db, int64_t model_id) MUST_CHECK;

#endif
