/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/versions.h"

#include "registry_fixture.h"
#include "suite.h"

START_TEST(publishes_what_a_key_of_the_model_signed)
{
    struct registry registry;
    struct registry_submitted submitted;

    registry_init(&registry);
    ck_assert_int_eq(
        registry_submit(&registry, registry_envelope(&registry, &registry.key), &submitted), 0);
    ck_assert(submitted.created);
    ck_assert_str_eq(submitted.version.state, "published");
    ck_assert_int_eq(submitted.version.published_ms, REGISTRY_NOW_MS);
    ck_assert_ptr_nonnull(strstr(submitted.version.signed_by_json, registry.key.key.id));
    registry_release(&registry);
}
END_TEST

START_TEST(the_same_bytes_again_are_a_success)
{
    struct registry registry;
    struct registry_submitted submitted;

    registry_init(&registry);
    const char *envelope = registry_envelope(&registry, &registry.key);
    ck_assert_int_eq(registry_submit(&registry, envelope, &submitted), 0);
    ck_assert_int_eq(registry_submit(&registry, envelope, &submitted), 0);
    ck_assert(!submitted.created);
    registry.manifest.description = "other";
    ck_assert_int_eq(
        registry_submit(&registry, registry_envelope(&registry, &registry.key), &submitted),
        VERSIONS_E_EXISTS);
    ck_assert_str_eq(submitted.failure.exists.state, "published");
    registry_release(&registry);
}
END_TEST

START_TEST(names_the_key_that_it_expected)
{
    struct registry registry;
    struct registry_submitted submitted;
    struct key_pair stranger;

    registry_init(&registry);
    ck_assert_int_eq(key_generate("eve", &stranger), 0);
    ck_assert_int_eq(
        registry_submit(&registry, registry_envelope(&registry, &stranger), &submitted),
        VERSIONS_E_SIGNATURE);
    ck_assert_uint_eq(submitted.failure.keyid_count, 1);
    ck_assert_str_eq(submitted.failure.keyids[0], registry.key.key.id);
    ck_assert_uint_eq(submitted.failure.unknown_count, 1);
    ck_assert_int_eq(database_number(registry.db, "SELECT count(*) FROM model_version"), 0);
    key_pair_release(&stranger);
    registry_release(&registry);
}
END_TEST

START_TEST(a_revoked_key_is_not_expected_any_more)
{
    struct registry registry;
    struct registry_submitted submitted;

    registry_init(&registry);
    struct q_model_key key = registry_key(&registry, &registry.key);
    ck_assert_int_eq(keys_revoke(registry.db, &registry.keys, key.keyid), 0);
    ck_assert_int_eq(
        registry_submit(&registry, registry_envelope(&registry, &registry.key), &submitted),
        VERSIONS_E_SIGNATURE);
    ck_assert_uint_eq(submitted.failure.keyid_count, 0);
    registry_release(&registry);
}
END_TEST

START_TEST(nothing_is_published_before_it_is_whole)
{
    struct registry registry;
    struct registry_submitted submitted;

    registry_init(&registry);
    digest_sha256("later", 5, registry.artifact.sha256);
    registry.artifact.length = 5;
    const char *envelope = registry_envelope(&registry, &registry.key);
    ck_assert_int_eq(registry_submit(&registry, envelope, &submitted), VERSIONS_E_ARTIFACTS);
    ck_assert_uint_eq(submitted.failure.missing_count, 1);
    ck_assert_int_eq(submitted.failure.missing[0].stored_bytes, -1);
    ck_assert_int_eq(database_number(registry.db, "SELECT count(*) FROM model_version"), 0);
    registry_store(&registry, "later");
    ck_assert_int_eq(registry_submit(&registry, envelope, &submitted), 0);
    registry_release(&registry);
}
END_TEST

START_TEST(a_length_that_is_not_that_of_the_bytes_is_missing)
{
    struct registry registry;
    struct registry_submitted submitted;

    registry_init(&registry);
    registry.artifact.length = 8;
    ck_assert_int_eq(
        registry_submit(&registry, registry_envelope(&registry, &registry.key), &submitted),
        VERSIONS_E_ARTIFACTS);
    ck_assert_int_eq(submitted.failure.missing[0].stored_bytes, 7);
    registry_release(&registry);
}
END_TEST

/* The signature of a draft by a key, over the draft's `signed`. */
static struct envelope_signature sign(struct registry *registry, struct key_pair *pair)
{
    struct fields_error error = {0};
    struct envelope envelope;
    const char *text = registry_envelope(registry, pair);

