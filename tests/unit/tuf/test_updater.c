/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "crypto/secret.h"
#include "simulator.h"
#include "suite.h"
#include "tuf/updater.h"

#include <string.h>

static struct simulator sim;

static void set_up(void)
{
    simulator_init(&sim);
}

static void tear_down(void)
{
    simulator_release(&sim);
}

static void expire(json_t *part)
{
    json_object_set_new(part, "expires", json_string("2025-12-31T23:59:59Z"));
}

/* Changes a published file's bytes. */
static void replace_published(const char *name, const char *from, const char *to)
{
    struct buffer *file = simulator_file(&sim.published, name, false);
    char *place;

    ck_assert_ptr_nonnull(file);
    place = strstr(file->bytes, from);
    ck_assert_ptr_nonnull(place);
    ck_assert_uint_eq(strlen(from), strlen(to));
    memcpy(place, to, strlen(to));
}

/* ---- the plain way
 * ------------------------------------------------------------------------------- */

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
    replace_published("3.targets.json", "x-unknown", "y-unknown");
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_SIGNATURE);
}
END_TEST

/* ---- root
 * ---------------------------------------------------------------------------------------- */

START_TEST(follows_root_rotations_one_by_one)
{
    for (int i = 0; i < 5; i++) {
        struct simulator_signers old = *simulator_signers(&sim, "root");
        struct simulator_signers *now = simulator_signers(&sim, "root");

        simulator_rotate(&sim, "root", 1, 1);
        now->pairs[1] = old.pairs[0]; /* old and new keys sign */
        now->count = 2;
        simulator_publish_root(&sim);
        now->count = 1;
    }
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_stored(&sim, "root"), 6);
}
END_TEST

START_TEST(refuses_a_root_that_the_old_keys_did_not_sign)
{
    simulator_rotate(&sim, "root", 1, 1);
    simulator_publish_root(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_SIGNATURE);
    ck_assert_int_eq(simulator_stored(&sim, "root"), 1);
}
END_TEST

START_TEST(refuses_a_root_that_the_new_keys_did_not_sign)
{
    struct simulator_signers old = *simulator_signers(&sim, "root");

    simulator_rotate(&sim, "root", 1, 1);
    *simulator_signers(&sim, "root") = old;
    simulator_publish_root(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_SIGNATURE);
}
END_TEST

START_TEST(refuses_a_root_under_the_threshold)
{
    (void)simulator_add_signer(&sim, "root");
    (void)simulator_add_signer(&sim, "root");
    simulator_set_root_role(&sim, "root", 3);
    simulator_signers(&sim, "root")->count = 2;
    simulator_publish_root(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_SIGNATURE);
    simulator_signers(&sim, "root")->count = 3;
    simulator_publish_part(&sim, "root", sim.root);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
}
END_TEST

START_TEST(refuses_a_root_whose_version_is_not_the_next)
{
    simulator_bump(&sim.root);
    simulator_publish_root(&sim); /* version 3 */
    *simulator_file(&sim.published, "2.root.json", true) =
        *simulator_file(&sim.published, "3.root.json", false);
    *simulator_file(&sim.published, "3.root.json", false) = BUFFER(1);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_ROLLBACK);
}
END_TEST

START_TEST(keeps_an_expired_final_root_and_refuses_it)
{
    simulator_bump(&sim.root);
    expire(sim.root);
    simulator_publish_part(&sim, "root", sim.root);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_FREEZE);
    ck_assert_int_eq(simulator_stored(&sim, "root"), 2);
    ck_assert_str_eq(sim.log, "2.root.json 3.root.json ");
}
END_TEST

START_TEST(passes_over_an_expired_intermediate_root)
{
    simulator_bump(&sim.root);
    expire(sim.root);
    simulator_publish_part(&sim, "root", sim.root);
    simulator_publish_root(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_stored(&sim, "root"), 3);
}
END_TEST

START_TEST(stops_after_so_many_roots)
{
    for (int i = 0; i < 90; i++)
        simulator_publish_root(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_stored(&sim, "root"), 91);
}
END_TEST

