/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_FIXTURE_H
#define TRUST_FIXTURE_H

#include "base/cleanup.h"
#include "core/trust/image.h"
#include "core/trust/online_keys.h"
#include "core/trust/proposals.h"
#include "crypto/secret.h"
#include "database.h"
#include "tuf/builder.h"
#include "tuf/envelope.h"
#include "tuf/targetpath.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

/* A workspace with a master key, people with keys, and what they sign. */
#define TRUST_WORKSPACE 1
#define TRUST_NOW_MS ((int64_t)1767225600000) /* 2026-01-01 */
#define TRUST_DAY_MS ((int64_t)86400000)
#define TRUST_PEOPLE 4

struct trust_fixture {
    struct db *db;
    struct arena arena;
    struct vault vault;
    struct image_lifetimes lifetimes;
    struct key_pair people[TRUST_PEOPLE];
    int64_t now_ms;
    struct proposals_result result;
};

static inline void trust_init(struct trust_fixture *fixture)
{
    *fixture = (struct trust_fixture){
        .vault = {.open = true                    },
        .lifetimes = { .timestamp_ms = TRUST_DAY_MS, .snapshot_ms = 7 * TRUST_DAY_MS},
        .now_ms = TRUST_NOW_MS,
    };
    ck_assert(secret_init());
    secret_random(fixture->vault.key, sizeof(fixture->vault.key));
    fixture->db = database_new();
    for (size_t i = 0; i < TRUST_PEOPLE; i++)
        ck_assert_int_eq(key_generate("person", &fixture->people[i]), 0);
}

static inline void trust_release(struct trust_fixture *fixture)
{
    for (size_t i = 0; i < TRUST_PEOPLE; i++)
        key_pair_release(&fixture->people[i]);
    arena_release(&fixture->arena);
    vault_release(&fixture->vault);
    db_free(fixture->db);
}

/* Signs a part with some of the people (a bit each) and submits it. */
static inline int trust_submit(struct trust_fixture *fixture, const char *repository,
                               const char *role, const json_t *part, unsigned people)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER((size_t)8 << 20);
    struct signer signers[TRUST_PEOPLE];
    struct proposals_place place = {
        .workspace_id = TRUST_WORKSPACE,
        .repository = repository,
        .role = role,
        .actor = &audit_server,
        .now_ms = fixture->now_ms,
        .vault = &fixture->vault,
        .lifetimes = &fixture->lifetimes,
    };
    size_t count = 0;

    for (size_t i = 0; i < TRUST_PEOPLE; i++)
        if (people & 1U << i)
            signers[count++] = key_signer(&fixture->people[i]);
    ck_assert_int_eq(envelope_build(part, signers, count, &bytes), 0);
    return proposals_submit(fixture->db, &place, bytes.bytes, bytes.size, &fixture->result);
}

static int trust_offer(struct db *db, void *arg)
{
    struct trust_fixture *fixture = ((void **)arg)[0];
    struct q_tuf_place place = {TRUST_WORKSPACE, ((void **)arg)[1]};

    return online_keys_offer(db, &fixture->vault, &place, &audit_server, fixture->now_ms,
                             ((void **)arg)[2]);
}

/* A root whose root and targets keys are the first `count` people, with a threshold. */
static inline json_t *trust_root(struct trust_fixture *fixture, const char *repository,
                                 int64_t version, size_t count, int64_t threshold)
{
    json_t *root = builder_new("root", version, fixture->now_ms + 365 * TRUST_DAY_MS);
    struct key keys[TRUST_PEOPLE];
    struct key online;
    void *arg[] = {fixture, (void *)(uintptr_t)repository, &online};

    ck_assert_int_eq(tx_run(fixture->db, trust_offer, arg), 0);
    for (size_t i = 0; i < count; i++)
        keys[i] = fixture->people[i].key;
    ck_assert_int_eq(builder_root_role(root, "root", keys, count, threshold), 0);
    ck_assert_int_eq(builder_root_role(root, "targets", keys, count, threshold), 0);
    ck_assert_int_eq(builder_root_role(root, "snapshot", &online, 1, 1), 0);
    ck_assert_int_eq(builder_root_role(root, "timestamp", &online, 1, 1), 0);
    if (strcmp(repository, "director") == 0)
        ck_assert_int_eq(builder_root_role(root, "targets", &online, 1, 1), 0);
    return root;
}

