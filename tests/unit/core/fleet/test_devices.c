/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fleet/devices.h"

#include "fleet_fixture.h"

static struct fleet fleet;

static void set_up(void)
{
    fleet_init(&fleet);
}

static void tear_down(void)
{
    fleet_release(&fleet);
}

static struct audit_actor itself(const struct roster_device *device)
{
    return (struct audit_actor){"device", roster_device_id(device), roster_device_name(device), "",
                                "192.0.2.1"};
}

static int issue(const struct roster_device *device, char ret_secret[static SECRET_TOKEN_SIZE])
{
    const struct audit_actor actor = itself(device);
    const struct devices_self self = {FLEET_WORKSPACE, &actor, FLEET_NOW_MS};

    return devices_issue_token(fleet.db, fleet.roster, &self, ret_secret);
}

START_TEST(a_revoked_device_gets_nothing_more)
{
    struct roster_device *device;
    struct key_pair pair;
    struct enrolments_result result = fleet_device(&fleet, "cam-1", &pair);
    char secret[SECRET_TOKEN_SIZE];

    ck_assert_int_eq(fleet_ask(&fleet, result.token, &device), 0);
    ck_assert_int_eq(devices_revoke(fleet.db, fleet.roster, FLEET_WORKSPACE, "cam-1", &audit_server,
                                    FLEET_NOW_MS),
                     0);
    ck_assert_int_eq(fleet_ask(&fleet, result.token, &device), ROSTER_E_TOKEN);
    ck_assert_int_eq(issue(device, secret), DEVICES_E_MISSING);
    ck_assert_int_eq(devices_revoke(fleet.db, fleet.roster, FLEET_WORKSPACE, "cam-1", &audit_server,
                                    FLEET_NOW_MS),
                     DEVICES_E_MISSING);
}
END_TEST

START_TEST(two_tokens_work_until_the_new_one_is_used)
{
    struct roster_device *device;
    struct key_pair pair;
    struct enrolments_result result = fleet_device(&fleet, "cam-1", &pair);
    char unused[SECRET_TOKEN_SIZE];
    char secret[SECRET_TOKEN_SIZE];

    ck_assert_int_eq(fleet_ask(&fleet, result.token, &device), 0);
    ck_assert_int_eq(issue(device, unused), 0);
    ck_assert_int_eq(issue(device, secret), 0);
    ck_assert_int_eq(fleet_ask(&fleet, unused, &device), ROSTER_E_TOKEN);
    ck_assert_int_eq(fleet_ask(&fleet, result.token, &device), 0);
    ck_assert_int_eq(fleet_ask(&fleet, secret, &device), 0);
    ck_assert_int_eq(fleet_ask(&fleet, result.token, &device), ROSTER_E_TOKEN);
}
END_TEST

START_TEST(facts_that_are_not_given_stay)
{
    static struct variant_capability capabilities[] = {
        {"tflite", "cpu"}
    };
    const struct device_facts facts = {.capabilities = capabilities, .capability_count = 1};
    struct roster_device *device;
    struct key_pair pair;
    struct enrolments_result result = fleet_device(&fleet, "cam-1", &pair);

    ck_assert_int_eq(fleet_ask(&fleet, result.token, &device), 0);
    const struct audit_actor actor = itself(device);
    const struct devices_self self = {FLEET_WORKSPACE, &actor, FLEET_NOW_MS};
    database_run(fleet.db, "UPDATE device SET attributes = '{\"a\": \"b\"}'");
    ck_assert_int_eq(devices_set_facts(fleet.db, &self, &facts, false, true, &fleet.arena), 0);
    ck_assert_int_eq(database_number(fleet.db,
                                     "SELECT count(*) FROM device d JOIN device_state s ON"
                                     " s.device_id = d.id WHERE attributes = '{\"a\": \"b\"}' AND"
                                     " capabilities = 'tflite/cpu'"),
                     1);
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("core/devices", set_up, tear_down, a_revoked_device_gets_nothing_more,
                          two_tokens_work_until_the_new_one_is_used, facts_that_are_not_given_stay);
}
