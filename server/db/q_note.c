/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_note.h"

#include "base/cleanup.h"

/* ---- what there is ------------------------------------------------------------------------ */

#define WANTED "unnest($2::text[]) WITH ORDINALITY AS u (name, n)"

static const struct db_stmt version_tags = {
    "q_note_version_tags",
    "SELECT t.value, coalesce(t.signed, false) FROM " WANTED
    " LEFT JOIN version_tag t ON t.version_id = $1::bigint AND t.key = u.name ORDER BY u.n",
};

static const struct db_stmt version_params = {
    "q_note_version_params",
    "SELECT p.value, coalesce(p.signed, false) FROM " WANTED
    " LEFT JOIN version_param p ON p.version_id = $1::bigint AND p.name = u.name ORDER BY u.n",
};

static const struct db_stmt model_tags = {
    "q_note_model_tags",
    "SELECT t.value, false FROM " WANTED
    " LEFT JOIN model_tag t ON t.model_id = $1::bigint AND t.key = u.name ORDER BY u.n",
};

static const struct db_stmt version_metrics = {
    "q_note_version_metrics",
    "SELECT m.value_text, coalesce(m.signed, false)"
    " FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS u (name, dataset, n)"
    " LEFT JOIN version_metric m ON m.version_id = $1::bigint AND m.name = u.name"
    "  AND m.dataset = u.dataset ORDER BY u.n",
};

static int read_values(struct db *db, const struct db_stmt *stmt, const struct db_params *params,
                       struct arena *arena, struct q_note_value **ret_values)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct q_note_value *values;
    int r;

    r = db_exec(db, stmt, params, &rows);
    if (r)
        return r;
    values = arena_array(arena, (size_t)rows.count, sizeof(*values));
    for (int i = 0; i < rows.count; i++)
        values[i] =
            (struct q_note_value){arena_strdup(arena, db_text(&rows, i, 0)), db_bool(&rows, i, 1)};
    *ret_values = values;
    return 0;
}

static int find(struct db *db, const struct db_stmt *stmt, int64_t id, const char *const *names,
                size_t count, struct arena *arena, struct q_note_value **ret_values)
{
    struct db_params params = {0};

    db_add_i64(&params, id);
    db_add_text_array(&params, arena, names, count);
    return read_values(db, stmt, &params, arena, ret_values);
}

int q_note_version_tags(struct db *db, int64_t version_id, const char *const *keys, size_t count,
                        struct arena *arena, struct q_note_value **ret_values)
{
    return find(db, &version_tags, version_id, keys, count, arena, ret_values);
}

int q_note_version_params(struct db *db, int64_t version_id, const char *const *names, size_t count,
                          struct arena *arena, struct q_note_value **ret_values)
{
    return find(db, &version_params, version_id, names, count, arena, ret_values);
}

int q_note_model_tags(struct db *db, int64_t model_id, const char *const *keys, size_t count,
                      struct arena *arena, struct q_note_value **ret_values)
{
    return find(db, &model_tags, model_id, keys, count, arena, ret_values);
}

int q_note_version_metrics(struct db *db, int64_t version_id, const char *const *names,
                           const char *const *datasets, size_t count, struct arena *arena,
                           struct q_note_value **ret_values)
{
    struct db_params params = {0};

    db_add_i64(&params, version_id);
    db_add_text_array(&params, arena, names, count);
    db_add_text_array(&params, arena, datasets, count);
    return read_values(db, &version_metrics, &params, arena, ret_values);
}

/* ---- what is set -------------------------------------------------------------------------- */

/* Removes what has no value, and sets the rest. */
static const struct db_stmt set_version_tags = {
    "q_note_set_version_tags",
    "WITH u AS (SELECT * FROM unnest($3::text[], $4::text[]) AS u (name, value)),"
    " gone AS (DELETE FROM version_tag t USING u"
    "  WHERE t.version_id = $2::bigint AND t.key = u.name AND u.value IS NULL)"
    " INSERT INTO version_tag (workspace_id, version_id, key, value, signed)"
    " SELECT $1::bigint, $2::bigint, u.name, u.value, false FROM u WHERE u.value IS NOT NULL"
    " ON CONFLICT (version_id, key) DO UPDATE SET value = excluded.value",
};

