/* SPDX-License-Identifier: Apache-2.0 */
#include "api/routes.h"

#include "api/aliases.h"
#include "api/approvals.h"
#include "api/archive.h"
#include "api/artifacts.h"
#include "api/audit_key.h"
#include "api/checkpoints.h"
#include "api/desired.h"
#include "api/devices.h"
#include "api/enrolments.h"
#include "api/explain.h"
#include "api/health.h"
#include "api/history.h"
#include "api/keys.h"
#include "api/lineage.h"
#include "api/lineage_node.h"
#include "api/lineage_read.h"
#include "api/metrics.h"
#include "api/models.h"
#include "api/notes.h"
#include "api/openapi.h"
#include "api/progress.h"
#include "api/retention.h"
#include "api/rules.h"
#include "api/sbom.h"
#include "api/search.h"
#include "api/signatures.h"
#include "api/tokens.h"
#include "api/trust.h"
#include "api/uploads.h"
#include "api/versions.h"
#include "api/whoami.h"
#include "http/role.h"
#include "lineage/openlineage.h"
#include "model/manifest.h"

/* A hundred thousand names of devices. */
#define BULK_MAX ((size_t)8 << 20)
#define JSON_MAX ((size_t)1 << 20)
/* Targets of many versions of many variants. */
#define METADATA_MAX ((size_t)5 << 20)
#define SMALL_MAX ((size_t)16 << 10)

