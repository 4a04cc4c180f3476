/* SPDX-License-Identifier: Apache-2.0 */

/* The updater: timestamp and snapshot (TUF 1.0.33, 5.4 and 5.5), and what all roles share. */
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
    simulator_expire(sim.timestamp);
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

START_TEST(refuses_a_snapshot_that_is_not_the_timestamps)
{
    sim.with_hashes = true;
    simulator_publish_snapshot(&sim);
    simulator_edit(&sim, "2.snapshot.json", "targets.json", "targetz.json");
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
    simulator_expire(sim.snapshot);
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

/* ---- every role ---------------------------------------------------------------------------- */

static const char *const online_roles[] = {"timestamp", "snapshot", "targets"};

static void check_rotation(const char *role)
{
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    simulator_rotate(&sim, role, 3, 2);
    simulator_publish_root(&sim);
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    simulator_signers(&sim, role)->count = 2;
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), 0);
    simulator_signers(&sim, role)->count = 1;
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_SIGNATURE);
}

START_TEST(follows_a_rotation_of_any_role_to_a_threshold)
{
    for (size_t i = 0; i < ARRAY_LEN(online_roles); i++) {
        check_rotation(online_roles[i]);
        tear_down();
        set_up();
    }
}
END_TEST

static void check_former_keys(const char *role)
{
    struct simulator_signers old = *simulator_signers(&sim, role);

    simulator_rotate(&sim, role, 1, 1);
    simulator_publish_root(&sim);
    *simulator_signers(&sim, role) = old;
    simulator_publish_all(&sim);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_SIGNATURE);
    ck_assert_int_eq(simulator_stored(&sim, "root"), 2);
}

START_TEST(refuses_what_the_keys_before_a_rotation_sign)
{
    for (size_t i = 0; i < ARRAY_LEN(online_roles); i++) {
        check_former_keys(online_roles[i]);
        tear_down();
        set_up();
    }
}
END_TEST

int main(void)
{
    if (!secret_init())
        return 1;
    return SUITE_RUN_WITH(
        "tuf/updater_online", set_up, tear_down, refuses_an_older_timestamp,
        discards_a_timestamp_of_the_same_version, refuses_a_timestamp_with_an_older_snapshot,
        refuses_an_expired_timestamp, a_frozen_repository_is_noticed_in_time,
        recovers_from_a_fast_forwarded_timestamp, refuses_a_snapshot_that_is_not_the_timestamps,
        refuses_a_snapshot_of_another_version, refuses_a_snapshot_that_drops_a_role,
        refuses_a_snapshot_with_older_targets, uses_an_expired_local_snapshot_as_baseline,
        refuses_an_expired_snapshot, recovers_from_fast_forwarded_targets,
        recovers_from_a_fast_forwarded_snapshot_by_its_keys_alone,
        follows_a_rotation_of_any_role_to_a_threshold,
        refuses_what_the_keys_before_a_rotation_sign);
}
