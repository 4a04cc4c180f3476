/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_desired.h"

#include "base/cleanup.h"

#include <string.h>

static const struct db_stmt TARGET = {
    "q_desired_target",
    "SELECT v.id, v.state = 'published', coalesce(n.manifest_sha256, v.manifest_sha256)::bytea,"
    " octet_length(coalesce(n.manifest, v.manifest)), x.id, x.runtime, x.hardware, x.precision,"
    " EXISTS (SELECT FROM tuf_role r WHERE r.workspace_id = m.workspace_id"
    "  AND r.repository = 'image' AND r.role = 'root'), l.listed_at IS NOT NULL,"
    " l.yanked_at IS NOT NULL, n.variant_id IS NULL OR k.listed_at IS NOT NULL,"
    " n.variant_id IS NOT NULL AND k.yanked_at IS NOT NULL, n.variant_id IS NOT NULL"
    " FROM model m LEFT JOIN model_version v ON v.model_id = m.id AND v.version = $3::text"
    " LEFT JOIN variant x ON x.version_id = v.id"
    " LEFT JOIN version_listing l ON l.version_id = v.id"
    " LEFT JOIN variant_addition n ON n.variant_id = x.id"
    " LEFT JOIN variant_listing k ON k.variant_id = x.id"
    " WHERE m.workspace_id = $1::bigint AND m.name = $2::text ORDER BY x.position",
};

static const struct db_stmt SLOTS = {
    "q_desired_slots",
    "SELECT s.assignment_id, s.slot::text, s.role, m.name::text, v.version, v.id, x.id, x.runtime,"
    " x.hardware, x.precision, coalesce(n.manifest_sha256, v.manifest_sha256)::bytea,"
    " octet_length(coalesce(n.manifest, v.manifest)), s.reload"
    " FROM assignment_slot s JOIN model_version v ON v.id = s.version_id"
    " JOIN model m ON m.id = v.model_id JOIN variant x ON x.id = s.variant_id"
    " LEFT JOIN variant_addition n ON n.variant_id = x.id"
    " WHERE s.workspace_id = $1::bigint AND s.assignment_id = ANY ($2::bigint[])"
    " ORDER BY s.assignment_id, s.slot",
};

static const struct db_stmt INSERT_ASSIGNMENTS = {
    "q_desired_insert_assignments",
    "INSERT INTO assignment (workspace_id, sha256, slots, created_at)"
    " SELECT DISTINCT ON (sha256) $1::bigint, sha256, slots, at_ms($4::bigint)"
    " FROM unnest($2::bytea[], $3::text[]) AS news (sha256, slots) ORDER BY sha256"
    " ON CONFLICT (workspace_id, sha256) DO NOTHING",
};

static const struct db_stmt FIND_ASSIGNMENTS = {
    "q_desired_find_assignments",
    "SELECT a.id FROM unnest($2::bytea[]) WITH ORDINALITY AS asked (sha256, n)"
    " JOIN assignment a ON a.workspace_id = $1::bigint AND a.sha256 = asked.sha256"
    " ORDER BY asked.n",
};

static const struct db_stmt INSERT_SLOTS = {
    "q_desired_insert_slots",
    "INSERT INTO assignment_slot"
    " (workspace_id, assignment_id, slot, role, version_id, variant_id, reload)"
    " SELECT $1::bigint, assignment_id, slot, role, version_id, variant_id, reload"
    " FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[])"
    " AS news (assignment_id, slot, role, version_id, variant_id, reload)"
    " ON CONFLICT (assignment_id, slot) DO NOTHING",
};

static const struct db_stmt LOCK = {
    "q_desired_lock",
    "SELECT d.id, s.version, coalesce(s.assignment_id, 0), s.capabilities"
    " FROM device d JOIN device_state s ON s.device_id = d.id"
    " WHERE d.workspace_id = $1::bigint AND d.name = $2::text AND d.state = 'active'"
    " FOR UPDATE OF s",
};

static const struct db_stmt TEXT = {
    "q_desired_text",
    "SELECT slots FROM assignment WHERE workspace_id = $1::bigint AND id = $2::bigint",
};