static const struct db_stmt set_version_params = {
    "q_note_set_version_params",
    "WITH u AS (SELECT * FROM unnest($3::text[], $4::text[], $5::text[])"
    "  AS u (name, value, number)),"
    " gone AS (DELETE FROM version_param p USING u"
    "  WHERE p.version_id = $2::bigint AND p.name = u.name AND u.value IS NULL)"
    " INSERT INTO version_param (workspace_id, version_id, name, value, number, signed)"
    " SELECT $1::bigint, $2::bigint, u.name, u.value, u.number::double precision, false FROM u"
    "  WHERE u.value IS NOT NULL"
    " ON CONFLICT (version_id, name) DO UPDATE SET value = excluded.value,"
    "  number = excluded.number",
};

static const struct db_stmt set_model_tags = {
    "q_note_set_model_tags",
    "WITH u AS (SELECT * FROM unnest($3::text[], $4::text[]) AS u (name, value)),"
    " gone AS (DELETE FROM model_tag t USING u"
    "  WHERE t.model_id = $2::bigint AND t.key = u.name AND u.value IS NULL)"
    " INSERT INTO model_tag (workspace_id, model_id, key, value)"
    " SELECT $1::bigint, $2::bigint, u.name, u.value FROM u WHERE u.value IS NOT NULL"
    " ON CONFLICT (model_id, key) DO UPDATE SET value = excluded.value",
};

static const struct db_stmt set_version_metrics = {
    "q_note_set_version_metrics",
    "WITH u AS (SELECT * FROM unnest($3::text[], $4::text[], $5::text[], $6::text[])"
    "  AS u (name, value, number, dataset)),"
    " gone AS (DELETE FROM version_metric m USING u WHERE m.version_id = $2::bigint"
    "  AND m.name = u.name AND m.dataset = u.dataset AND u.value IS NULL)"
    " INSERT INTO version_metric (workspace_id, version_id, name, value, value_text, dataset,"
    "  signed, main, set_by, set_at)"
    " SELECT $1::bigint, $2::bigint, u.name, u.number::double precision, u.value, u.dataset,"
    "  false, false, $7::text, at_ms($8::bigint) FROM u WHERE u.value IS NOT NULL"
    " ON CONFLICT (version_id, name, dataset) DO UPDATE SET value = excluded.value,"
    "  value_text = excluded.value_text, set_by = excluded.set_by, set_at = excluded.set_at",
};

/* Two statements: of two rows of a name that change places, the index allows one at a time. */
static const struct db_stmt clear_main = {
    "q_note_clear_main",
    "UPDATE version_metric SET main = false"
    " WHERE version_id = $1::bigint AND name = ANY ($2::text[]) AND main AND NOT signed",
};

static const struct db_stmt set_main = {
    "q_note_set_main",
    "UPDATE version_metric m SET main = true FROM"
    " (SELECT DISTINCT ON (name) name, dataset, signed FROM version_metric"
    "  WHERE version_id = $1::bigint AND name = ANY ($2::text[])"
    "  ORDER BY name, signed DESC, set_at DESC, dataset) best"
    " WHERE m.version_id = $1::bigint AND m.name = best.name AND m.dataset = best.dataset"
    " AND NOT best.signed",
};

/* Numbers live in the params themselves: they are never copied. */
static void begin_set(struct db_params *params, const struct q_note_set *set, struct arena *arena)
{
    db_add_i64(params, set->workspace_id);
    db_add_i64(params, set->id);
    db_add_text_array(params, arena, set->names, set->count);
    db_add_text_array(params, arena, set->values, set->count);
}

int q_note_set_version_tags(struct db *db, const struct q_note_set *set, struct arena *arena)
{
    struct db_params params = {0};

    begin_set(&params, set, arena);
    return db_exec(db, &set_version_tags, &params, NULL);
}

int q_note_set_model_tags(struct db *db, const struct q_note_set *set, struct arena *arena)
{
    struct db_params params = {0};

    begin_set(&params, set, arena);
    return db_exec(db, &set_model_tags, &params, NULL);
}

int q_note_set_version_params(struct db *db, const struct q_note_set *set, struct arena *arena)
{
    struct db_params params = {0};

    begin_set(&params, set, arena);
    db_add_text_array(&params, arena, set->numbers, set->count);
    return db_exec(db, &set_version_params, &params, NULL);
}

static int choose_main(struct db *db, const struct q_note_set *set, struct arena *arena)
{
    struct db_params params = {0};
    int r;

    db_add_i64(&params, set->id);
    db_add_text_array(&params, arena, set->names, set->count);
    r = db_exec(db, &clear_main, &params, NULL);
    return r ? r : db_exec(db, &set_main, &params, NULL);
}

