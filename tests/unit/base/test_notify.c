/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include "base/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int listener = -1;
static char text[256];

/* An abstract socket: nothing to clean up. */
static void set_up(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[64];
    int length = snprintf(name, sizeof(name), "@test-notify-%d", (int)getpid());

    memcpy(address.sun_path, name, (size_t)length);
    address.sun_path[0] = '\0';
    listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address,
                          (socklen_t)(sizeof(sa_family_t) + (size_t)length)),
                     0);
    ck_assert_int_eq(setenv("NOTIFY_SOCKET", name, 1), 0);
}

static void tear_down(void)
{
    (void)close(listener);
}

static const char *received(void)
{
    ssize_t size = recv(listener, text, sizeof(text) - 1, MSG_DONTWAIT);

    text[size > 0 ? size : 0] = '\0';
    return text;
}

START_TEST(tells_systemd)
{
    notify_send("READY=1");
    ck_assert_str_eq(received(), "READY=1");
    notify_reloading();
    ck_assert_ptr_nonnull(strstr(received(), "RELOADING=1\nMONOTONIC_USEC="));
}
END_TEST

START_TEST(is_silent_where_there_is_no_systemd)
{
    ck_assert_int_eq(unsetenv("NOTIFY_SOCKET"), 0);
    notify_send("READY=1");
    ck_assert_str_eq(received(), "");
}
END_TEST

START_TEST(knows_how_often_the_watchdog_wants_to_hear)
{
    char pid[16];

    ck_assert_int_eq(notify_watchdog_ms(), 0);
    ck_assert_int_eq(setenv("WATCHDOG_USEC", "3000000", 1), 0);
    ck_assert_int_eq(notify_watchdog_ms(), 1500);
    ck_assert_int_eq(setenv("WATCHDOG_PID", "1", 1), 0);
    ck_assert_int_eq(notify_watchdog_ms(), 0);
    (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
    ck_assert_int_eq(setenv("WATCHDOG_PID", pid, 1), 0);
    ck_assert_int_eq(notify_watchdog_ms(), 1500);
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("base/notify", set_up, tear_down, tells_systemd,
                          is_silent_where_there_is_no_systemd,
                          knows_how_often_the_watchdog_wants_to_hear);
}
