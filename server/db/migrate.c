/* SPDX-License-Identifier: Apache-2.0 */
#include "db/migrate.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <stdbool.h>
#include <string.h>

#define SERVER_VERSION_MIN 150000
#define SERVER_VERSION_MIN_TEXT "15"

/* A migration may take long, whatever limit this connection has; the lock is that of modelferry. */
static const char sql_begin[] = "SET LOCAL statement_timeout = 0;"
                                "SET LOCAL client_min_messages = warning;"
                                "SELECT pg_advisory_xact_lock(7236284523416842359)";

static const char sql_create[] =
    "CREATE TABLE schema_migration ("
    " number integer CONSTRAINT schema_migration_pkey PRIMARY KEY"
    " CONSTRAINT schema_migration_number CHECK (number > 0),"
    " title text NOT NULL"
    " CONSTRAINT schema_migration_title CHECK (length(title) BETWEEN 1 AND 128),"
    " sha256 text NOT NULL"
    " CONSTRAINT schema_migration_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'),"
    " applied_at timestamptz NOT NULL DEFAULT now());"
    "COMMENT ON TABLE schema_migration IS 'Which migrations were applied';"
    "COMMENT ON COLUMN schema_migration.number IS 'The number in the name of its file';"
    "COMMENT ON COLUMN schema_migration.title IS 'The rest of that name';"
    "COMMENT ON COLUMN schema_migration.sha256 IS 'Of the file: an edited migration is refused';"
    "COMMENT ON COLUMN schema_migration.applied_at IS 'When it was applied';"
    "COMMENT ON INDEX schema_migration_pkey IS 'By number: every start'";

/* All tables first, so that a new one is never forgotten; then what is narrower. */
static const char sql_grant[] =
    "DO $$ BEGIN"
    " IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'modelferry_app') THEN RETURN; END IF;"
    " GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO modelferry_app;"
    " REVOKE INSERT, UPDATE, DELETE ON schema_migration, workspace FROM modelferry_app;"
    " REVOKE DELETE ON api_token, model_key FROM modelferry_app;"
    " REVOKE UPDATE, DELETE ON audit_entry, audit_checkpoint FROM modelferry_app;"
    " REVOKE UPDATE ON model FROM modelferry_app;"
    " REVOKE UPDATE, DELETE ON variant, version_signature FROM modelferry_app;"
    " REVOKE UPDATE ON version_tag, version_metric, version_param FROM modelferry_app;"
    " REVOKE DELETE ON version_state, version_card, alias, registry_rules, retention_rule"
    "  FROM modelferry_app;"
    " REVOKE UPDATE ON version_state, version_card, alias, approval, registry_rules"
    "  FROM modelferry_app;"
    " REVOKE DELETE ON approval FROM modelferry_app;"
    " REVOKE UPDATE ON api_token, model_key, model_version, variant_artifact FROM modelferry_app;"
    " REVOKE DELETE ON variant_artifact FROM modelferry_app;"
    " REVOKE DELETE ON lineage_node, lineage_run, lineage_event, lineage_edge, lineage_claim,"
    "  lineage_facet FROM modelferry_app;"
    " REVOKE UPDATE ON lineage_node, lineage_event, lineage_edge, lineage_claim"
    "  FROM modelferry_app;"
    " REVOKE UPDATE, DELETE ON desired_event, device_ran, variant_addition, version_deletion,"
    "  variant_signature FROM modelferry_app;"
    " GRANT UPDATE (version_id, variant_id) ON lineage_node TO modelferry_app;"
    " GRANT UPDATE (at) ON lineage_edge TO modelferry_app;"
    /* Uploads lock the row of their workspace, which asks for the right to change some of it. */
    " GRANT UPDATE (created_at) ON workspace TO modelferry_app;"
    " GRANT UPDATE (revoked_at, last_used_at) ON api_token TO modelferry_app;"
    " GRANT UPDATE (revoked_at, revoked_by) ON model_key TO modelferry_app;"
    " GRANT UPDATE (state, manifest, manifest_sha256, published_at) ON model_version"
    "  TO modelferry_app;"
    " GRANT UPDATE (artifact_id) ON variant_artifact TO modelferry_app;"
    " GRANT UPDATE (description, card, revision, archived_at, archived_by, archive_reason)"
    "  ON model TO modelferry_app;"
    " GRANT UPDATE (value) ON model_tag, version_tag TO modelferry_app;"
    " GRANT UPDATE (value, number) ON version_param TO modelferry_app;"
    " GRANT UPDATE (value, value_text, main, set_at, set_by) ON version_metric"
    "  TO modelferry_app;"
    " GRANT UPDATE (status, published_at, revision, archived_at, archived_by, archive_reason,"
    "  retired, restored) ON version_state TO modelferry_app;"
    " GRANT UPDATE (card) ON version_card TO modelferry_app;"
    " GRANT UPDATE (version_id, revision, moved_at, moved_by) ON alias TO modelferry_app;"
    " GRANT UPDATE (withdrawn_at, withdrawn_by, withdraw_reason) ON approval"
    "  TO modelferry_app;"
    " GRANT UPDATE (approvals, protected, revision, set_at, set_by) ON registry_rules"
    "  TO modelferry_app;"
    " END $$";

