/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLEET_FIXTURE_H
#define FLEET_FIXTURE_H

#include "base/cleanup.h"
#include "core/fleet/enrolments.h"
#include "crypto/secret.h"
#include "database.h"
#include "push/roster.h"
#include "suite.h"
#include "tuf/key.h"

#include <stdlib.h>
#include <string.h>

/* A database, a roster and an arena; model "digits" with versions 1.0.0 and 2.0.0, published, and
 * 3.0.0, a draft; each with the variants dlc/htp/int8 and onnx/cpu/fp32. */
#define FLEET_NOW_MS ((int64_t)1767322985678)
#define FLEET_WORKSPACE ((int64_t)1)

struct fleet {
    struct db *db;
    struct roster *roster;
    struct arena arena;
};

static inline void fleet_init(struct fleet *fleet)
{
    *fleet = (struct fleet){0};
    ck_assert(secret_init());
    fleet->db = database_new();
    ck_assert_int_eq(roster_new(&fleet->roster), 0);
    roster_load_begin(fleet->roster);
    roster_load_end(fleet->roster);
    database_run(
        fleet->db,
        "INSERT INTO model (workspace_id, name, description, created_at, created_by)"
        " VALUES (1, 'digits', '', now(), 'test');"
        "INSERT INTO model_version (workspace_id, model_id, version, state, description, manifest,"
        " manifest_sha256, signed_sha256, created_at, created_by, published_at)"
        " SELECT 1, id, v, CASE v WHEN '3.0.0' THEN 'draft' ELSE 'published' END, '', '{}',"
        " pg_catalog.sha256(v::bytea), pg_catalog.sha256(v::bytea), now(), 'test',"
        " CASE v WHEN '3.0.0' THEN NULL ELSE now() END"
        " FROM model, unnest(ARRAY['1.0.0', '2.0.0', '3.0.0']) AS v;"
        "INSERT INTO variant (workspace_id, version_id, position, runtime, hardware, precision)"
        " SELECT 1, id, 0, 'dlc', 'htp', 'int8' FROM model_version UNION ALL"
        " SELECT 1, id, 1, 'onnx', 'cpu', 'fp32' FROM model_version");
}

static inline void fleet_release(struct fleet *fleet)
{
    db_free(fleet->db);
    roster_free(fleet->roster);
    arena_release(&fleet->arena);
}

/* An enrolment token; uses 0: any number. */
static inline const char *fleet_token(struct fleet *fleet, int64_t uses)
{
    const struct enrolments_draft draft = {.workspace_id = FLEET_WORKSPACE,
                                           .name = "test",
                                           .uses_max = uses,
                                           .expires_in_s = 60,
                                           .actor = &audit_server};
    struct q_enrolment enrolment;
    char secret[SECRET_TOKEN_SIZE];

    ck_assert_int_eq(
        enrolments_create(fleet->db, &draft, FLEET_NOW_MS, &fleet->arena, &enrolment, secret), 0);
    return arena_strdup(&fleet->arena, secret);
}

/* Enrols, with the outcome of enrolments_redeem. */
static inline int fleet_redeem(struct fleet *fleet, const char *token, const char *name,
                               const struct key *key, int64_t now_ms,
                               struct enrolments_result *ret_result)
{
    static struct variant_capability capabilities[] = {
        {"onnx", "cpu"}
    };
    struct enrolment request = {.device = name, .key = *key};

    request.facts.capabilities = capabilities;
    request.facts.capability_count = 1;
    secret_token_hash(token, request.token_sha256);
    const struct enrolments_request asked = {token, "192.0.2.1", &request, now_ms};
    return enrolments_redeem(fleet->db, fleet->roster, &asked, &fleet->arena, ret_result);
}

/* An enrolled device with a key of its own. */
static inline struct enrolments_result fleet_device(struct fleet *fleet, const char *name,
                                                    struct key_pair *ret_pair)
{
    struct enrolments_result result;

    ck_assert_int_eq(key_generate(name, ret_pair), 0);
    ck_assert_int_eq(
        fleet_redeem(fleet, fleet_token(fleet, 0), name, &ret_pair->key, FLEET_NOW_MS, &result), 0);
    return result;
}

/* What the roster says of a token. */
static inline int fleet_ask(struct fleet *fleet, const char *token,
                            struct roster_device **ret_device)
{
    uint8_t hash[ROSTER_TOKEN_SIZE];

    secret_token_hash(token, hash);
    return roster_authenticate(fleet->roster, hash, FLEET_NOW_MS / 1000, ret_device);
}

#endif