START_TEST(refuses_endless_roots)
{
    struct buffer *file = simulator_file(&sim.published, "2.root.json", true);

    while (file->size <= updater_limits_default.root_bytes)
        buffer_append_text(file, "                                                        ");
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_ENDLESS);
}
END_TEST

START_TEST(needs_a_root_to_start_from)
{
    simulator_remove(&sim.stored, "root");
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_NO_ROOT);
    ck_assert_str_eq(sim.log, "");
}
END_TEST

/* ---- timestamp
 * ------------------------------------------------------------------------------------- */

START_TEST(refuses_an_older_timestamp)
{
    simulator_publish_timestamp(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    json_object_set_new(sim.timestamp, "version", json_integer(1));
    simulator_publish_part(&sim, "timestamp", sim.timestamp);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_ROLLBACK);
    ck_assert_int_eq(simulator_stored(&sim, "timestamp"), 2);
}
END_TEST

START_TEST(discards_a_timestamp_of_the_same_version)
{
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    json_object_set_new(json_object_get(json_object_get(sim.timestamp, "meta"), "snapshot.json"),
                        "version", json_integer(100));
    simulator_publish_part(&sim, "timestamp", sim.timestamp);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_str_eq(sim.log, "2.root.json timestamp.json ");
}
END_TEST

START_TEST(refuses_a_timestamp_with_an_older_snapshot)
{
    simulator_publish_snapshot(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    json_object_set_new(sim.snapshot, "version", json_integer(1));
    simulator_publish_timestamp(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_ROLLBACK);
    ck_assert_int_eq(simulator_stored(&sim, "timestamp"), 2);
}
END_TEST

START_TEST(refuses_an_expired_timestamp)
{
    simulator_bump(&sim.timestamp);
    expire(sim.timestamp);
    simulator_publish_part(&sim, "timestamp", sim.timestamp);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_FREEZE);
    ck_assert_int_eq(simulator_stored(&sim, "timestamp"), 0);
}
END_TEST

START_TEST(a_frozen_repository_is_noticed_in_time)
{
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    simulator_publish_root(&sim);
    json_object_set_new(sim.root, "expires", json_string("2030-01-01T00:00:00Z"));
    simulator_publish_part(&sim, "root", sim.root);
    sim.now_ms += 11 * SIMULATOR_DAY_MS;
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_FREEZE);
    ck_assert_ptr_nonnull(strstr(updater_reason(sim.updater)->text, "timestamp.json"));
}
END_TEST

START_TEST(recovers_from_a_fast_forwarded_timestamp)
{
    json_object_set_new(sim.timestamp, "version", json_integer(99999));
    simulator_publish_timestamp(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    simulator_rotate(&sim, "timestamp", 1, 1);
    simulator_publish_root(&sim);
    json_object_set_new(sim.timestamp, "version", json_integer(1));
    simulator_publish_timestamp(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_stored(&sim, "timestamp"), 2);
}
END_TEST

/* ---- snapshot
 * -------------------------------------------------------------------------------------- */

START_TEST(refuses_a_snapshot_that_is_not_the_timestamps)
{
    sim.with_hashes = true;
    simulator_publish_snapshot(&sim);
    replace_published("2.snapshot.json", "targets.json", "targetz.json");
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_MISMATCH);
    ck_assert_int_eq(simulator_stored(&sim, "timestamp"), 2);
    ck_assert_int_eq(simulator_stored(&sim, "snapshot"), 0);
}
END_TEST

START_TEST(refuses_a_snapshot_of_another_version)
{
    simulator_publish_snapshot(&sim);
    json_object_set_new(sim.snapshot, "version", json_integer(3));
    simulator_publish_part(&sim, "snapshot", sim.snapshot);
    buffer_clear(simulator_file(&sim.published, "2.snapshot.json", false));
    buffer_append(simulator_file(&sim.published, "2.snapshot.json", false),
                  simulator_file(&sim.published, "3.snapshot.json", false)->bytes,
                  simulator_file(&sim.published, "3.snapshot.json", false)->size);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_MISMATCH);
}
END_TEST

