/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fleet/enrolments.h"

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

START_TEST(a_device_that_enrolled_is_known_at_once)
{
    struct roster_device *device;
    struct key_pair pair;
    struct enrolments_result result = fleet_device(&fleet, "cam-1", &pair);

    ck_assert_int_eq(fleet_ask(&fleet, result.token, &device), 0);
    ck_assert_str_eq(roster_device_name(device), "cam-1");
    ck_assert_str_eq(result.workspace, "default");
    ck_assert_int_eq(database_number(fleet.db, "SELECT count(*) FROM device_change"), 1);
}
END_TEST

START_TEST(a_used_up_token_serves_only_the_device_that_used_it)
{
    const char *token = fleet_token(&fleet, 1);
    struct enrolments_result result;
    struct roster_device *device;
    struct key_pair pair;
    struct key_pair other;
    char first[SECRET_TOKEN_SIZE];

    ck_assert_int_eq(key_generate("a", &pair), 0);
    ck_assert_int_eq(key_generate("b", &other), 0);
    ck_assert_int_eq(fleet_redeem(&fleet, token, "cam-1", &pair.key, FLEET_NOW_MS, &result), 0);
    memcpy(first, result.token, sizeof(first));
    ck_assert_int_eq(fleet_redeem(&fleet, token, "cam-1", &pair.key, FLEET_NOW_MS, &result), 0);
    ck_assert_int_eq(fleet_ask(&fleet, first, &device), ROSTER_E_TOKEN);
    ck_assert_int_eq(fleet_ask(&fleet, result.token, &device), 0);
    ck_assert_int_eq(fleet_redeem(&fleet, token, "cam-2", &other.key, FLEET_NOW_MS, &result),
                     ENROLMENTS_E_USED_UP);
    ck_assert_int_eq(database_number(fleet.db, "SELECT uses::bigint FROM enrolment"), 1);
}
END_TEST

START_TEST(time_and_names_and_keys_are_checked)
{
    const char *token = fleet_token(&fleet, 0);
    struct enrolments_result result;
    struct key_pair pair;
    struct key_pair other;

    ck_assert_int_eq(key_generate("a", &pair), 0);
    ck_assert_int_eq(key_generate("b", &other), 0);
    ck_assert_int_eq(fleet_redeem(&fleet, token, "cam-1", &pair.key, FLEET_NOW_MS + 60000, &result),
                     ENROLMENTS_E_EXPIRED);
    ck_assert_int_eq(fleet_redeem(&fleet, token, "cam-1", &pair.key, FLEET_NOW_MS, &result), 0);
    ck_assert_int_eq(fleet_redeem(&fleet, token, "cam-1", &other.key, FLEET_NOW_MS, &result),
                     ENROLMENTS_E_NAME_TAKEN);
    ck_assert_int_eq(fleet_redeem(&fleet, token, "cam-2", &pair.key, FLEET_NOW_MS, &result),
                     ENROLMENTS_E_KEY_TAKEN);
    ck_assert_int_eq(devices_revoke(fleet.db, fleet.roster, FLEET_WORKSPACE, "cam-1", &audit_server,
                                    FLEET_NOW_MS),
                     0);
    ck_assert_int_eq(fleet_redeem(&fleet, token, "cam-1", &pair.key, FLEET_NOW_MS, &result),
                     ENROLMENTS_E_KEY_REVOKED);
    ck_assert_int_eq(fleet_redeem(&fleet, token, "cam-1", &other.key, FLEET_NOW_MS, &result), 0);
}
END_TEST

START_TEST(a_revoked_token_is_refused)
{
    const char *token = fleet_token(&fleet, 0);
    struct enrolments_result result;
    struct key_pair pair;

    ck_assert_int_eq(key_generate("a", &pair), 0);
    ck_assert_int_eq(enrolments_revoke(fleet.db, FLEET_WORKSPACE, 1, &audit_server, FLEET_NOW_MS),
                     0);
    ck_assert_int_eq(enrolments_revoke(fleet.db, FLEET_WORKSPACE, 1, &audit_server, FLEET_NOW_MS),
                     0);
    ck_assert_int_eq(
        enrolments_revoke(fleet.db, FLEET_WORKSPACE + 1, 1, &audit_server, FLEET_NOW_MS),
        ENROLMENTS_E_MISSING);
    ck_assert_int_eq(fleet_redeem(&fleet, token, "cam-1", &pair.key, FLEET_NOW_MS, &result),
                     ENROLMENTS_E_TOKEN);
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("core/enrolments", set_up, tear_down,
                          a_device_that_enrolled_is_known_at_once,
                          a_used_up_token_serves_only_the_device_that_used_it,
                          time_and_names_and_keys_are_checked, a_revoked_token_is_refused);
}