    ck_assert_int_eq(
        envelope_parse(text, strlen(text), MANIFEST_SIZE_MAX, &registry->arena, &envelope, &error),
        0);
    struct envelope_signature signature = envelope.signatures[0];
    envelope_release(&envelope);
    return signature;
}

static int sign_draft(struct registry *registry, const struct envelope_signature *signature,
                      struct registry_submitted *ret)
{
    *ret = (struct registry_submitted){0};
    return versions_sign(registry->db, &registry->place, "1.0.0", signature, 1, &registry->arena,
                         &ret->version, &ret->failure);
}

START_TEST(a_signature_publishes_a_draft)
{
    struct registry registry;
    struct registry_submitted submitted;
    struct q_version_manifest manifest;

    registry_init(&registry);
    ck_assert_int_eq(registry_submit(&registry, registry_envelope(&registry, NULL), &submitted), 0);
    ck_assert_str_eq(submitted.version.state, "draft");
    struct envelope_signature signature = sign(&registry, &registry.key);
    ck_assert_int_eq(sign_draft(&registry, &signature, &submitted), 0);
    ck_assert_str_eq(submitted.version.state, "published");
    ck_assert_int_eq(
        versions_manifest(registry.db, &registry.place, "1.0.0", &registry.arena, &manifest), 0);
    /* what it would have been, had it come signed */
    ck_assert_mem_eq(manifest.bytes, registry_envelope(&registry, &registry.key), manifest.size);
    ck_assert_int_eq(sign_draft(&registry, &signature, &submitted), 0);
    signature.bytes[0] ^= 1;
    ck_assert_int_eq(sign_draft(&registry, &signature, &submitted), VERSIONS_E_PUBLISHED);
    registry_release(&registry);
}
END_TEST

START_TEST(a_draft_stays_one_where_the_signature_is_wrong)
{
    struct registry registry;
    struct registry_submitted submitted;

    registry_init(&registry);
    ck_assert_int_eq(registry_submit(&registry, registry_envelope(&registry, NULL), &submitted), 0);
    struct envelope_signature signature = sign(&registry, &registry.key);
    signature.bytes[0] ^= 1;
    ck_assert_int_eq(sign_draft(&registry, &signature, &submitted), VERSIONS_E_SIGNATURE);
    ck_assert_uint_eq(submitted.failure.bad_count, 1);
    ck_assert_int_eq(
        versions_find(registry.db, &registry.place, "1.0.0", &registry.arena, &submitted.version),
        0);
    ck_assert_str_eq(submitted.version.state, "draft");
    registry_release(&registry);
}
END_TEST

START_TEST(only_drafts_are_deleted)
{
    struct registry registry;
    struct registry_submitted submitted;

    registry_init(&registry);
    ck_assert_int_eq(registry_submit(&registry, registry_envelope(&registry, NULL), &submitted), 0);
    ck_assert_int_eq(versions_delete_draft(registry.db, &registry.place, "1.0.0"), 0);
    ck_assert_int_eq(versions_delete_draft(registry.db, &registry.place, "1.0.0"),
                     VERSIONS_E_MISSING);
    ck_assert_int_eq(database_number(registry.db, "SELECT count(*) FROM variant_artifact"), 0);
    ck_assert_int_eq(
        registry_submit(&registry, registry_envelope(&registry, &registry.key), &submitted), 0);
    ck_assert_int_eq(versions_delete_draft(registry.db, &registry.place, "1.0.0"),
                     VERSIONS_E_PUBLISHED);
    registry_release(&registry);
}
END_TEST

START_TEST(another_workspace_has_no_such_model)
{
    struct registry registry;
    struct registry_submitted submitted;

    registry_init(&registry);
    database_run(registry.db, "INSERT INTO workspace (name) VALUES ('other')");
    registry.place.workspace_id =
        database_number(registry.db, "SELECT id FROM workspace WHERE name = 'other'");
    ck_assert_int_eq(
        registry_submit(&registry, registry_envelope(&registry, &registry.key), &submitted),
        VERSIONS_E_MODEL);
    registry_release(&registry);
}
END_TEST

int main(void)
{
    return SUITE_RUN("core/versions", publishes_what_a_key_of_the_model_signed,
                     the_same_bytes_again_are_a_success, names_the_key_that_it_expected,
                     a_revoked_key_is_not_expected_any_more,
                     nothing_is_published_before_it_is_whole,
                     a_length_that_is_not_that_of_the_bytes_is_missing,
                     a_signature_publishes_a_draft, a_draft_stays_one_where_the_signature_is_wrong,
                     only_drafts_are_deleted, another_workspace_has_no_such_model);
}
