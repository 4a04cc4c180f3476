/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_format.h"

#include "base/cleanup.h"

static const struct db_stmt insert = {
    "q_format_insert",
    "INSERT INTO artifact_format (workspace_id, variant_id, position, info)"
    " SELECT $1::bigint, v.id, u.position::smallint, u.info::jsonb"
    " FROM unnest($3::bigint[], $4::bigint[], $5::text[]) AS u (variant, position, info)"
    " JOIN variant v ON v.version_id = $2::bigint AND v.position = u.variant",
};

static const struct db_stmt list = {
    "q_format_list",
    "SELECT v.position::bigint, f.position::bigint, f.info::text"
    " FROM variant v JOIN artifact_format f ON f.variant_id = v.id"
    " WHERE v.version_id = $1::bigint ORDER BY v.position, f.position",
};

int q_format_insert(struct db *db, int64_t workspace_id, int64_t version_id, struct arena *arena,
                    const struct q_format *formats, size_t count)
{
    int64_t *variants = arena_array(arena, count, sizeof(*variants));
    int64_t *positions = arena_array(arena, count, sizeof(*positions));
    const char **infos = arena_array(arena, count, sizeof(*infos));
    struct db_params params = {0};

    for (size_t i = 0; i < count; i++) {
        variants[i] = formats[i].variant;
        positions[i] = formats[i].position;
        infos[i] = formats[i].info_json;
    }
    db_add_i64(&params, workspace_id);
    db_add_i64(&params, version_id);
    db_add_i64_array(&params, arena, variants, count);
    db_add_i64_array(&params, arena, positions, count);
    db_add_text_array(&params, arena, infos, count);
    return db_exec(db, &insert, &params, NULL);
}

int q_format_list(struct db *db, int64_t version_id, struct arena *arena,
                  struct q_format **ret_formats, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, version_id);
    r = db_exec(db, &list, &params, &rows);
    if (r)
        return r;
    *ret_count = (size_t)rows.count;
    *ret_formats = arena_array(arena, *ret_count, sizeof(**ret_formats));
    for (int i = 0; i < rows.count; i++) {
        (*ret_formats)[i] = (struct q_format){
            .variant = db_i64(&rows, i, 0),
            .position = db_i64(&rows, i, 1),
            .info_json = arena_strdup(arena, db_text(&rows, i, 2)),
        };
    }
    return 0;
}
