/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_search.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <string.h>

/* Far more than what 32 conditions need. */
#define SQL_MAX ((size_t)256 << 10)

typedef void (*writer)(struct q_search_sql *sql, struct buffer *buffer);

static int ask(struct db *db, struct q_search_sql *sql, struct buffer *buffer, const char *label,
               struct db_rows *ret_rows)
{
    buffer_append_char(buffer, '\0');
    if (buffer->failed)
        return log_fail(ERR_NO_MEMORY, "cannot write the SQL of a search: out of memory");
    return db_query(db, label, buffer->bytes, &sql->params, ret_rows);
}

static int count_terms(struct db *db, struct q_search_sql *sql)
{
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(SQL_MAX);
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r;

    if (!q_search_sql_counts(sql, &buffer))
        return 0;
    r = ask(db, sql, &buffer, "q_search_counts", &rows);
    if (r)
        return r;
    for (size_t i = 0; i < sql->term_count; i++) {
        if (!db_is_null(&rows, 0, (int)i))
            q_search_sql_take_count(sql, i, db_i64(&rows, 0, (int)i));
    }
    return 0;
}

static int find(struct db *db, struct q_search_sql *sql, writer write, const char *label,
                struct arena *arena, struct q_search_hit **ret_hits, size_t *ret_count)
{
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(SQL_MAX);
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r;

    write(sql, &buffer);
    r = ask(db, sql, &buffer, label, &rows);
    if (r)
        return r;
    *ret_count = (size_t)rows.count;
    *ret_hits = arena_array(arena, *ret_count, sizeof(**ret_hits));
    for (int i = 0; i < rows.count; i++)
        (*ret_hits)[i] =
            (struct q_search_hit){db_i64(&rows, i, 0), arena_strdup(arena, db_text(&rows, i, 1))};
    return 0;
}

int q_search_find(struct db *db, const struct q_search *search, struct arena *arena,
                  struct q_search_hit **ret_hits, size_t *ret_count)
{
    struct q_search_hit *hits;
    struct q_search_sql sql;
    size_t count;
    int r;

    q_search_sql_init(&sql, search->of, search->workspace_id, search->query, search->order,
                      &search->after, search->limit, arena);
    r = count_terms(db, &sql);
    if (r)
        return r;
    if (q_search_sql_is_few(&sql))
        return find(db, &sql, q_search_sql_few, "q_search_few", arena, ret_hits, ret_count);
    if (q_search_sql_walks(&sql)) {
        r = find(db, &sql, q_search_sql_walk, "q_search_walk", arena, &hits, &count);
        if (r)
            return r;
        if (count == (size_t)search->limit) {
            *ret_hits = hits;
            *ret_count = count;
            return 0;
        }
    }
    return find(db, &sql, q_search_sql_all, "q_search_all", arena, ret_hits, ret_count);
}

/* ---- what is shown ------------------------------------------------------------------------ */

static const struct db_stmt versions = {
    "q_search_versions",
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
    "q_search_models",
    "SELECT m.name::text, m.description, m.created_by, ms(m.created_at),"
    " m.archived_at IS NOT NULL,"
    " (SELECT coalesce(json_object_agg(t.key, t.value ORDER BY t.key), '{}')::text"
    "  FROM model_tag t WHERE t.model_id = m.id),"
    " (SELECT coalesce(json_object_agg(a.name, v.version ORDER BY a.name), '{}')::text"
    "  FROM alias a JOIN model_version v ON v.id = a.version_id WHERE a.model_id = m.id)"
    " FROM unnest($1::bigint[]) WITH ORDINALITY AS hit (id, n)"
    " JOIN model m ON m.id = hit.id ORDER BY hit.n",
};

static int show(struct db *db, const struct db_stmt *stmt, const struct q_search_hit *hits,
                size_t count, struct arena *arena, struct db_rows *ret_rows)
{
    int64_t *ids = arena_array(arena, count, sizeof(*ids));
    struct db_params params = {0};

    for (size_t i = 0; i < count; i++)
        ids[i] = hits[i].id;
    db_add_i64_array(&params, arena, ids, count);
    return db_exec(db, stmt, &params, ret_rows);
}

int q_search_versions(struct db *db, const struct q_search_hit *hits, size_t count,
                      struct arena *arena, struct q_search_version **ret_versions,
                      size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct q_search_version *found;
    int r = show(db, &versions, hits, count, arena, &rows);

    if (r)
        return r;
    found = arena_array(arena, (size_t)rows.count, sizeof(*found));
    for (int i = 0; i < rows.count; i++)
        found[i] = (struct q_search_version){
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

int q_search_models(struct db *db, const struct q_search_hit *hits, size_t count,
                    struct arena *arena, struct q_search_model **ret_models, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct q_search_model *found;
    int r = show(db, &models, hits, count, arena, &rows);

    if (r)
        return r;
    found = arena_array(arena, (size_t)rows.count, sizeof(*found));
    for (int i = 0; i < rows.count; i++)
        found[i] = (struct q_search_model){
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