static const struct db_stmt SET = {
    "q_desired_set",
    "WITH s AS (UPDATE device_state SET assignment_id = nullif($2::bigint, 0),"
    "  version = version + 1, revision = revision + 1 WHERE device_id = $1::bigint"
    "  RETURNING device_id, version, workspace_id),"
    " c AS (INSERT INTO device_change (device_ids) SELECT ARRAY[device_id] FROM s),"
    " e AS (INSERT INTO desired_event"
    "  (workspace_id, at, actor, assignment_id, devices, device_count)"
    "  SELECT workspace_id, at_ms($3::bigint), $4::text, nullif($2::bigint, 0),"
    "  int8multirange(int8range(device_id, device_id, '[]')), 1 FROM s)"
    " SELECT version FROM s",
};

#define GROUP_COLUMNS "SELECT coalesce(s.assignment_id, 0), s.capabilities, count(*)"
#define GROUP_BY " GROUP BY s.assignment_id, s.capabilities ORDER BY 1, 2"
/* The scope's devices, as "s". */
#define NAMED(NAMES)                                                                               \
    "unnest(" NAMES "::text[]) AS asked (name)"                                                    \
    " JOIN device d ON d.workspace_id = $1::bigint AND d.name = asked.name AND d.state = 'active'"

static const struct db_stmt GROUPS_ALL = {
    "q_desired_groups_all",
    GROUP_COLUMNS " FROM device_state s WHERE s.workspace_id = $1::bigint AND s.active" GROUP_BY,
};

static const struct db_stmt GROUPS_NAMED = {
    "q_desired_groups_named",
    GROUP_COLUMNS " FROM " NAMED("$2") " JOIN device_state s ON s.device_id = d.id" GROUP_BY,
};

static const struct db_stmt UNKNOWN = {
    "q_desired_unknown",
    "SELECT asked.name FROM unnest($2::text[]) AS asked (name) LEFT JOIN device d"
    " ON d.workspace_id = $1::bigint AND d.name = asked.name AND d.state = 'active'"
    " WHERE d.id IS NULL ORDER BY asked.name LIMIT $3::bigint",
};

/* A row of device_change names at most 65,536 devices: those whose ids share the upper bits. */
#define MOVE(FROM, WHERE)                                                                          \
    "WITH u AS (UPDATE device_state s SET assignment_id = moves.assignment_id,"                    \
    "  version = s.version + 1, revision = s.revision + 1"                                         \
    "  FROM " FROM "unnest($2::bigint[], $3::text[], $4::bigint[])"                                \
    "   AS moves (old_id, capabilities, assignment_id)"                                            \
    "  WHERE s.workspace_id = $1::bigint AND s.active" WHERE                                       \
    "  AND coalesce(s.assignment_id, 0) = moves.old_id AND s.capabilities = moves.capabilities"    \
    "  RETURNING s.device_id, s.revision, s.version, s.assignment_id),"                            \
    " c AS (INSERT INTO device_change (device_ids, revisions, versions, assignment_ids)"           \
    "  SELECT array_agg(device_id), array_agg(revision), array_agg(version),"                      \
    "  array_agg(assignment_id) FROM u GROUP BY device_id / 65536),"                               \
    " e AS (INSERT INTO desired_event"                                                             \
    "  (workspace_id, at, actor, assignment_id, devices, device_count)"                            \
    "  SELECT $1::bigint, at_ms($5::bigint), $6::text, assignment_id,"                             \
    "  range_agg(int8range(device_id, device_id, '[]')), count(*) FROM u GROUP BY assignment_id)"  \
    " SELECT count(*) FROM u"

static const struct db_stmt MOVE_ALL = {
    "q_desired_move_all",
    MOVE("", ""),
};

static const struct db_stmt MOVE_NAMED = {
    "q_desired_move_named",
    MOVE(NAMED("$7") ", ", " AND s.device_id = d.id"),
};

