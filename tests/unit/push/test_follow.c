/* SPDX-License-Identifier: Apache-2.0 */
#include "push/follow.h"

#include "core/fleet_fixture.h"

#include <poll.h>
#include <sys/eventfd.h>

/* A device that waits: its wakes are counted by an eventfd, so that the test can wait for them. */
struct ear {
    struct subscription subscription; /* first */
    int fd;
};

static void hear(struct subscription *subscription)
{
    (void)eventfd_write(((struct ear *)subscription)->fd, 1);
}

static void wait_heard(const struct ear *ear)
{
    struct pollfd fd = {.fd = ear->fd, .events = POLLIN};
    eventfd_t value;

    ck_assert_int_eq(poll(&fd, 1, 30000), 1);
    ck_assert_int_eq(eventfd_read(ear->fd, &value), 0);
}

/* Later than the age at which a time is written, whoever else has written one meanwhile. */
#define SEEN_S 90

START_TEST(loads_hears_and_repairs)
{
    char url[DATABASE_URL_SIZE];
    struct roster *roster;
    struct follow *follow;
    struct roster_device *device;
    struct ear ear = {.subscription.wake = hear, .fd = eventfd(0, EFD_CLOEXEC)};
    const uint8_t token[ROSTER_TOKEN_SIZE] = {0xab};

    ck_assert(secret_init());
    database_make(true, url);
    struct db *db = database_open(url);
    database_run(
        db,
        "INSERT INTO enrolment (workspace_id, name, token_sha256, uses_max, attributes, created_at,"
        " created_by, expires_at) VALUES (1, 'x', pg_catalog.sha256('x'::bytea), 0, '{}', now(),"
        " 'x', now());"
        "INSERT INTO device (workspace_id, name, public_key, keyid, token_sha256, enrolment_id,"
        " attributes, assigned, enrolled_at) VALUES (1, 'cam', pg_catalog.sha256('x'::bytea),"
        " pg_catalog.sha256('x'::bytea), decode(rpad('ab', 64, '0'), 'hex'), 1, '{}', '{}', now());"
        "INSERT INTO device_state (device_id, workspace_id, capabilities) VALUES (1, 1, '')");
    ck_assert_int_eq(roster_new(&roster), 0);
    const struct db_config db_config = {.url = url, .connect_timeout_s = 5};
    const struct follow_config config = {.db = &db_config,
                                         .clock = clock_system(),
                                         .roster = roster,
                                         .sweep_interval_ms = 100,
                                         .seen_interval_ms = 100,
                                         .poll_interval_s = 300};
    ck_assert_int_eq(follow_new(&config, &follow), 0);
    for (int i = 0; i < 3000 && !roster_ready(roster); i++)
        (void)poll(NULL, 0, 10);
    ck_assert_int_eq(roster_authenticate(roster, token, SEEN_S, &device), 0);
    roster_subscribe(roster, device, &ear.subscription);

    database_run(db, "UPDATE device_state SET revision = 1, version = 1;"
                     "INSERT INTO device_change (device_ids) VALUES (ARRAY[1])");
    wait_heard(&ear);
    ck_assert_int_eq(roster_device_version(device), 1);
    database_run(db, "ALTER TABLE device_change DISABLE TRIGGER device_change_notify;"
                     "UPDATE device_state SET revision = 2, version = 2;"
                     "INSERT INTO device_change (device_ids) VALUES (ARRAY[1])");
    wait_heard(&ear);
    ck_assert_int_eq(roster_device_version(device), 2);

    roster_unsubscribe(roster, &ear.subscription);
    follow_free(follow);
    ck_assert_int_eq(database_number(db, "SELECT ms(seen_at) FROM device_seen"), SEEN_S * 1000);
    follow_free(NULL);
    roster_free(roster);
    db_free(db);
    (void)close(ear.fd);
}
END_TEST

int main(void)
{
    return SUITE_RUN("push/follow", loads_hears_and_repairs);
}