/* Handlers get a struct api as call.context. Bodies of JSON are at most 1 MiB but for envelopes. */
const struct route routes_api[] = {
  /* clang-format off */
    {"GET", "/healthz", ROLES_PUBLIC, ROUTE_INLINE, 0, ROUTE_NO_LOG, health_live},
    {"GET", "/readyz",  ROLES_PUBLIC, ROUTE_WORKER, 0, ROUTE_NO_LOG, health_ready},
    {"GET", "/metrics", ROLES_PUBLIC, ROUTE_INLINE, 0, ROUTE_NO_LOG, metrics_get},
    {"GET", "/api/v1/openapi.yaml", ROLES_PUBLIC, ROUTE_INLINE, 0, 0, openapi_get},

    {"PUT",     "/api/v1/artifacts/{sha256}", ROLES_PUBLISH, ROUTE_STREAM, 0, 0, artifacts_put},
    {"GET",     "/api/v1/artifacts/{sha256}", ROLES_READ,    ROUTE_WORKER, 0, 0, artifacts_get},
    {"OPTIONS", "/api/v1/uploads",            ROLES_PUBLIC,  ROUTE_INLINE, 0, 0, uploads_options},
    {"POST",    "/api/v1/uploads",            ROLES_PUBLISH, ROUTE_STREAM, 0, 0, uploads_create},
    {"HEAD",    "/api/v1/uploads/{id}",       ROLES_PUBLISH, ROUTE_WORKER, 0, 0, uploads_head},
    {"PATCH",   "/api/v1/uploads/{id}",       ROLES_PUBLISH, ROUTE_STREAM, 0, 0, uploads_patch},
    {"DELETE",  "/api/v1/uploads/{id}",       ROLES_PUBLISH, ROUTE_WORKER, 0, 0, uploads_delete},

    {"GET",    "/api/v1/whoami",      ROLES_READ,  ROUTE_WORKER, 0,         0, whoami_on_get},
    {"POST",   "/api/v1/tokens",      ROLES_ADMIN, ROUTE_WORKER, SMALL_MAX, 0, tokens_on_post},
    {"GET",    "/api/v1/tokens",      ROLES_ADMIN, ROUTE_WORKER, 0,         0, tokens_on_list},
    {"DELETE", "/api/v1/tokens/{id}", ROLES_ADMIN, ROUTE_WORKER, 0,         0, tokens_on_delete},

    {"POST",   "/api/v1/models",                      ROLES_PUBLISH, ROUTE_WORKER, JSON_MAX,  ROUTE_IDEMPOTENT_KEY, models_on_post},
    {"GET",    "/api/v1/models",                      ROLES_READ,    ROUTE_WORKER, 0,         0,                    models_on_list},
    {"GET",    "/api/v1/models/{model}",              ROLES_READ,    ROUTE_WORKER, 0,         0,                    models_on_get},
    {"DELETE", "/api/v1/models/{model}",              ROLES_ADMIN,   ROUTE_WORKER, 0,         0,                    models_on_delete},
    {"POST",   "/api/v1/models/{model}/keys",         ROLES_ADMIN,   ROUTE_WORKER, SMALL_MAX, ROUTE_IDEMPOTENT_KEY, keys_on_post},
    {"DELETE", "/api/v1/models/{model}/keys/{keyid}", ROLES_ADMIN,   ROUTE_WORKER, 0,         0,                    keys_on_delete},

    {"PATCH",  "/api/v1/models/{model}",                 ROLES_REGISTER, ROUTE_WORKER, JSON_MAX,  0, notes_on_patch_model},
    {"GET",    "/api/v1/models/{model}/card",            ROLES_READ,     ROUTE_WORKER, 0,         0, notes_on_card},
    {"GET",    "/api/v1/models/{model}/history",         ROLES_READ,     ROUTE_WORKER, 0,         0, history_on_model},
    {"PUT",    "/api/v1/models/{model}/archive",         ROLES_PUBLISH,  ROUTE_WORKER, SMALL_MAX, 0, archive_on_put},
    {"DELETE", "/api/v1/models/{model}/archive",         ROLES_PUBLISH,  ROUTE_WORKER, 0,         0, archive_on_delete},
    {"GET",    "/api/v1/models/{model}/rules",           ROLES_READ,     ROUTE_WORKER, 0,         0, rules_on_get},
    {"PUT",    "/api/v1/models/{model}/rules",           ROLES_ADMIN,    ROUTE_WORKER, JSON_MAX,  0, rules_on_put},
    {"GET",    "/api/v1/models/{model}/retention",       ROLES_READ,     ROUTE_WORKER, 0,         0, retention_on_get},
    {"PUT",    "/api/v1/models/{model}/retention",       ROLES_ADMIN,    ROUTE_WORKER, SMALL_MAX, 0, retention_on_put},
    {"DELETE", "/api/v1/models/{model}/retention",       ROLES_ADMIN,    ROUTE_WORKER, 0,         0, retention_on_delete},
    {"GET",    "/api/v1/models/{model}/retention/plan",  ROLES_READ,     ROUTE_WORKER, 0,         0, retention_on_plan},
    {"GET",    "/api/v1/rules",                          ROLES_READ,     ROUTE_WORKER, 0,         0, rules_on_get},
    {"PUT",    "/api/v1/rules",                          ROLES_ADMIN,    ROUTE_WORKER, JSON_MAX,  0, rules_on_put},
    {"GET",    "/api/v1/models/{model}/aliases",         ROLES_READ,     ROUTE_WORKER, 0,         0, aliases_on_list},
    {"GET",    "/api/v1/models/{model}/aliases/{alias}", ROLES_READ,     ROUTE_WORKER, 0,         0, aliases_on_get},
    {"PUT",    "/api/v1/models/{model}/aliases/{alias}", ROLES_REGISTER, ROUTE_WORKER, SMALL_MAX, 0, aliases_on_put},
    {"DELETE", "/api/v1/models/{model}/aliases/{alias}", ROLES_REGISTER, ROUTE_WORKER, 0,         0, aliases_on_delete},
    {"GET",    "/api/v1/models/{model}/aliases/{alias}/history", ROLES_READ, ROUTE_WORKER, 0,     0, history_on_alias},
    {"GET",    "/api/v1/audit",                          ROLES_ADMIN,    ROUTE_WORKER, 0,         0, history_on_audit},
    {"GET",    "/api/v1/audit/key",                      ROLES_READ,     ROUTE_WORKER, 0,         0, audit_key_on_get},
    {"POST",   "/api/v1/audit/key",                      ROLES_ADMIN,    ROUTE_WORKER, 0,         0, audit_key_on_post},
    {"GET",    "/api/v1/audit/checkpoints",              ROLES_ADMIN,    ROUTE_WORKER, 0,         0, checkpoints_on_list},
    {"POST",   "/api/v1/audit/checkpoints",              ROLES_ADMIN,    ROUTE_WORKER, 0,         0, checkpoints_on_post},

    {"POST",   "/api/v1/models/{model}/versions",                      ROLES_PUBLISH, ROUTE_WORKER, MANIFEST_SIZE_MAX, ROUTE_IDEMPOTENT_KEY | ROUTE_LONG, versions_on_post},
    {"GET",    "/api/v1/models/{model}/versions",                      ROLES_READ,    ROUTE_WORKER, 0,                 0,                                 versions_on_list},
    {"GET",    "/api/v1/models/{model}/versions/{version}",            ROLES_READ,    ROUTE_WORKER, 0,                 0,                                 versions_on_get},
    {"DELETE", "/api/v1/models/{model}/versions/{version}",            ROLES_PUBLISH, ROUTE_WORKER, 0,                 0,                                 versions_on_delete},
    {"PUT",    "/api/v1/models/{model}/versions/{version}",            ROLES_PUBLISH, ROUTE_WORKER, MANIFEST_SIZE_MAX, 0,                                 versions_on_change},
    {"GET",    "/api/v1/models/{model}/versions/{version}/manifest",   ROLES_READ,    ROUTE_WORKER, 0,                 0,                                 versions_on_manifest},
    {"PUT",    "/api/v1/models/{model}/versions/{version}/manifest",   ROLES_PUBLISH, ROUTE_WORKER, MANIFEST_SIZE_MAX, 0,                                 versions_on_change},
    {"DELETE", "/api/v1/models/{model}/versions/{version}/manifest",   ROLES_PUBLISH, ROUTE_WORKER, 0,                 0,                                 versions_on_change},
    {"POST",   "/api/v1/models/{model}/versions/{version}/variants",   ROLES_PUBLISH, ROUTE_WORKER, MANIFEST_SIZE_MAX, ROUTE_IDEMPOTENT_KEY | ROUTE_LONG, versions_on_add_variant},
    {"POST",   "/api/v1/models/{model}/versions/{version}/signatures", ROLES_PUBLISH, ROUTE_WORKER, JSON_MAX,          ROUTE_IDEMPOTENT_KEY | ROUTE_LONG, signatures_on_post},

    {"PATCH",  "/api/v1/models/{model}/versions/{version}",                ROLES_REGISTER, ROUTE_WORKER, JSON_MAX,  0,                    notes_on_patch_version},
    {"GET",    "/api/v1/models/{model}/versions/{version}/card",           ROLES_READ,     ROUTE_WORKER, 0,         0,                    notes_on_card},
    {"GET",    "/api/v1/models/{model}/versions/{version}/history",        ROLES_READ,     ROUTE_WORKER, 0,         0,                    history_on_version},
    {"PUT",    "/api/v1/models/{model}/versions/{version}/archive",        ROLES_PUBLISH,  ROUTE_WORKER, SMALL_MAX, 0,                    archive_on_put},
    {"DELETE", "/api/v1/models/{model}/versions/{version}/archive",        ROLES_PUBLISH,  ROUTE_WORKER, 0,         0,                    archive_on_delete},
    {"GET",    "/api/v1/models/{model}/versions/{version}/sbom",           ROLES_READ,     ROUTE_WORKER, 0,         0,                    sbom_on_get},
    {"GET",    "/api/v1/models/{model}/versions/{version}/approvals",      ROLES_READ,     ROUTE_WORKER, 0,         0,                    approvals_on_list},
    {"POST",   "/api/v1/models/{model}/versions/{version}/approvals",      ROLES_REGISTER, ROUTE_WORKER, JSON_MAX,  ROUTE_IDEMPOTENT_KEY, approvals_on_post},
    {"DELETE", "/api/v1/models/{model}/versions/{version}/approvals/{id}", ROLES_REGISTER, ROUTE_WORKER, 0,         0,                    approvals_on_delete},

    {"GET", "/api/v1/search", ROLES_READ, ROUTE_WORKER, 0, 0, search_on_get},

    {"GET",    "/api/v1/devices",                  ROLES_READ,    ROUTE_WORKER, 0,         0,                    devices_on_list},
    {"GET",    "/api/v1/devices/{device}",         ROLES_READ,    ROUTE_WORKER, 0,         0,                    devices_on_get},
    {"DELETE", "/api/v1/devices/{device}",         ROLES_OPERATE, ROUTE_WORKER, 0,         0,                    devices_on_delete},
    {"GET",    "/api/v1/devices/{device}/history", ROLES_READ,    ROUTE_WORKER, 0,         0,                    history_on_device},
    {"GET",    "/api/v1/devices/{device}/reports", ROLES_READ,    ROUTE_WORKER, 0,         0,                    devices_on_reports},
    {"GET",    "/api/v1/devices/{device}/desired", ROLES_READ,    ROUTE_WORKER, 0,         0,                    desired_on_get},
    {"PUT",    "/api/v1/devices/{device}/desired", ROLES_OPERATE, ROUTE_WORKER, JSON_MAX,  0,                    desired_on_put},
    {"POST",   "/api/v1/desired",                  ROLES_OPERATE, ROUTE_WORKER, BULK_MAX,  ROUTE_IDEMPOTENT_KEY, desired_on_post},
    {"POST",   "/api/v1/desired/progress",         ROLES_READ,    ROUTE_WORKER, BULK_MAX,  0,                    progress_on_post},
    {"POST",   "/api/v1/enrolments",               ROLES_OPERATE, ROUTE_WORKER, JSON_MAX,  0,                    enrolments_on_post},
    {"GET",    "/api/v1/enrolments",               ROLES_OPERATE, ROUTE_WORKER, 0,         0,                    enrolments_on_list},
    {"DELETE", "/api/v1/enrolments/{id}",          ROLES_OPERATE, ROUTE_WORKER, 0,         0,                    enrolments_on_delete},

    {"POST", "/api/v1/lineage",                 ROLES_PUBLISH, ROUTE_WORKER, OPENLINEAGE_EVENT_MAX, 0, lineage_on_post},
    {"POST", "/api/v1/lineage/batch",           ROLES_PUBLISH, ROUTE_WORKER, OPENLINEAGE_BATCH_MAX, 0, lineage_on_batch},
    {"GET",  "/api/v1/lineage/upstream",        ROLES_READ,    ROUTE_WORKER, 0,                     0, lineage_read_on_upstream},
    {"GET",  "/api/v1/lineage/downstream",      ROLES_READ,    ROUTE_WORKER, 0,                     0, lineage_read_on_downstream},
    {"GET",  "/api/v1/lineage/path",            ROLES_READ,    ROUTE_WORKER, 0,                     0, lineage_read_on_path},
    {"GET",  "/api/v1/lineage/diff",            ROLES_READ,    ROUTE_WORKER, 0,                     0, lineage_read_on_diff},
    {"GET",  "/api/v1/audit/reports/device",          ROLES_READ,    ROUTE_WORKER, 0,                     0, explain_on_device},
    {"GET",  "/api/v1/audit/reports/version",         ROLES_READ,    ROUTE_WORKER, 0,                     0, explain_on_version},
    {"GET",  "/api/v1/audit/reports/impact",          ROLES_READ,    ROUTE_WORKER, 0,                     0, explain_on_impact},
    {"GET",  "/api/v1/lineage/node",            ROLES_READ,    ROUTE_WORKER, 0,                     0, lineage_node_on_get},
    {"GET",  "/api/v1/lineage/events/{sha256}", ROLES_READ,    ROUTE_WORKER, 0,                     0, lineage_node_on_event},

    {"GET",    "/api/v1/tuf",                              ROLES_READ,    ROUTE_WORKER, 0,            0, trust_on_status},
    {"POST",   "/api/v1/tuf/{repository}/online-key",      ROLES_ADMIN,   ROUTE_WORKER, SMALL_MAX,    0, trust_on_online_key},
    {"GET",    "/api/v1/tuf/{repository}/roots/{version}", ROLES_READ,    ROUTE_WORKER, 0,            0, trust_on_root_get},
    {"GET",    "/api/v1/tuf/{repository}/roles/{role}",    ROLES_READ,    ROUTE_WORKER, 0,            0, trust_on_role_get},
    {"POST",   "/api/v1/tuf/{repository}/roles/{role}",    ROLES_PUBLISH, ROUTE_WORKER, METADATA_MAX, 0, trust_on_role_post},
    {"GET",    "/api/v1/tuf/{repository}/pending/{role}",  ROLES_READ,    ROUTE_WORKER, 0,            0, trust_on_pending_get},
    {"DELETE", "/api/v1/tuf/{repository}/pending/{role}",  ROLES_PUBLISH, ROUTE_WORKER, 0,            0, trust_on_pending_delete},

    {"GET", "/tuf/{workspace}/metadata/{file}",                                                      ROLES_READ, ROUTE_WORKER, 0, ROUTE_OPEN, trust_on_metadata},
    {"GET", "/tuf/{workspace}/targets/{model}/{version}/{file}",                                     ROLES_READ, ROUTE_WORKER, 0, ROUTE_OPEN, trust_on_manifest},
    {"GET", "/tuf/{workspace}/targets/{model}/{version}/{runtime}/{hardware}/{precision}/{file}",    ROLES_READ, ROUTE_WORKER, 0, ROUTE_OPEN, trust_on_artifact},
    {NULL},
  /* clang-format on */
};
