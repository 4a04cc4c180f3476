/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_report.h"

#include "base/cleanup.h"

#include <string.h>

/* The sequence is compared and set in one step: of two that race with the same, one fails. */
static const struct db_stmt ADVANCE = {
    "q_report_advance",
    "UPDATE device SET report_sequence = $3::bigint WHERE workspace_id = $1::bigint"
    " AND id = $2::bigint AND report_sequence < $3::bigint AND state = 'active'",
};

static const struct db_stmt INSERT = {
    "q_report_insert",
    "INSERT INTO device_report (device_id, workspace_id, sequence, received_at, envelope, nonce)"
    " VALUES ($2::bigint, $1::bigint, $3::bigint, at_ms($4::bigint), $5::bytea, $6::bytea)"
    " ON CONFLICT (device_id, nonce) WHERE nonce IS NOT NULL DO NOTHING",
};

static const struct db_stmt PRUNE = {
    "q_report_prune",
    "DELETE FROM device_report WHERE device_id = $1::bigint AND sequence <="
    " (SELECT sequence FROM device_report WHERE device_id = $1::bigint"
    "  ORDER BY sequence DESC OFFSET $2::bigint LIMIT 1)",
};

static const struct db_stmt LIST = {
    "q_report_list",
    "SELECT sequence, ms(received_at), envelope FROM device_report"
    " WHERE workspace_id = $1::bigint AND device_id = $2::bigint"
    " AND ($3::bigint = 0 OR sequence < $3::bigint) ORDER BY sequence DESC LIMIT $4::bigint",
};

static const struct db_stmt SET_SLOT = {
    "q_report_set_slot",
    "INSERT INTO device_installed (device_id, workspace_id, slot, sequence, state, model, version,"
    " manifest_sha256, report, received_at)"
    " VALUES ($2::bigint, $1::bigint, $3::text, $4::bigint, $5::text, $6::text, $7::text,"
    " $8::bytea, $9::text::jsonb, at_ms($10::bigint))"
    " ON CONFLICT (device_id, slot) DO UPDATE SET sequence = excluded.sequence,"
    " state = excluded.state, model = excluded.model, version = excluded.version,"
    " manifest_sha256 = excluded.manifest_sha256, report = excluded.report,"
    " received_at = excluded.received_at",
};

static const struct db_stmt RAN = {
    "q_report_ran",
    "WITH said AS (SELECT * FROM unnest($6::text[], $7::text[], $8::text[], $9::text[], "
    "$10::bytea[])"
    "  AS u (slot, model, version, variant, manifest_sha256)),"
    " last AS (SELECT DISTINCT ON (slot) slot, model, version, variant, manifest_sha256"
    "  FROM device_ran WHERE device_id = $2::bigint ORDER BY slot, id DESC)"
    " INSERT INTO device_ran (workspace_id, device_id, slot, sequence, since, received_at, model,"
    "  version, variant, manifest_sha256, variant_id)"
    " SELECT $1::bigint, $2::bigint, coalesce(s.slot, l.slot), $3::bigint, at_ms($4::bigint),"
    "  at_ms($5::bigint), s.model, s.version, s.variant, s.manifest_sha256,"
    "  coalesce((SELECT t.id FROM model_version v JOIN variant t ON t.version_id = v.id"
    "   WHERE v.workspace_id = $1::bigint AND v.manifest_sha256 = s.manifest_sha256"
    "   AND v.state = 'published'"
    "   AND concat_ws('/', t.runtime, t.hardware, t.precision) = s.variant LIMIT 1),"
    "   (SELECT n.variant_id FROM variant_addition n WHERE n.workspace_id = $1::bigint"
    "   AND n.manifest_sha256 = s.manifest_sha256 LIMIT 1))"
    " FROM said s FULL JOIN last l ON l.slot = s.slot"
    " WHERE (s.model, s.version, s.variant, s.manifest_sha256)"
    "  IS DISTINCT FROM (l.model, l.version, l.variant, l.manifest_sha256)",
};

