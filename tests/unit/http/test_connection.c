/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include "http/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT 20

static struct connection_set set;
static int near_end[COUNT];
static int far_end[COUNT];
static struct connection *connections[COUNT];

static void set_up(void)
{
    connection_set_init(&set, 10); /* two are kept free of strangers */
}

static void tear_down(void)
{
    connection_set_release(&set);
}

static void open_one(int i, int64_t deadline_ms)
{
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    near_end[i] = pair[0];
    far_end[i] = pair[1];
    connections[i] = connection_open(&set, NULL, pair[0], deadline_ms);
    ck_assert_ptr_nonnull(connections[i]);
}

static void close_one(int i)
{
    connection_close(&set, connections[i]);
    (void)close(near_end[i]);
    (void)close(far_end[i]);
}

/* Whether the other side sees the end. */
static bool is_cut(int i)
{
    char byte;

    return recv(far_end[i], &byte, 1, MSG_DONTWAIT) == 0;
}

START_TEST(cuts_whose_deadline_is_past)
{
    open_one(0, 1000);
    open_one(1, 2000);
    open_one(2, CONNECTION_NEVER);
    ck_assert_uint_eq(connection_sweep(&set, 1500), 1);
    ck_assert(is_cut(0));
    ck_assert(!is_cut(1));
    connection_deadline(connections[1], 5000);
    ck_assert_uint_eq(connection_sweep(&set, 3000), 0);
    ck_assert_uint_eq(connection_count(&set), 3);
    for (int i = 0; i < 3; i++)
        close_one(i);
    ck_assert_uint_eq(connection_count(&set), 0);
}
END_TEST

START_TEST(sends_the_oldest_strangers_away_when_it_gets_full)
{
    for (int i = 0; i < 8; i++)
        open_one(i, CONNECTION_NEVER);
    connection_trust(&set, connections[0]);
    connection_trust(&set, connections[0]);
    for (int i = 0; i < 8; i++)
        ck_assert(!is_cut(i));
    open_one(8, CONNECTION_NEVER);
    open_one(9, CONNECTION_NEVER);
    ck_assert(!is_cut(0));
    ck_assert(is_cut(1));
    ck_assert(is_cut(2));
    ck_assert(!is_cut(3));
    for (int i = 0; i < 10; i++)
        close_one(i);
}
END_TEST

START_TEST(cuts_the_idle_or_all)
{
    open_one(0, CONNECTION_NEVER);
    open_one(1, CONNECTION_NEVER);
    atomic_store(&connections[0]->busy, true);
    ck_assert_uint_eq(connection_busy(&set), 1);
    connection_cut(&set, true);
    ck_assert(!is_cut(0));
    ck_assert(is_cut(1));
    connection_cut(&set, false);
    ck_assert(is_cut(0));
    close_one(0);
    close_one(1);
}
END_TEST

START_TEST(names_the_other_side)
{
    const struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr = {htonl(0x7f000001)}};
    const struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const struct sockaddr other = {.sa_family = AF_UNIX};
    char peer[CONNECTION_PEER_SIZE];

    connection_peer((const struct sockaddr *)&four, peer);
    ck_assert_str_eq(peer, "127.0.0.1");
    connection_peer((const struct sockaddr *)&six, peer);
    ck_assert_str_eq(peer, "::1");
    connection_peer(&other, peer);
    ck_assert_str_eq(peer, "-");
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("http/connection", set_up, tear_down, cuts_whose_deadline_is_past,
                          sends_the_oldest_strangers_away_when_it_gets_full, cuts_the_idle_or_all,
                          names_the_other_side);
}
