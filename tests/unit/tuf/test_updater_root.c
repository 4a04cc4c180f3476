/* SPDX-License-Identifier: Apache-2.0 */

/* The updater: roots (TUF 1.0.33, 5.3). */
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
    simulator_expire(sim.root);
    simulator_publish_part(&sim, "root", sim.root);
    ck_assert_int_eq(simulator_refresh(&sim), UPDATER_E_FREEZE);
    ck_assert_int_eq(simulator_stored(&sim, "root"), 2);
    ck_assert_str_eq(sim.log, "2.root.json 3.root.json ");
}
END_TEST

START_TEST(passes_over_an_expired_intermediate_root)
{
    simulator_bump(&sim.root);
    simulator_expire(sim.root);
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

int main(void)
{
    if (!secret_init())
        return 1;
    return SUITE_RUN_WITH(
        "tuf/updater_root", set_up, tear_down, follows_root_rotations_one_by_one,
        refuses_a_root_that_the_old_keys_did_not_sign,
        refuses_a_root_that_the_new_keys_did_not_sign, refuses_a_root_under_the_threshold,
        refuses_a_root_whose_version_is_not_the_next, keeps_an_expired_final_root_and_refuses_it,
        passes_over_an_expired_intermediate_root, stops_after_so_many_roots, refuses_endless_roots,
        needs_a_root_to_start_from);
}
