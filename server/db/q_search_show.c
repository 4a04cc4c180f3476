/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_search_show.h"

#include "base/cleanup.h"

static const struct db_stmt versions = {
    "q_search_show_versions",
    "SELECT m.name::text, v.version, s.status, v.created_by, ms(s.created_at),"
    " coalesce(ms(s.published_at), 0),"
    " (SELECT coalesce(json_object_agg(t.key, t.value ORDER BY t.key), '{}')::text"
    "  FROM version_tag t WHERE t.version_id = v.id),"
    " (SELECT coalesce(json_object_agg(x.name, x.value_text ORDER BY x.name), '{}')::text"
    "  FROM version_metric x WHERE x.version_id = v.id AND x.main),"
    " (SELECT coalesce(json_agg(r.runtime || '/' || r.hardware || '/' || r.precision"
    "  ORDER BY r.position), '[]')::text FROM variant r WHERE r.version_id = v.id),"
    " (SELECT coalesce(json_agg(a.name ORDER BY a.name), '[]')::text"
    "  FROM alias a WHERE a.version_id = v.id)"
    " FROM unnest($1::bigint[]) WITH ORDINALITY AS hit (id, n)"
    " JOIN model_version v ON v.id = hit.id JOIN version_state s ON s.version_id = v.id"
    " JOIN model m ON m.id = v.model_id ORDER BY hit.n",
};

static const struct db_stmt models = {
    "q_search_show_models",
    "SELECT m.name::text, m.description, m.created_by, ms(m.created_at),"
    " m.archived_at IS NOT NULL,"
    " (SELECT coalesce(json_object_agg(t.key, t.value ORDER BY t.key), '{}')::text"
    "  FROM model_tag t WHERE t.model_id = m.id),"
    " (SELECT coalesce(json_object_agg(a.name, v.version ORDER BY a.name), '{}')::text"
    "  FROM alias a JOIN model_version v ON v.id = a.version_id WHERE a.model_id = m.id)"
    " FROM unnest($1::bigint[]) WITH ORDINALITY AS hit (id, n)"
    " JOIN model m ON m.id = hit.id ORDER BY hit.n",
};

static int show(struct db *db, const struct db_stmt *stmt, const int64_t *ids, size_t count,
                struct arena *arena, struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64_array(&params, arena, ids, count);
    return db_exec(db, stmt, &params, ret_rows);
}

int q_search_show_versions(struct db *db, const int64_t *ids, size_t count, struct arena *arena,
                           struct q_search_show_version **ret_versions, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct q_search_show_version *found;
    int r = show(db, &versions, ids, count, arena, &rows);

    if (r)
        return r;
    found = arena_array(arena, (size_t)rows.count, sizeof(*found));
    for (int i = 0; i < rows.count; i++)
        found[i] = (struct q_search_show_version){
            .model = arena_strdup(arena, db_text(&rows, i, 0)),
            .version = arena_strdup(arena, db_text(&rows, i, 1)),
            .state = arena_strdup(arena, db_text(&rows, i, 2)),
            .created_by = arena_strdup(arena, db_text(&rows, i, 3)),
            .created_ms = db_i64(&rows, i, 4),
            .published_ms = db_i64(&rows, i, 5),
            .tags_json = arena_strdup(arena, db_text(&rows, i, 6)),
            .metrics_json = arena_strdup(arena, db_text(&rows, i, 7)),
            .variants_json = arena_strdup(arena, db_text(&rows, i, 8)),
            .aliases_json = arena_strdup(arena, db_text(&rows, i, 9)),
        };
    *ret_versions = found;
    *ret_count = (size_t)rows.count;
    return 0;
}

int q_search_show_models(struct db *db, const int64_t *ids, size_t count, struct arena *arena,
                         struct q_search_show_model **ret_models, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct q_search_show_model *found;
    int r = show(db, &models, ids, count, arena, &rows);

    if (r)
        return r;
    found = arena_array(arena, (size_t)rows.count, sizeof(*found));
    for (int i = 0; i < rows.count; i++)
        found[i] = (struct q_search_show_model){
            .name = arena_strdup(arena, db_text(&rows, i, 0)),
            .description = arena_strdup(arena, db_text(&rows, i, 1)),
            .created_by = arena_strdup(arena, db_text(&rows, i, 2)),
            .created_ms = db_i64(&rows, i, 3),
            .archived = db_bool(&rows, i, 4),
            .tags_json = arena_strdup(arena, db_text(&rows, i, 5)),
            .aliases_json = arena_strdup(arena, db_text(&rows, i, 6)),
        };
    *ret_models = found;
    *ret_count = (size_t)rows.count;
    return 0;
}