static const struct db_stmt WAKE = {
    "q_desired_wake",
    "WITH u AS (UPDATE device_state s SET version = s.version + 1, revision = s.revision + 1"
    "  WHERE s.workspace_id = $1::bigint AND s.active AND s.assignment_id IN ("
    "   SELECT a.assignment_id FROM assignment_slot a JOIN model_version v ON v.id = a.version_id"
    "   JOIN model m ON m.id = v.model_id JOIN variant x ON x.id = a.variant_id"
    "   WHERE a.workspace_id = $1::bigint"
    "   AND m.name = $2::text AND (v.version = ANY ($3::text[]) OR"
    "    concat_ws('/', v.version, x.runtime, x.hardware, x.precision) = ANY ($3::text[])))"
    "  RETURNING s.device_id, s.revision, s.version, s.assignment_id)"
    " INSERT INTO device_change (device_ids, revisions, versions, assignment_ids)"
    " SELECT array_agg(device_id), array_agg(revision), array_agg(version),"
    " array_agg(assignment_id) FROM u GROUP BY device_id / 65536",
};

static void copy_digest(const struct db_rows *rows, int row, int column,
                        uint8_t ret_digest[static DIGEST_SHA256_SIZE])
{
    size_t size;
    const uint8_t *bytes = db_bytes(rows, row, column, &size);

    if (size == DIGEST_SHA256_SIZE) /* the domain's CHECK */
        memcpy(ret_digest, bytes, size);
}

static void read_variant(const struct db_rows *rows, int row, int column, struct arena *arena,
                         struct q_desired_variant *ret_variant)
{
    *ret_variant = (struct q_desired_variant){
        .id = db_i64(rows, row, column),
        .runtime = arena_strdup(arena, db_text(rows, row, column + 1)),
        .hardware = arena_strdup(arena, db_text(rows, row, column + 2)),
        .precision = arena_strdup(arena, db_text(rows, row, column + 3)),
    };
}

int q_desired_target(struct db *db, int64_t workspace_id, const char *model, const char *version,
                     struct arena *arena, struct q_desired_target *ret_target)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    struct q_desired_target target;
    int r;

    db_add_i64(&params, workspace_id);
    db_add_text(&params, model);
    db_add_text(&params, version);
    r = db_exec(db, &TARGET, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_DESIRED_E_MODEL;
    if (db_is_null(&rows, 0, 0))
        return Q_DESIRED_E_VERSION;

    target = (struct q_desired_target){
        .version_id = db_i64(&rows, 0, 0),
        .published = db_bool(&rows, 0, 1),
        .rooted = db_bool(&rows, 0, 8),
        .listed = db_bool(&rows, 0, 9),
        .yanked = db_bool(&rows, 0, 10),
        .variants = arena_array(arena, (size_t)rows.count, sizeof(*target.variants)),
    };
    for (int i = 0; i < rows.count && !db_is_null(&rows, i, 4); i++) {
        struct q_desired_variant *variant = &target.variants[target.variant_count++];

        read_variant(&rows, i, 4, arena, variant);
        variant->manifest_length = db_i64(&rows, i, 3);
        variant->listed = db_bool(&rows, i, 11);
        variant->yanked = db_bool(&rows, i, 12);
        variant->added = db_bool(&rows, i, 13);
        copy_digest(&rows, i, 2, variant->manifest_sha256);
    }
    *ret_target = target;
    return 0;
}

int q_desired_slots(struct db *db, int64_t workspace_id, const int64_t *assignment_ids,
                    size_t count, struct arena *arena, struct q_desired_slot **ret_slots,
                    size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    struct q_desired_slot *slots;
    int r;

    db_add_i64(&params, workspace_id);
    db_add_i64_array(&params, arena, assignment_ids, count);
    r = db_exec(db, &SLOTS, &params, &rows);
    if (r)
        return r;

    slots = arena_array(arena, (size_t)rows.count, sizeof(*slots));
    for (int i = 0; i < rows.count; i++) {
        slots[i] = (struct q_desired_slot){
            .assignment_id = db_i64(&rows, i, 0),
            .slot = arena_strdup(arena, db_text(&rows, i, 1)),
            .role = arena_strdup(arena, db_text(&rows, i, 2)),
            .model = arena_strdup(arena, db_text(&rows, i, 3)),
            .version = arena_strdup(arena, db_text(&rows, i, 4)),
            .version_id = db_i64(&rows, i, 5),
            .reload = db_is_null(&rows, i, 12) ? NULL : arena_strdup(arena, db_text(&rows, i, 12)),
        };
        read_variant(&rows, i, 6, arena, &slots[i].variant);
        slots[i].variant.manifest_length = db_i64(&rows, i, 11);
        copy_digest(&rows, i, 10, slots[i].variant.manifest_sha256);
    }
    *ret_slots = slots;
    *ret_count = (size_t)rows.count;
    return 0;
}

