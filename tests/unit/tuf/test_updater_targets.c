/* SPDX-License-Identifier: Apache-2.0 */

/* The updater: targets and delegations (TUF 1.0.33, 5.6). */
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

/* How often a file was asked for since the refresh. */
static unsigned asked_for(const char *name)
{
    unsigned count = 0;

    for (const char *at = strstr(sim.log, name); at; at = strstr(at + 1, name))
        count++;
    return count;
}

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
    simulator_expire(sim.targets);
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

START_TEST(refuses_a_snapshot_with_an_older_delegated_role)
{
    json_t *part = simulator_delegate(&sim, sim.targets, "a", "a/*", false, "a/model");

    simulator_bump(&part);
    simulator_publish_part(&sim, "a", part);
    simulator_list(&sim, "a", part);
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    json_object_set_new(part, "version", json_integer(1));
    simulator_list(&sim, "a", part);
    simulator_publish_snapshot(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_ROLLBACK);
    ck_assert_str_eq(updater_reason(sim.updater)->file, "snapshot.json");
    json_decref(part);
}
END_TEST

START_TEST(refuses_an_expired_delegated_role)
{
    json_t *part = simulator_delegate(&sim, sim.targets, "a", "a/*", false, "a/model");

    simulator_expire(part);
    simulator_publish_part(&sim, "a", part);
    simulator_list(&sim, "a", part);
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_find(&sim, "a/model"), UPDATER_E_FREEZE);
    ck_assert_int_eq(simulator_stored(&sim, "a"), 0);
    json_decref(part);
}
END_TEST

START_TEST(a_delegated_role_needs_its_threshold_and_follows_a_rotation)
{
    json_t *part;

    for (int i = 0; i < 2; i++)
        (void)simulator_add_signer(&sim, "a");
    part = simulator_delegate(&sim, sim.targets, "a", "a/*", false, "a/model");
    json_object_set_new(
        json_array_get(json_object_get(json_object_get(sim.targets, "delegations"), "roles"), 0),
        "threshold", json_integer(2));
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_find(&sim, "a/model"), 0);
    simulator_signers(&sim, "a")->count = 1;
    simulator_bump(&part);
    simulator_publish_part(&sim, "a", part);
    simulator_list(&sim, "a", part);
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_find(&sim, "a/model"), UPDATER_E_SIGNATURE);
    /* one key that is another takes the place of both */
    json_object_del(sim.targets, "delegations");
    simulator_signers(&sim, "a")->count = 0;
    json_decref(part);
    part = simulator_delegate(&sim, sim.targets, "a", "a/*", false, "a/model");
    json_object_set_new(part, "version", json_integer(3));
    simulator_publish_part(&sim, "a", part);
    simulator_list(&sim, "a", part);
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_find(&sim, "a/model"), 0);
    json_decref(part);
}
END_TEST

/* targets -> a, b; a -> c, d; b -> c, e; c -> a: deeper first, in the order written, each once. */
START_TEST(walks_a_graph_deeper_first_and_in_order)
{
    json_t *a = simulator_delegate(&sim, sim.targets, "a", "*", false, NULL);
    json_t *b = simulator_delegate(&sim, sim.targets, "b", "*", false, NULL);
    json_t *c = simulator_delegate(&sim, a, "c", "*", false, NULL);
    json_t *d = simulator_delegate(&sim, a, "d", "*", false, NULL);
    json_t *c_again = simulator_delegate(&sim, b, "c", "*", false, NULL);
    json_t *e = simulator_delegate(&sim, b, "e", "*", false, "model");
    json_t *a_again = simulator_delegate(&sim, c, "a", "*", false, NULL);

    simulator_publish_part(&sim, "a", a);
    simulator_publish_part(&sim, "b", b);
    simulator_publish_part(&sim, "c", c);
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    ck_assert_int_eq(simulator_find(&sim, "model"), 0);
    ck_assert_ptr_nonnull(strstr(sim.log, "1.a.json 1.c.json 1.d.json 1.b.json 1.e.json "));
    json_decref(a);
    json_decref(b);
    json_decref(c);
    json_decref(d);
    json_decref(e);
    json_decref(c_again);
    json_decref(a_again);
}
END_TEST

int main(void)
{
    if (!secret_init())
        return 1;
    return SUITE_RUN_WITH(
        "tuf/updater_targets", set_up, tear_down, refuses_targets_that_are_not_the_snapshots,
        refuses_expired_targets, refuses_targets_that_others_signed,
        finds_what_a_role_may_speak_for, a_role_cannot_speak_for_other_paths,
        a_role_is_judged_once_whatever_the_verdict, stops_at_a_terminating_delegation,
        visits_a_cycle_once, verifies_a_shared_role_against_each_delegator,
        quotes_unusual_role_names, bounds_the_number_of_delegations, finds_the_hash_bin_of_a_path,
        refuses_a_snapshot_with_an_older_delegated_role, refuses_an_expired_delegated_role,
        a_delegated_role_needs_its_threshold_and_follows_a_rotation,
        walks_a_graph_deeper_first_and_in_order);
}