int q_note_set_version_metrics(struct db *db, const struct q_note_set *set, struct arena *arena)
{
    struct db_params params = {0};
    int r;

    begin_set(&params, set, arena);
    db_add_text_array(&params, arena, set->numbers, set->count);
    db_add_text_array(&params, arena, set->datasets, set->count);
    db_add_text(&params, set->by);
    db_add_i64(&params, set->now_ms);
    r = db_exec(db, &set_version_metrics, &params, NULL);
    return r ? r : choose_main(db, set, arena);
}

/* ---- how many ----------------------------------------------------------------------------- */

static const struct db_stmt counts = {
    "q_note_counts",
    "SELECT (SELECT count(*) FROM version_tag WHERE version_id = $1::bigint AND NOT signed),"
    " (SELECT count(*) FROM version_param WHERE version_id = $1::bigint AND NOT signed),"
    " (SELECT count(*) FROM version_metric WHERE version_id = $1::bigint AND NOT signed)",
};

static const struct db_stmt model_tag_count = {
    "q_note_model_tag_count",
    "SELECT count(*) FROM model_tag WHERE model_id = $1::bigint",
};

int q_note_counts(struct db *db, int64_t version_id, struct q_note_counts *ret_counts)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, version_id);
    r = db_exec(db, &counts, &params, &rows);
    if (r)
        return r;
    *ret_counts =
        (struct q_note_counts){db_i64(&rows, 0, 0), db_i64(&rows, 0, 1), db_i64(&rows, 0, 2)};
    return 0;
}

int q_note_model_tag_count(struct db *db, int64_t model_id, int64_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, model_id);
    r = db_exec(db, &model_tag_count, &params, &rows);
    if (r)
        return r;
    *ret_count = db_i64(&rows, 0, 0);
    return 0;
}

/* ---- cards -------------------------------------------------------------------------------- */

static const struct db_stmt version_card = {
    "q_note_version_card",
    "SELECT coalesce((SELECT card FROM version_card WHERE version_id = $1::bigint), '')",
};

static const struct db_stmt set_version_card = {
    "q_note_set_version_card",
    "INSERT INTO version_card (version_id, workspace_id, card)"
    " VALUES ($2::bigint, $1::bigint, $3::text)"
    " ON CONFLICT (version_id) DO UPDATE SET card = excluded.card",
};

static const struct db_stmt model_note = {
    "q_note_model",
    "SELECT description, card FROM model WHERE id = $1::bigint",
};

static const struct db_stmt set_model_note = {
    "q_note_set_model",
    "UPDATE model SET description = $2::text, card = $3::text WHERE id = $1::bigint",
};

static const struct db_stmt touch_version = {
    "q_note_touch_version",
    "UPDATE version_state SET revision = revision + 1 WHERE version_id = $1::bigint",
};

static const struct db_stmt touch_model = {
    "q_note_touch_model",
    "UPDATE model SET revision = revision + 1 WHERE id = $1::bigint",
};

int q_note_version_card(struct db *db, int64_t version_id, struct arena *arena,
                        const char **ret_card)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, version_id);
    r = db_exec(db, &version_card, &params, &rows);
    if (r)
        return r;
    *ret_card = arena_strdup(arena, db_text(&rows, 0, 0));
    return 0;
}

int q_note_set_version_card(struct db *db, int64_t workspace_id, int64_t version_id,
                            const char *card)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, version_id);
    db_add_text(&params, card);
    return db_exec(db, &set_version_card, &params, NULL);
}

int q_note_model(struct db *db, int64_t model_id, struct arena *arena,
                 struct q_note_model *ret_note)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, model_id);
    r = db_exec(db, &model_note, &params, &rows);
    if (r)
        return r;
    *ret_note = (struct q_note_model){arena_strdup(arena, db_text(&rows, 0, 0)),
                                      arena_strdup(arena, db_text(&rows, 0, 1))};
    return 0;
}

int q_note_set_model(struct db *db, int64_t model_id, const struct q_note_model *note)
{
    struct db_params params = {0};

    db_add_i64(&params, model_id);
    db_add_text(&params, note->description);
    db_add_text(&params, note->card);
    return db_exec(db, &set_model_note, &params, NULL);
}

static int touch(struct db *db, const struct db_stmt *stmt, int64_t id)
{
    struct db_params params = {0};

    db_add_i64(&params, id);
    return db_exec(db, stmt, &params, NULL);
}

int q_note_touch_version(struct db *db, int64_t version_id)
{
    return touch(db, &touch_version, version_id);
}

int q_note_touch_model(struct db *db, int64_t model_id)
{
    return touch(db, &touch_model, model_id);
}