static int insert_slots(struct db *db, int64_t workspace_id, struct arena *arena,
                        const struct q_desired_assignment *assignments, size_t count)
{
    struct db_params params = {0};
    size_t total = 0;
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        total += assignments[i].slot_count;
    int64_t *ids = arena_array(arena, total, sizeof(*ids));
    int64_t *versions = arena_array(arena, total, sizeof(*versions));
    int64_t *variants = arena_array(arena, total, sizeof(*variants));
    const char **slots = arena_array(arena, total, sizeof(*slots));
    const char **roles = arena_array(arena, total, sizeof(*roles));
    const char **reloads = arena_array(arena, total, sizeof(*reloads));
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < assignments[i].slot_count; k++, n++) {
            const struct q_desired_slot *slot = &assignments[i].slots[k];

            ids[n] = assignments[i].id;
            slots[n] = slot->slot;
            roles[n] = slot->role;
            reloads[n] = slot->reload;
            versions[n] = slot->version_id;
            variants[n] = slot->variant.id;
        }
    }
    db_add_i64(&params, workspace_id);
    db_add_i64_array(&params, arena, ids, total);
    db_add_text_array(&params, arena, slots, total);
    db_add_text_array(&params, arena, roles, total);
    db_add_i64_array(&params, arena, versions, total);
    db_add_i64_array(&params, arena, variants, total);
    db_add_text_array(&params, arena, reloads, total);
    return db_exec(db, &INSERT_SLOTS, &params, NULL);
}

static int find_assignments(struct db *db, int64_t workspace_id, struct arena *arena,
                            const uint8_t *digests, struct q_desired_assignment *assignments,
                            size_t count, size_t *ret_found)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_bytes_array(&params, arena, digests, DIGEST_SHA256_SIZE, count);
    r = db_exec(db, &FIND_ASSIGNMENTS, &params, &rows);
    if (r)
        return r;
    *ret_found = (size_t)rows.count;
    for (size_t i = 0; *ret_found == count && i < count; i++)
        assignments[i].id = db_i64(&rows, (int)i, 0);
    return 0;
}

int q_desired_assignments(struct db *db, int64_t workspace_id, int64_t now_ms, struct arena *arena,
                          struct q_desired_assignment *assignments, size_t count)
{
    uint8_t *digests = arena_alloc(arena, count * DIGEST_SHA256_SIZE);
    const char **texts = arena_array(arena, count, sizeof(*texts));
    struct db_params params = {0};
    size_t found;
    int r;

    for (size_t i = 0; i < count; i++) {
        memcpy(digests + i * DIGEST_SHA256_SIZE, assignments[i].sha256, DIGEST_SHA256_SIZE);
        texts[i] = assignments[i].text;
    }
    r = find_assignments(db, workspace_id, arena, digests, assignments, count, &found);
    if (r || found == count)
        return r;

    db_add_i64(&params, workspace_id);
    db_add_bytes_array(&params, arena, digests, DIGEST_SHA256_SIZE, count);
    db_add_text_array(&params, arena, texts, count);
    db_add_i64(&params, now_ms);
    r = db_exec(db, &INSERT_ASSIGNMENTS, &params, NULL);
    if (r == 0)
        r = find_assignments(db, workspace_id, arena, digests, assignments, count, &found);
    if (r)
        return r;
    if (found != count)
        return DB_E_SERIALIZATION; /* another transaction inserts the same: tx_run tries again */
    return insert_slots(db, workspace_id, arena, assignments, count);
}

int q_desired_lock(struct db *db, int64_t workspace_id, const char *device, struct arena *arena,
                   struct q_desired_device *ret_device)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_text(&params, device);
    r = db_exec(db, &LOCK, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_DESIRED_E_MISSING;
    *ret_device = (struct q_desired_device){
        .id = db_i64(&rows, 0, 0),
        .version = db_i64(&rows, 0, 1),
        .assignment_id = db_i64(&rows, 0, 2),
        .capabilities = arena_strdup(arena, db_text(&rows, 0, 3)),
    };
    return 0;
}

