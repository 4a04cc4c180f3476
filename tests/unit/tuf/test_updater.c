/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "crypto/text.h"
#include "simulator.h"
#include "suite.h"
#include "tuf/updater.h"

#include <string.h>

#define SHA512_HEX_SIZE (2 * DIGEST_SHA512_SIZE + 1)

static struct simulator sim;

static void set_up(void)
{
    simulator_init(&sim);
}

static void tear_down(void)
{
    simulator_release(&sim);
}

START_TEST(asks_for_each_role_once_in_order)
{
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_str_eq(sim.log, "2.root.json timestamp.json 1.snapshot.json 1.targets.json ");
    ck_assert_int_eq(updater_version(sim.updater, METADATA_TARGETS), 1);
}
END_TEST

START_TEST(does_not_fetch_again_what_is_valid)
{
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_str_eq(sim.log, "2.root.json timestamp.json ");
}
END_TEST

START_TEST(asks_without_versions_where_snapshots_are_not_consistent)
{
    json_object_set_new(sim.root, "consistent_snapshot", json_false());
    simulator_publish_root(&sim);
    (void)simulator_refresh(&sim);
    ck_assert_str_eq(sim.log, "2.root.json 3.root.json timestamp.json snapshot.json ");
}
END_TEST

START_TEST(stores_bytes_as_received)
{
    struct buffer *published = simulator_file(&sim.published, "timestamp.json", false);
    struct buffer *stored;

    buffer_append_text(published, " \n ");
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    stored = simulator_file(&sim.stored, "timestamp", false);
    ck_assert_uint_eq(stored->size, published->size);
    ck_assert_mem_eq(stored->bytes, published->bytes, stored->size);
}
END_TEST

START_TEST(counts_unknown_members_as_signed)
{
    json_object_set_new(sim.targets, "x-unknown", json_pack("{s:s}", "a\nb", "\"\\\u00e9"));
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    simulator_publish_all(&sim);
    simulator_edit(&sim, "3.targets.json", "x-unknown", "y-unknown");
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_SIGNATURE);
}
END_TEST

START_TEST(does_not_count_one_key_twice)
{
    struct simulator_signers *signers = simulator_signers(&sim, "snapshot");
    json_t *keys;
    json_t *twin;

    simulator_rotate(&sim, "snapshot", 1, 2);
    /* the same key once more, under the id of another spelling */
    twin = key_to_json(&signers->pairs[0].key);
    json_object_set_new(twin, "x-twin", json_true());
    keys = json_object_get(sim.root, "keys");
    json_object_set_new(keys, "twin", twin);
    json_array_append_new(
        json_object_get(json_object_get(json_object_get(sim.root, "roles"), "snapshot"), "keyids"),
        json_string("twin"));
    simulator_publish_root(&sim);
    signers->pairs[1] = signers->pairs[0];
    memcpy(signers->pairs[1].key.id, "twin", 5);
    signers->count = 2;
    simulator_publish_snapshot(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_SIGNATURE);
}
END_TEST

START_TEST(refuses_a_keyid_that_signs_twice)
{
    struct simulator_signers *signers = simulator_signers(&sim, "timestamp");

    signers->pairs[1] = signers->pairs[0];
    signers->count = 2;
    simulator_publish_timestamp(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_SIGNATURE);
    ck_assert_ptr_nonnull(strstr(updater_reason(sim.updater)->text, "repeated keyid"));
}
END_TEST

START_TEST(ignores_signatures_of_strangers)
{
    (void)simulator_add_signer(&sim, "timestamp");
    simulator_publish_timestamp(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
}
END_TEST

START_TEST(updates_again_after_every_kind_of_failure)
{
    static const char *const files[] = {"2.root.json", "timestamp.json", "2.snapshot.json",
                                        "2.targets.json"};

    ck_assert_int_eq(simulator_refresh(&sim), 0);
    simulator_publish_root(&sim);
    simulator_publish_all(&sim);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct buffer *file = simulator_file(&sim.published, files[i], false);
        struct buffer honest = *file;

        *file = BUFFER(FILENAME_MAX);
        buffer_append_text(file, "{\"signatures\":[],\"signed\":{}}");
        ck_assert_int_gt(simulator_refresh(&sim), 0);
        buffer_release(file);
        *file = honest;
    }
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_stored(&sim, "targets"), 2);
}
END_TEST

/* A file with hashes by these algorithms only, the digests being true or not. */
static void promise_snapshot(const char *algorithm, const char *digest)
{
    json_t *file = json_object_get(json_object_get(sim.timestamp, "meta"), "snapshot.json");

    json_object_set_new(file, "hashes", json_pack("{s:s}", algorithm, digest));
    simulator_bump(&sim.timestamp);
    simulator_publish_part(&sim, "timestamp", sim.timestamp);
}

static void sha512_of(const char *name, char ret_hex[static SHA512_HEX_SIZE])
{
    const struct buffer *file = simulator_file(&sim.published, name, false);
    uint8_t digest[DIGEST_SHA512_SIZE];

    digest_sha512(file->bytes, file->size, digest);
    text_hex(digest, sizeof(digest), ret_hex);
}

START_TEST(checks_files_by_sha256_or_sha512)
{
    char hex[SHA512_HEX_SIZE];

    simulator_publish_snapshot(&sim);
    sha512_of("2.snapshot.json", hex);
    promise_snapshot("sha512", hex);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    simulator_publish_snapshot(&sim);
    promise_snapshot("sha512", hex); /* of the one before */
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_MISMATCH);
}
END_TEST

START_TEST(refuses_a_file_whose_every_hash_is_of_an_unknown_kind)
{
    simulator_publish_snapshot(&sim);
    promise_snapshot("sha3-999", "00");
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_MISMATCH);
}
END_TEST

int main(void)
{
    if (!secret_init())
        return 1;
    return SUITE_RUN_WITH(
        "tuf/updater", set_up, tear_down, asks_for_each_role_once_in_order,
        does_not_fetch_again_what_is_valid,
        asks_without_versions_where_snapshots_are_not_consistent, stores_bytes_as_received,
        counts_unknown_members_as_signed, does_not_count_one_key_twice,
        refuses_a_keyid_that_signs_twice, ignores_signatures_of_strangers,
        updates_again_after_every_kind_of_failure, checks_files_by_sha256_or_sha512,
        refuses_a_file_whose_every_hash_is_of_an_unknown_kind);
}
