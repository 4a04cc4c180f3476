/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_FIXTURE_H
#define REGISTRY_FIXTURE_H

#include "base/buffer.h"
#include "core/registry/models.h"
#include "core/registry/versions.h"
#include "core/trust/keys.h"
#include "crypto/secret.h"
#include "crypto/text.h"
#include "database.h"
#include "model/manifest.h"
#include "tuf/envelope.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* What tests of the registry share: the model 'digits' with one key and one stored artifact. */
struct registry {
    char url[DATABASE_URL_SIZE];
    struct db *db;
    struct arena arena;
    struct key_pair key;
    struct versions_place place;
    struct keys_place keys;
    struct manifest_artifact artifact;
    struct manifest_variant variant;
    struct manifest manifest;
};

#define REGISTRY_WORKSPACE 1
#define REGISTRY_NOW_MS ((int64_t)1000000000000)

static inline struct q_model_key registry_key(struct registry *registry,
                                              const struct key_pair *pair)
{
    struct fields_error error = {0};
    struct q_model_key key;
    json_t *object = key_to_json(&pair->key);

    ck_assert_int_eq(keys_prepare(object, pair->name, "key", &registry->arena, &key, &error), 0);
    json_decref(object);
    key.added_by = "test";
    key.added_ms = REGISTRY_NOW_MS;
    return key;
}

static inline void registry_store(struct registry *registry, const char *bytes)
{
    char hex[DIGEST_SHA256_HEX_SIZE];
    uint8_t digest[DIGEST_SHA256_SIZE];

    digest_sha256(bytes, strlen(bytes), digest);
    text_hex(digest, sizeof(digest), hex);
    database_run(registry->db,
                 arena_printf(&registry->arena,
                              "WITH c AS (INSERT INTO content (workspace_id) VALUES (1) RETURNING"
                              " id), k AS (INSERT INTO chunk (workspace_id, digest, size_bytes,"
                              " stored_bytes, encoding) VALUES (1, '\\x%s', %zu, %zu, 0) RETURNING"
                              " id), p AS (INSERT INTO chunk_page (chunk_id, n, data) SELECT id, 0,"
                              " '%s' FROM k), s AS (INSERT INTO content_chunk (content_id,"
                              " start_byte, chunk_id) SELECT c.id, 0, k.id FROM c, k)"
                              " INSERT INTO artifact (workspace_id, sha256, size_bytes,"
                              " content_id) SELECT 1, '\\x%s', %zu, id FROM c",
                              hex, strlen(bytes), strlen(bytes), bytes, hex, strlen(bytes)));
}

static inline void registry_init(struct registry *registry)
{
    struct q_model model;

    *registry = (struct registry){0};
    ck_assert(secret_init());
    database_make(true, registry->url);
    registry->db = database_open(registry->url);
    ck_assert_int_eq(key_generate("alice", &registry->key), 0);
    struct q_model_key key = registry_key(registry, &registry->key);
    const struct models_draft draft = {
        .name = "digits", .keys = &key, .key_count = 1, .actor = &audit_server};
    ck_assert_int_eq(models_create(registry->db, REGISTRY_WORKSPACE, &draft, REGISTRY_NOW_MS,
                                   &registry->arena, &model),
                     0);
    registry_store(registry, "weights");
    registry->place =
        (struct versions_place){REGISTRY_WORKSPACE, "digits", &audit_server, REGISTRY_NOW_MS};
    registry->keys =
        (struct keys_place){REGISTRY_WORKSPACE, "digits", &audit_server, REGISTRY_NOW_MS};
    registry->artifact = (struct manifest_artifact){.name = "model.onnx", .length = 7};
    digest_sha256("weights", 7, registry->artifact.sha256);
    registry->variant = (struct manifest_variant){
        .id = {"raw", "cpu", "fp32"},
          .artifacts = &registry->artifact, .artifact_count = 1
    };
    registry->manifest = (struct manifest){
        .workspace = "default",
        .model = "digits",
        .version = "1.0.0",
        .created_ms = REGISTRY_NOW_MS,
        .variants = &registry->variant,
        .variant_count = 1,
    };
}

static inline void registry_release(struct registry *registry)
{
    key_pair_release(&registry->key);
    arena_release(&registry->arena);
    db_free(registry->db);
}

/* The manifest's envelope; signer NULL: unsigned. */
static inline const char *registry_envelope(struct registry *registry, struct key_pair *signer)
{
    struct buffer buffer = BUFFER(MANIFEST_SIZE_MAX);
    json_t *signed_part = manifest_encode(&registry->manifest);
    struct signer by = signer ? key_signer(signer) : (struct signer){0};
    const char *text;

    ck_assert_int_eq(envelope_build(signed_part, &by, signer ? 1 : 0, &buffer), 0);
    text = arena_strndup(&registry->arena, buffer.bytes, buffer.size);
    buffer_release(&buffer);
    json_decref(signed_part);
    return text;
}

struct registry_submitted {
    struct q_version version;
    bool created;
    struct versions_failure failure;
};

static inline int registry_submit(struct registry *registry, const char *envelope,
                                  struct registry_submitted *ret)
{
    *ret = (struct registry_submitted){0};
    return versions_submit(registry->db, &registry->place, envelope, strlen(envelope),
                           &registry->arena, &ret->version, &ret->created, &ret->failure);
}

#endif