int q_desired_text(struct db *db, int64_t workspace_id, int64_t assignment_id, struct arena *arena,
                   const char **ret_text)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, assignment_id);
    r = db_exec(db, &TEXT, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_DESIRED_E_MISSING;
    *ret_text = arena_strdup(arena, db_text(&rows, 0, 0));
    return 0;
}

int q_desired_set(struct db *db, int64_t device_id, int64_t assignment_id,
                  const struct q_desired_author *author, int64_t *ret_version)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, device_id);
    db_add_i64(&params, assignment_id);
    db_add_i64(&params, author->now_ms);
    db_add_text(&params, author->name);
    r = db_exec(db, &SET, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_DESIRED_E_MISSING;
    *ret_version = db_i64(&rows, 0, 0);
    return 0;
}

int q_desired_groups(struct db *db, const struct q_desired_scope *scope, struct arena *arena,
                     struct q_desired_group **ret_groups, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    struct q_desired_group *groups;
    int r;

    db_add_i64(&params, scope->workspace_id);
    if (scope->names)
        db_add_text_array(&params, arena, scope->names, scope->name_count);
    r = db_exec(db, scope->names ? &GROUPS_NAMED : &GROUPS_ALL, &params, &rows);
    if (r)
        return r;

    groups = arena_array(arena, (size_t)rows.count, sizeof(*groups));
    for (int i = 0; i < rows.count; i++)
        groups[i] = (struct q_desired_group){
            .assignment_id = db_i64(&rows, i, 0),
            .capabilities = arena_strdup(arena, db_text(&rows, i, 1)),
            .count = db_i64(&rows, i, 2),
        };
    *ret_groups = groups;
    *ret_count = (size_t)rows.count;
    return 0;
}

int q_desired_unknown(struct db *db, const struct q_desired_scope *scope, int64_t limit,
                      struct arena *arena, const char ***ret_names, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    const char **names;
    int r;

    db_add_i64(&params, scope->workspace_id);
    db_add_text_array(&params, arena, scope->names, scope->name_count);
    db_add_i64(&params, limit);
    r = db_exec(db, &UNKNOWN, &params, &rows);
    if (r)
        return r;
    names = arena_array(arena, (size_t)rows.count, sizeof(*names));
    for (int i = 0; i < rows.count; i++)
        names[i] = arena_strdup(arena, db_text(&rows, i, 0));
    *ret_names = names;
    *ret_count = (size_t)rows.count;
    return 0;
}

int q_desired_move(struct db *db, const struct q_desired_scope *scope, struct arena *arena,
                   const struct q_desired_group *groups, const int64_t *assignment_ids,
                   size_t count, const struct q_desired_author *author, int64_t *ret_changed)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int64_t *old_ids = arena_array(arena, count, sizeof(*old_ids));
    const char **capabilities = arena_array(arena, count, sizeof(*capabilities));
    struct db_params params = {0};
    int r;

    for (size_t i = 0; i < count; i++) {
        old_ids[i] = groups[i].assignment_id;
        capabilities[i] = groups[i].capabilities;
    }
    db_add_i64(&params, scope->workspace_id);
    db_add_i64_array(&params, arena, old_ids, count);
    db_add_text_array(&params, arena, capabilities, count);
    db_add_i64_array(&params, arena, assignment_ids, count);
    db_add_i64(&params, author->now_ms);
    db_add_text(&params, author->name);
    if (scope->names)
        db_add_text_array(&params, arena, scope->names, scope->name_count);
    r = db_exec(db, scope->names ? &MOVE_NAMED : &MOVE_ALL, &params, &rows);
    if (r)
        return r;
    *ret_changed = db_i64(&rows, 0, 0);
    return 0;
}

int q_desired_wake(struct db *db, int64_t workspace_id, const char *model,
                   const char *const *versions, size_t count, struct arena *arena)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_text(&params, model);
    db_add_text_array(&params, arena, versions, count);
    return db_exec(db, &WAKE, &params, NULL);
}
