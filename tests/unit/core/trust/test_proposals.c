/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trust/proposals.h"

#include "suite.h"
#include "trust_client.h"
#include "trust_fixture.h"

static struct trust_fixture fixture;

static void set_up(void)
{
    trust_init(&fixture);
}

static void tear_down(void)
{
    trust_release(&fixture);
}

static json_t *model_role(int64_t version)
{
    return builder_new("targets", version, fixture.now_ms + 30 * TRUST_DAY_MS);
}

/* ---- root and targets
 * ------------------------------------------------------------------------------ */

START_TEST(a_client_finds_what_publishers_signed)
{
    json_auto_t *role = model_role(1);

    trust_bootstrap(&fixture);
    trust_version(&fixture, "1.0.0");
    trust_list(&fixture, role, "1.0.0");
    ck_assert_int_eq(trust_submit(&fixture, "image", "model-digits", role, 8), 0);
    ck_assert(fixture.result.in_force);
    ck_assert_int_eq(trust_client_finds(&fixture, "digits/1.0.0/onnx/cpu/fp32/model.onnx"), 0);
    ck_assert_int_eq(trust_client_finds(&fixture, "digits/1.0.0/manifest.json"), 0);
    ck_assert_int_eq(trust_client_finds(&fixture, "digits/2.0.0/manifest.json"), UPDATER_E_TARGET);
}
END_TEST

START_TEST(signers_add_their_signatures_one_after_another)
{
    json_auto_t *root = trust_root(&fixture, "image", 1, 3, 2);

    ck_assert_int_eq(trust_submit(&fixture, "image", "root", root, 1), 0);
    ck_assert(!fixture.result.in_force);
    ck_assert_int_eq(fixture.result.signatures, 1);
    ck_assert_int_eq(fixture.result.threshold, 2);
    ck_assert_int_eq(trust_submit(&fixture, "image", "root", root, 4), 0);
    ck_assert(fixture.result.in_force);
}
END_TEST

START_TEST(a_root_needs_the_old_keys_and_the_new_ones)
{
    json_auto_t *first = trust_root(&fixture, "image", 1, 1, 1);
    json_auto_t *second = trust_root(&fixture, "image", 2, 1, 1);

    ck_assert_int_eq(trust_submit(&fixture, "image", "root", first, 1), 0);
    ck_assert_int_eq(builder_root_role(second, "root", &fixture.people[1].key, 1, 1), 0);
    ck_assert_int_eq(trust_submit(&fixture, "image", "root", second, 2), 0);
    ck_assert(!fixture.result.in_force);
    ck_assert_int_eq(fixture.result.old_signatures, 0);
    ck_assert_int_eq(trust_submit(&fixture, "image", "root", second, 1), 0);
    ck_assert(fixture.result.in_force);
}
END_TEST

START_TEST(another_proposal_for_the_role_is_in_the_way)
{
    json_auto_t *root = trust_root(&fixture, "image", 1, 2, 2);
    json_auto_t *other = trust_root(&fixture, "image", 1, 2, 1);

    ck_assert_int_eq(trust_submit(&fixture, "image", "root", root, 1), 0);
    ck_assert_int_eq(trust_submit(&fixture, "image", "root", other, 1), PROPOSALS_E_PENDING);
    ck_assert_int_eq(
        proposals_withdraw(fixture.db, &(struct proposals_place){.workspace_id = 1,
                                                                 .repository = "image",
                                                                 .role = "root",
                                                                 .actor = &audit_server}),
        0);
    ck_assert_int_eq(trust_submit(&fixture, "image", "root", other, 1), 0);
    ck_assert(fixture.result.in_force);
}
END_TEST

START_TEST(refuses_what_nobody_signed_who_may)
{
    json_auto_t *root = trust_root(&fixture, "image", 1, 1, 1);

    ck_assert_int_eq(trust_submit(&fixture, "image", "root", root, 2), PROPOSALS_E_SIGNATURE);
    ck_assert_int_eq(trust_submit(&fixture, "image", "root", root, 0), PROPOSALS_E_SIGNATURE);
}
END_TEST

START_TEST(refuses_versions_out_of_turn)
{
    json_auto_t *root = trust_root(&fixture, "image", 2, 1, 1);

    ck_assert_int_eq(trust_submit(&fixture, "image", "root", root, 1), PROPOSALS_E_VERSION);
    ck_assert_int_eq(fixture.result.expected_version, 1);
    trust_bootstrap(&fixture);
    json_auto_t *again = trust_root(&fixture, "image", 1, 1, 1);
    ck_assert_int_eq(trust_submit(&fixture, "image", "root", again, 1), PROPOSALS_E_VERSION);
}
END_TEST

START_TEST(needs_a_master_key)
{
    json_auto_t *root = trust_root(&fixture, "image", 1, 1, 1);

    fixture.vault.open = false;
    ck_assert_int_eq(trust_submit(&fixture, "image", "root", root, 1), PROPOSALS_E_CLOSED);
}
END_TEST

/* ---- roles of models
 * ------------------------------------------------------------------------------- */

START_TEST(what_was_yanked_never_comes_back)
{
    json_auto_t *first = model_role(1);
    json_auto_t *second = model_role(2);
    json_auto_t *third = model_role(3);

    trust_bootstrap(&fixture);
    trust_version(&fixture, "1.0.0");
    trust_list(&fixture, first, "1.0.0");
    ck_assert_int_eq(trust_submit(&fixture, "image", "model-digits", first, 8), 0);
    ck_assert_int_eq(trust_submit(&fixture, "image", "model-digits", second, 8), 0);
    ck_assert_int_eq(trust_client_finds(&fixture, "digits/1.0.0/manifest.json"), UPDATER_E_TARGET);
    trust_list(&fixture, third, "1.0.0");
    ck_assert_int_eq(trust_submit(&fixture, "image", "model-digits", third, 8), PROPOSALS_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(fixture.result.reason.text, "yanked"));
}
END_TEST

START_TEST(refuses_a_model_that_nobody_was_granted)
{
    json_auto_t *role = model_role(1);

    trust_bootstrap(&fixture);
    ck_assert_int_eq(trust_submit(&fixture, "image", "model-letters", role, 8), PROPOSALS_E_ROLE);
    ck_assert_int_eq(trust_submit(&fixture, "image", "snapshot", role, 8), PROPOSALS_E_ROLE);
    ck_assert_int_eq(trust_submit(&fixture, "director", "targets", role, 8), PROPOSALS_E_ROLE);
}
END_TEST

/* ---- what the server signs by itself
 * --------------------------------------------------------------- */

int main(void)
{
    return SUITE_RUN_WITH(
        "core/proposals", set_up, tear_down, a_client_finds_what_publishers_signed,
        signers_add_their_signatures_one_after_another, a_root_needs_the_old_keys_and_the_new_ones,
        another_proposal_for_the_role_is_in_the_way, refuses_what_nobody_signed_who_may,
        refuses_versions_out_of_turn, needs_a_master_key, what_was_yanked_never_comes_back,
        refuses_a_model_that_nobody_was_granted);
}
