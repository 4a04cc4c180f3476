/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fleet/desired.h"

#include "fleet_fixture.h"

static struct fleet fleet;
static struct desired_refusal refusal;

static void set_up(void)
{
    fleet_init(&fleet);
}

static void tear_down(void)
{
    fleet_release(&fleet);
}

static int replace(const char *device, const char *version, const char *variant, int64_t expected,
                   int64_t *ret_version)
{
    const struct desired_slot slot = {"main", "digits", version, variant, "production"};
    const struct desired_change change = {
        .workspace_id = FLEET_WORKSPACE,
        .device = device,
        .slots = &slot,
        .slot_count = version ? 1 : 0,
        .expected_version = expected,
        .actor = &audit_server,
        .now_ms = FLEET_NOW_MS,
    };
    const char *slots;

    return desired_replace(fleet.db, fleet.roster, &change, &fleet.arena, ret_version, &slots,
                           &refusal);
}

static int set_all(const char *slot, const char *version, int64_t *ret_changed,
                   int64_t *ret_unchanged)
{
    const struct desired_bulk bulk = {
        .workspace_id = FLEET_WORKSPACE,
        .slot = {slot, "digits", version, NULL, "production"},
        .actor = &audit_server,
        .now_ms = FLEET_NOW_MS
    };

    return desired_set_slot(fleet.db, &bulk, &fleet.arena, ret_changed, ret_unchanged, &refusal);
}

START_TEST(versions_rise_only_with_changes)
{
    struct key_pair pair;
    int64_t version;

    (void)fleet_device(&fleet, "cam-1", &pair);
    ck_assert_int_eq(replace("cam-1", "1.0.0", NULL, 0, &version), 0);
    ck_assert_int_eq(version, 1);
    ck_assert_int_eq(replace("cam-1", "1.0.0", "onnx/cpu/fp32", 1, &version), 0);
    ck_assert_int_eq(version, 1);
    ck_assert_int_eq(replace("cam-1", "2.0.0", NULL, 0, &version), DESIRED_E_MATCH);
    ck_assert_int_eq(replace("cam-1", NULL, NULL, DESIRED_ANY_VERSION, &version), 0);
    ck_assert_int_eq(version, 2);
}
END_TEST

START_TEST(what_cannot_run_is_refused)
{
    struct key_pair pair;
    int64_t version;

    (void)fleet_device(&fleet, "cam-1", &pair);
    ck_assert_int_eq(replace("ghost", "1.0.0", NULL, -1, &version), DESIRED_E_DEVICE);
    ck_assert_int_eq(replace("cam-1", "9.0.0", NULL, -1, &version), DESIRED_E_VERSION);
    ck_assert_int_eq(replace("cam-1", "3.0.0", NULL, -1, &version), DESIRED_E_DRAFT);
    ck_assert_int_eq(replace("cam-1", "1.0.0", "onnx/gpu/fp32", -1, &version), DESIRED_E_VARIANT);
    database_run(fleet.db, "UPDATE device_state SET capabilities = 'tflite/cpu'");
    ck_assert_int_eq(replace("cam-1", "1.0.0", NULL, -1, &version), DESIRED_E_FIT);
    ck_assert_ptr_nonnull(strstr(refusal.text, "tflite/cpu"));
}
END_TEST

START_TEST(many_devices_share_one_assignment_and_one_change)
{
    struct key_pair pair;
    int64_t changed;
    int64_t unchanged;
    int64_t version;

    (void)fleet_device(&fleet, "cam-1", &pair);
    (void)fleet_device(&fleet, "cam-2", &pair);
    (void)fleet_device(&fleet, "cam-3", &pair);
    ck_assert_int_eq(replace("cam-3", "1.0.0", NULL, -1, &version), 0);
    database_run(fleet.db, "TRUNCATE device_change");

    ck_assert_int_eq(set_all("main", "1.0.0", &changed, &unchanged), 0);
    ck_assert_int_eq(changed, 2);
    ck_assert_int_eq(unchanged, 1);
    ck_assert_int_eq(database_number(fleet.db, "SELECT count(*) FROM assignment"), 1);
    ck_assert_int_eq(database_number(fleet.db, "SELECT count(*) FROM device_change"), 1);
    ck_assert_int_eq(
        database_number(fleet.db, "SELECT cardinality(versions)::bigint FROM device_change"), 2);

    ck_assert_int_eq(set_all("side", "2.0.0", &changed, &unchanged), 0);
    ck_assert_int_eq(changed, 3);
    ck_assert_int_eq(database_number(fleet.db, "SELECT count(*) FROM assignment_slot s JOIN"
                                               " device_state d USING (assignment_id)"),
                     6);
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("core/desired", set_up, tear_down, versions_rise_only_with_changes,
                          what_cannot_run_is_refused,
                          many_devices_share_one_assignment_and_one_change);
}