int q_report_insert(struct db *db, int64_t workspace_id, int64_t device_id,
                    const struct q_report *report)
{
    struct db_params params = {0};
    struct db_params prune = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, device_id);
    db_add_i64(&params, report->sequence);
    r = db_exec(db, &ADVANCE, &params, NULL);
    if (r)
        return r;
    if (db_affected(db) == 0)
        return Q_REPORT_E_REPLAYED;

    db_add_i64(&params, report->received_ms);
    db_add_bytes(&params, report->envelope, report->size);
    db_add_bytes(&params, report->nonce, REPORT_NONCE_SIZE);
    r = db_exec(db, &INSERT, &params, NULL);
    if (r)
        return r;
    if (db_affected(db) == 0)
        return Q_REPORT_E_REPLAYED;
    db_add_i64(&prune, device_id);
    db_add_i64(&prune, Q_REPORT_KEPT);
    return db_exec(db, &PRUNE, &prune, NULL);
}

int q_report_list(struct db *db, int64_t workspace_id, int64_t device_id, int64_t before,
                  int64_t limit, struct arena *arena, struct q_report **ret_reports,
                  size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, device_id);
    db_add_i64(&params, before);
    db_add_i64(&params, limit);
    r = db_exec(db, &LIST, &params, &rows);
    if (r)
        return r;

    struct q_report *reports = arena_array(arena, (size_t)rows.count, sizeof(*reports));
    for (int i = 0; i < rows.count; i++) {
        const uint8_t *bytes = db_bytes(&rows, i, 2, &reports[i].size);

        reports[i].sequence = db_i64(&rows, i, 0);
        reports[i].received_ms = db_i64(&rows, i, 1);
        reports[i].envelope = arena_strndup(arena, (const char *)bytes, reports[i].size);
    }
    *ret_reports = reports;
    *ret_count = (size_t)rows.count;
    return 0;
}

int q_report_set_slot(struct db *db, int64_t workspace_id, int64_t device_id,
                      const struct q_report_slot *slot)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, device_id);
    db_add_text(&params, slot->slot);
    db_add_i64(&params, slot->sequence);
    db_add_text(&params, slot->state);
    db_add_text(&params, slot->model);
    db_add_text(&params, slot->version);
    if (slot->has_manifest)
        db_add_bytes(&params, slot->manifest_sha256, DIGEST_SHA256_SIZE);
    else
        db_add_null(&params);
    db_add_text(&params, slot->report);
    db_add_i64(&params, slot->received_ms);
    return db_exec(db, &SET_SLOT, &params, NULL);
}

int q_report_ran(struct db *db, int64_t workspace_id, int64_t device_id,
                 const struct report *report, int64_t received_ms, struct arena *arena)
{
    size_t count = report->serving_count;
    const char **texts[4];
    uint8_t *digests = arena_array(arena, count, DIGEST_SHA256_SIZE);
    struct db_params params = {0};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        texts[i] = arena_array(arena, count, sizeof(*texts[i]));
    for (size_t i = 0; i < count; i++) {
        const struct report_serving *serving = &report->serving[i];

        texts[0][i] = serving->slot;
        texts[1][i] = serving->model;
        texts[2][i] = serving->version;
        texts[3][i] = serving->variant;
        memcpy(digests + i * DIGEST_SHA256_SIZE, serving->manifest_sha256, DIGEST_SHA256_SIZE);
    }
    db_add_i64(&params, workspace_id);
    db_add_i64(&params, device_id);
    db_add_i64(&params, report->sequence);
    db_add_i64(&params, report->time_ms);
    db_add_i64(&params, received_ms);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        db_add_text_array(&params, arena, texts[i], count);
    db_add_bytes_array(&params, arena, digests, DIGEST_SHA256_SIZE, count);
    return db_exec(db, &RAN, &params, NULL);
}