static const struct db_stmt select_server = {
    "migrate_server",
    "SELECT current_setting('server_version_num')::int, current_setting('server_version'),"
    /* Not to_regclass(), which does not see what was made while we waited for the lock. */
    " EXISTS (SELECT FROM pg_class WHERE relname = 'schema_migration' AND relkind = 'r'"
    " AND pg_table_is_visible(oid))",
};

static const struct db_stmt select_applied = {
    "migrate_applied",
    "SELECT number, sha256 FROM schema_migration ORDER BY number",
};

static const struct db_stmt insert_applied = {
    "migrate_insert",
    "INSERT INTO schema_migration (number, title, sha256) VALUES ($1::int, $2::text, $3::text)",
};

struct step {
    const struct migration *migrations;
    size_t count;
    bool quiet;                      /* migrate_check: the caller says it */
    bool has_table;                  /* schema_migration exists */
    const struct migration *missing; /* the first that is not applied, or NULL */
};

static int check_server(struct db *db, struct step *step)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r;

    r = db_exec(db, &select_server, NULL, &rows);
    if (r)
        return r;
    step->has_table = db_bool(&rows, 0, 2);
    if (db_i64(&rows, 0, 0) >= SERVER_VERSION_MIN)
        return 0;
    if (!step->quiet)
        log_line(LOG_ERROR,
                 "the database is PostgreSQL %s; modelferry needs " SERVER_VERSION_MIN_TEXT
                 " or later",
                 db_text(&rows, 0, 1));
    return MIGRATE_E_OLD_SERVER;
}

/* One row of schema_migration against what the binary has; index is where to look first. */
static int check_applied(const struct step *step, size_t *index, int64_t number, const char *sha256)
{
    while (*index < step->count && step->migrations[*index].number < number)
        (*index)++;
    if (*index == step->count || step->migrations[*index].number != number) {
        if (!step->quiet)
            log_line(LOG_ERROR,
                     "the database has migration %lld, which this modelferryd does not know: a "
                     "newer version has used it; start that version, or restore a backup from "
                     "before the upgrade",
                     (long long)number);
        return MIGRATE_E_NEWER;
    }
    if (strcmp(step->migrations[*index].sha256, sha256) == 0)
        return 0;
    if (!step->quiet)
        log_line(LOG_ERROR,
                 "migration %04lld_%s was edited after it had been applied to this database: use "
                 "the modelferryd that applied it",
                 (long long)number, step->migrations[*index].title);
    return MIGRATE_E_EDITED;
}

/* Compares, and finds the first migration that is missing. */
static int compare(struct db *db, struct step *step)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    size_t index = 0;
    int row = 0;
    int r;

    step->missing = NULL;
    r = check_server(db, step);
    if (r)
        return r;
    if (step->has_table) {
        r = db_exec(db, &select_applied, NULL, &rows);
        if (r)
            return r;
    }
    for (int i = 0; i < rows.count; i++) {
        r = check_applied(step, &index, db_i64(&rows, i, 0), db_text(&rows, i, 1));
        if (r)
            return r;
    }
    for (size_t i = 0; i < step->count && !step->missing; i++) {
        if (row < rows.count && db_i64(&rows, row, 0) == step->migrations[i].number)
            row++;
        else
            step->missing = &step->migrations[i];
    }
    return 0;
}

/* A failed statement of a migration is fatal, whatever it violated. */
static int must(int r, const struct migration *migration)
{
    if (r > 0 && r != DB_E_SERIALIZATION)
        return log_fail(ERR_INTERNAL, "migration %04d_%s violates a constraint", migration->number,
                        migration->title);
    return r;
}

static int apply_next(struct db *db, void *arg)
{
    struct step *step = arg;
    struct db_params params = {0};
    int r;

    r = db_exec_script(db, sql_begin);
    if (r)
        return r;
    r = compare(db, step); /* again, now under the lock */
    if (r || !step->missing)
        return r;
    if (!step->has_table) {
        r = db_exec_script(db, sql_create);
        if (r)
            return r;
    }
    r = must(db_exec_script(db, step->missing->sql), step->missing);
    if (r)
        return r;
    db_add_i32(&params, step->missing->number);
    db_add_text(&params, step->missing->title);
    db_add_text(&params, step->missing->sha256);
    return must(db_exec(db, &insert_applied, &params, NULL), step->missing);
}

int migrate_grant(struct db *db)
{
    int r;

    r = db_exec_script(db, sql_grant);
    return r > 0 ? log_fail(ERR_INTERNAL, "cannot grant to modelferry_app: outcome %d", r) : r;
}

int migrate_run(struct db *db, const struct migration *migrations, size_t count)
{
    struct step step = {.migrations = migrations, .count = count};
    bool changed = false;
    int r;

    r = compare(db, &step);
    while (!r && step.missing) {
        r = tx_run(db, apply_next, &step);
        if (r == ERR_INTERNAL)
            log_line(LOG_ERROR, "the schema is not up to date: run 'modelferryd migrate' with "
                                "database.url of the role that owns it");
        if (r || !step.missing)
            break;
        changed = true;
        log_line(LOG_INFO, "applied migration %04d_%s", step.missing->number, step.missing->title);
    }
    return !r && changed && migrations == migrations_all ? migrate_grant(db) : r;
}

int migrate_check(struct db *db, const struct migration *migrations, size_t count)
{
    struct step step = {.migrations = migrations, .count = count, .quiet = true};
    int r;

    r = compare(db, &step);
    if (r)
        return r;
    return step.missing ? MIGRATE_E_PENDING : 0;
}