/* Top-level targets that let person 3 speak for the model "digits". */
static inline json_t *trust_targets(struct trust_fixture *fixture, int64_t version)
{
    json_t *targets = builder_new("targets", version, fixture->now_ms + 365 * TRUST_DAY_MS);
    const char *patterns[TARGETPATH_PATTERNS];
    struct builder_delegation delegation = {
        .name = targetpath_role(&fixture->arena, "digits"),
        .keys = &fixture->people[3].key,
        .key_count = 1,
        .threshold = 1,
        .paths = patterns,
        .path_count = TARGETPATH_PATTERNS,
        .terminating = true,
    };

    targetpath_patterns(&fixture->arena, "digits", patterns);
    ck_assert_int_eq(builder_delegate(targets, &delegation), 0);
    return targets;
}

/* Root, targets: a workspace that is ready for publishers. */
static inline void trust_bootstrap(struct trust_fixture *fixture)
{
    json_auto_t *root = trust_root(fixture, "image", 1, 1, 1);
    json_auto_t *targets = trust_targets(fixture, 1);

    ck_assert_int_eq(trust_submit(fixture, "image", "root", root, 1), 0);
    ck_assert_int_eq(trust_submit(fixture, "image", "targets", targets, 1), 0);
}

/* A published version of "digits" with one artifact, straight into the tables: its manifest is
 * "{}", its artifact 10 bytes of the digest 11..11. */
static inline void trust_version(struct trust_fixture *fixture, const char *version)
{
    char sql[2048];

    (void)snprintf(
        sql, sizeof(sql),
        "INSERT INTO model (workspace_id, name, description, created_at, created_by)"
        " VALUES (1, 'digits', '', now(), 'test') ON CONFLICT DO NOTHING;"
        "WITH v AS (INSERT INTO model_version (workspace_id, model_id, version, state,"
        " description, manifest, manifest_sha256, signed_sha256, created_at, created_by,"
        " published_at) SELECT 1, id, '%s', 'draft', '', '{}', pg_catalog.sha256('{}'::bytea), "
        "pg_catalog.sha256('{}'::bytea),"
        " now(), 'test', NULL FROM model RETURNING id),"
        " t AS (INSERT INTO variant (workspace_id, version_id, position, runtime, hardware,"
        " precision) SELECT 1, id, 0, 'onnx', 'cpu', 'fp32' FROM v RETURNING id)"
        " INSERT INTO variant_artifact (workspace_id, variant_id, position, name, sha256,"
        " size_bytes) SELECT 1, id, 0, 'model.onnx', decode(repeat('11', 32), 'hex'), 10 FROM t;"
        "UPDATE model_version SET state = 'published', published_at = now()",
        version);
    ck_assert_int_eq(db_exec_script(fixture->db, sql), 0);
}

/* Lists such a version in the role of "digits". */
static inline void trust_list(struct trust_fixture *fixture, json_t *role, const char *version)
{
    uint8_t manifest[DIGEST_SHA256_SIZE];
    uint8_t artifact[DIGEST_SHA256_SIZE];

    digest_sha256("{}", 2, manifest);
    memset(artifact, 0x11, sizeof(artifact));
    ck_assert_int_eq(builder_target(role, targetpath_manifest(&fixture->arena, "digits", version),
                                    2, manifest, NULL),
                     0);
    ck_assert_int_eq(builder_target(role,
                                    targetpath_artifact(&fixture->arena, "digits", version,
                                                        "onnx/cpu/fp32", "model.onnx"),
                                    10, artifact, NULL),
                     0);
}

#endif