START_TEST(refuses_a_snapshot_that_drops_a_role)
{
    json_t *part = simulator_delegate(&sim, sim.targets, "delegated", "*", false, NULL);

    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    (void)json_object_del(json_object_get(sim.snapshot, "meta"), "delegated.json");
    simulator_publish_snapshot(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_ROLLBACK);
    ck_assert_int_eq(simulator_stored(&sim, "snapshot"), 2);
    json_decref(part);
}
END_TEST

START_TEST(refuses_a_snapshot_with_older_targets)
{
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    json_object_set_new(sim.targets, "version", json_integer(1));
    simulator_publish_snapshot(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_ROLLBACK);
}
END_TEST

START_TEST(uses_an_expired_local_snapshot_as_baseline)
{
    simulator_publish_all(&sim);
    json_object_set_new(sim.snapshot, "expires", json_string("2026-01-03T00:00:00Z"));
    simulator_publish_part(&sim, "snapshot", sim.snapshot);
    simulator_publish_timestamp(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    json_object_set_new(sim.targets, "version", json_integer(1));
    simulator_publish_snapshot(&sim);
    sim.now_ms += 5 * SIMULATOR_DAY_MS;
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_ROLLBACK);
}
END_TEST

START_TEST(refuses_an_expired_snapshot)
{
    simulator_bump(&sim.snapshot);
    expire(sim.snapshot);
    simulator_publish_part(&sim, "snapshot", sim.snapshot);
    simulator_publish_timestamp(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_FREEZE);
    ck_assert_int_eq(simulator_stored(&sim, "snapshot"), 0);
}
END_TEST

START_TEST(recovers_from_fast_forwarded_targets)
{
    json_object_set_new(sim.targets, "version", json_integer(5000));
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    simulator_rotate(&sim, "snapshot", 1, 1);
    simulator_publish_root(&sim);
    json_object_set_new(sim.targets, "version", json_integer(1));
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_stored(&sim, "targets"), 2);
}
END_TEST

START_TEST(recovers_from_a_fast_forwarded_snapshot_by_its_keys_alone)
{
    json_object_set_new(sim.snapshot, "version", json_integer(5000));
    simulator_publish_snapshot(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    simulator_rotate(&sim, "snapshot", 1, 1);
    simulator_publish_root(&sim);
    json_object_set_new(sim.snapshot, "version", json_integer(1));
    simulator_publish_snapshot(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_stored(&sim, "snapshot"), 2);
}
END_TEST

/* ---- targets and delegations
 * --------------------------------------------------------------------- */

START_TEST(refuses_targets_that_are_not_the_snapshots)
{
    sim.with_hashes = true;
    simulator_publish_all(&sim);
    json_object_set_new(sim.targets, "x", json_integer(1));
    simulator_publish_part(&sim, "targets", sim.targets);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_ENDLESS); /* longer than promised */
    ck_assert_int_eq(simulator_stored(&sim, "snapshot"), 2);
    ck_assert_int_eq(simulator_stored(&sim, "targets"), 0);
}
END_TEST

START_TEST(refuses_expired_targets)
{
    simulator_bump(&sim.targets);
    expire(sim.targets);
    simulator_publish_part(&sim, "targets", sim.targets);
    simulator_publish_snapshot(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_FREEZE);
}
END_TEST

START_TEST(refuses_targets_that_others_signed)
{
    simulator_bump(&sim.targets);
    simulator_signers(&sim, "targets")->count = 0;
    (void)simulator_add_signer(&sim, "targets");
    simulator_publish_part(&sim, "targets", sim.targets);
    simulator_publish_snapshot(&sim);
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

START_TEST(finds_what_a_role_may_speak_for)
{
    json_t *a = simulator_delegate(&sim, sim.targets, "a", "*.md", false, "README.md");
    json_t *b = simulator_delegate(&sim, sim.targets, "b", "x/*", false, "x/model");

    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_find(&sim, "README.md"), 0);
    ck_assert_int_eq(simulator_find(&sim, "x/model"), 0);
    ck_assert_int_eq(simulator_find(&sim, "x/README.md"), UPDATER_E_TARGET);
    json_decref(a);
    json_decref(b);
}
END_TEST

START_TEST(a_role_cannot_speak_for_other_paths)
{
    json_t *a = simulator_delegate(&sim, sim.targets, "a", "a/*", false, "b/model");

    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_find(&sim, "b/model"), UPDATER_E_TARGET);
    json_decref(a);
}
END_TEST

