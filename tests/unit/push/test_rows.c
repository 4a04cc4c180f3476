/* SPDX-License-Identifier: Apache-2.0 */
#include "push/rows.h"

#include "base/cleanup.h"
#include "core/fleet_fixture.h"
#include "db/q_roster.h"

static struct fleet fleet;

static void set_up(void)
{
    fleet_init(&fleet);
}

static void tear_down(void)
{
    fleet_release(&fleet);
}

START_TEST(moves_with_gaps_are_read_after_all)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct roster_device *near;
    struct roster_device *far;
    struct key_pair pair;
    struct enrolments_result one = fleet_device(&fleet, "cam-1", &pair);
    struct enrolments_result two = fleet_device(&fleet, "cam-2", &pair);

    ck_assert_int_eq(fleet_ask(&fleet, one.token, &near), 0);
    ck_assert_int_eq(fleet_ask(&fleet, two.token, &far), 0);
    /* The second device's revision rose twice: the move alone does not tell all. */
    database_run(fleet.db,
                 "UPDATE device_state SET revision = revision + 1 WHERE device_id = 2;"
                 "UPDATE device_state SET revision = revision + 1, version = version + 1;"
                 "TRUNCATE device_change RESTART IDENTITY;"
                 "INSERT INTO device_change (device_ids, revisions, versions, assignment_ids)"
                 " SELECT array_agg(device_id), array_agg(revision), array_agg(version),"
                 " array_agg(0) FROM device_state");
    ck_assert_int_eq(q_roster_moves(fleet.db, 1, &rows), 0);
    ck_assert_int_eq(rows.count, 2);
    ck_assert_int_eq(rows_move(fleet.db, fleet.roster, &rows), 0);
    ck_assert_int_eq(roster_device_version(near), 1);
    ck_assert_int_eq(roster_device_version(far), 1);
}
END_TEST

START_TEST(refreshes_one_device)
{
    struct roster_device *device;
    struct key_pair pair;
    struct enrolments_result result = fleet_device(&fleet, "cam-1", &pair);

    ck_assert_int_eq(fleet_ask(&fleet, result.token, &device), 0);
    database_run(fleet.db, "UPDATE device_state SET revision = revision + 1, version = 9");
    ck_assert_int_eq(rows_refresh(fleet.db, fleet.roster, roster_device_id(device)), 0);
    ck_assert_int_eq(roster_device_version(device), 9);
    ck_assert_int_eq(rows_refresh(fleet.db, fleet.roster, 12345), 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("push/rows", set_up, tear_down, moves_with_gaps_are_read_after_all,
                          refreshes_one_device);
}