/* How often a file was asked for since the refresh. */
static unsigned asked_for(const char *name)
{
    unsigned count = 0;

    for (const char *at = strstr(sim.log, name); at; at = strstr(at + 1, name))
        count++;
    return count;
}

START_TEST(a_role_is_judged_once_whatever_the_verdict)
{
    json_t *good = simulator_delegate(&sim, sim.targets, "good", "good/*", true, "good/model");
    json_t *bad = simulator_delegate(&sim, sim.targets, "bad", "bad/*", true, "bad/model");

    ck_assert_int_eq(key_generate("stranger", &simulator_signers(&sim, "bad")->pairs[0]), 0);
    simulator_publish_part(&sim, "bad", bad);
    simulator_list(&sim, "bad", bad);
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(simulator_find(&sim, "good/model"), 0);
        ck_assert_int_eq(simulator_find(&sim, "good/other"), UPDATER_E_TARGET);
        ck_assert_int_eq(simulator_find(&sim, "bad/model"), UPDATER_E_SIGNATURE);
        ck_assert_str_eq(updater_reason(sim.updater)->file, "bad.json");
    }
    ck_assert_uint_eq(asked_for("good.json"), 1);
    ck_assert_uint_eq(asked_for("bad.json"), 1);
    ck_assert_int_eq(simulator_stored(&sim, "bad"), 0);
    json_decref(good);
    json_decref(bad);
}
END_TEST

START_TEST(stops_at_a_terminating_delegation)
{
    json_t *a = simulator_delegate(&sim, sim.targets, "a", "*", true, NULL);
    json_t *b = simulator_delegate(&sim, sim.targets, "b", "*", false, "model");

    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_find(&sim, "model"), UPDATER_E_TARGET);
    ck_assert_ptr_null(strstr(sim.log, "b.json"));
    json_decref(a);
    json_decref(b);
}
END_TEST

START_TEST(visits_a_cycle_once)
{
    json_t *a = simulator_delegate(&sim, sim.targets, "a", "*", false, NULL);
    json_t *b = simulator_delegate(&sim, a, "b", "*", false, NULL);
    json_t *again = simulator_delegate(&sim, b, "a", "*", false, NULL);

    simulator_publish_part(&sim, "a", a);
    simulator_publish_part(&sim, "b", b);
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_find(&sim, "model"), UPDATER_E_TARGET);
    ck_assert_ptr_nonnull(strstr(sim.log, "1.a.json 1.b.json "));
    json_decref(a);
    json_decref(b);
    json_decref(again);
}
END_TEST

START_TEST(verifies_a_shared_role_against_each_delegator)
{
    json_t *a = simulator_delegate(&sim, sim.targets, "a", "a/*", false, NULL);
    json_t *b = simulator_delegate(&sim, sim.targets, "b", "b/*", false, NULL);
    json_t *shared = simulator_delegate(&sim, a, "shared", "a/*", false, "a/model");
    json_t *stolen;
    struct simulator_signers honest = *simulator_signers(&sim, "shared");
    uint8_t digest[DIGEST_SHA256_SIZE] = {0};

    /* b trusts another key for the role of the same name */
    simulator_signers(&sim, "shared")->count = 0;
    stolen = simulator_delegate(&sim, b, "shared", "b/*", false, NULL);
    *simulator_signers(&sim, "shared") = honest;
    ck_assert_int_eq(builder_target(shared, "b/model", 1, digest, NULL), 0);
    simulator_publish_part(&sim, "shared", shared);
    simulator_publish_part(&sim, "a", a);
    simulator_publish_part(&sim, "b", b);
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_find(&sim, "a/model"), 0);
    ck_assert_int_eq(simulator_find(&sim, "b/model"), UPDATER_E_SIGNATURE);
    json_decref(a);
    json_decref(b);
    json_decref(shared);
    json_decref(stolen);
}
END_TEST

START_TEST(quotes_unusual_role_names)
{
    json_t *part = simulator_delegate(&sim, sim.targets, "../a?#", "*", false, NULL);

    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_find(&sim, "model"), UPDATER_E_TARGET);
    ck_assert_ptr_nonnull(strstr(sim.log, "1...%2Fa%3F%23.json"));
    json_decref(part);
}
END_TEST

START_TEST(bounds_the_number_of_delegations)
{
    json_t *parts[40];
    char name[16];

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        struct simulator_signers *signers = simulator_signers(&sim, "many");

        (void)snprintf(name, sizeof(name), "r%zu", i);
        (void)snprintf(signers->role, sizeof(signers->role), "%s", name);
        parts[i] = simulator_delegate(&sim, sim.targets, name, "*", false, NULL);
        (void)snprintf(signers->role, sizeof(signers->role), "many");
    }
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_find(&sim, "model"), UPDATER_E_TARGET);
    ck_assert_ptr_nonnull(strstr(sim.log, "1.r31.json"));
    ck_assert_ptr_null(strstr(sim.log, "1.r32.json"));
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        json_decref(parts[i]);
}
END_TEST

/* ---- no way back, and hash bins
 * -------------------------------------------------------------------- */

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

START_TEST(finds_the_hash_bin_of_a_path)
{
    json_t *roles = json_pack("{s:i, s:s, s:[], s:i}", "bit_length", 2, "name_prefix", "bin",
                              "keyids", "threshold", 1);
    json_t *bin = builder_new("targets", 1, SIMULATOR_NOW_MS + SIMULATOR_DAY_MS);
    struct key *key = simulator_add_signer(&sim, "bin-2");

    /* SHA-256("x/3") starts with the bits 10 */
    json_array_append_new(json_object_get(roles, "keyids"), json_string(key->id));
    json_object_set_new(
        sim.targets, "delegations",
        json_pack("{s:{s:o}, s:o}", "keys", key->id, key_to_json(key), "succinct_roles", roles));
    simulator_publish_part(&sim, "bin-2", bin);
    ck_assert_int_eq(builder_meta(sim.snapshot, "bin-2.json", 1,
                                  simulator_file(&sim.published, "1.bin-2.json", false)->bytes,
                                  simulator_file(&sim.published, "1.bin-2.json", false)->size),
                     0);
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_find(&sim, "x/3"), UPDATER_E_TARGET);
    ck_assert_ptr_nonnull(strstr(sim.log, "1.bin-2.json"));
    json_decref(bin);
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
        counts_unknown_members_as_signed, follows_root_rotations_one_by_one,
        refuses_a_root_that_the_old_keys_did_not_sign,
        refuses_a_root_that_the_new_keys_did_not_sign, refuses_a_root_under_the_threshold,
        refuses_a_root_whose_version_is_not_the_next, keeps_an_expired_final_root_and_refuses_it,
        passes_over_an_expired_intermediate_root, stops_after_so_many_roots, refuses_endless_roots,
        needs_a_root_to_start_from, refuses_an_older_timestamp,
        discards_a_timestamp_of_the_same_version, refuses_a_timestamp_with_an_older_snapshot,
        refuses_an_expired_timestamp, a_frozen_repository_is_noticed_in_time,
        recovers_from_a_fast_forwarded_timestamp, refuses_a_snapshot_that_is_not_the_timestamps,
        refuses_a_snapshot_of_another_version, refuses_a_snapshot_that_drops_a_role,
        refuses_a_snapshot_with_older_targets, uses_an_expired_local_snapshot_as_baseline,
        refuses_an_expired_snapshot, recovers_from_fast_forwarded_targets,
        recovers_from_a_fast_forwarded_snapshot_by_its_keys_alone,
        refuses_targets_that_are_not_the_snapshots, refuses_expired_targets,
        refuses_targets_that_others_signed, does_not_count_one_key_twice,
        refuses_a_keyid_that_signs_twice, ignores_signatures_of_strangers,
        finds_what_a_role_may_speak_for, a_role_cannot_speak_for_other_paths,
        a_role_is_judged_once_whatever_the_verdict, stops_at_a_terminating_delegation,
        visits_a_cycle_once, verifies_a_shared_role_against_each_delegator,
        quotes_unusual_role_names, bounds_the_number_of_delegations,
        updates_again_after_every_kind_of_failure, finds_the_hash_bin_of_a_path);
}
