/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"
#include "toy.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int on_ok(const struct call *call, struct reply *reply)
{
    (void)call;
    reply_empty(reply, 204);
    return 0;
}

static const struct route routes[] = {
    {"GET",         "/ok", ROLES_PUBLIC, ROUTE_INLINE, 0, 0, on_ok},
    {NULL},
};

static int listen_on(const char *address)
{
    const struct listener_config config = {
        .name = "test",
        .address = address,
        .routes = routes,
        .threads = 1,
        .connections_max = 10,
        .connection_memory_bytes = 4096,
        .connection_memory_increment = 1024,
        .idle_timeout_s = 10,
        .header_timeout_s = 10,
        .body_timeout_s = 10,
    };
    struct listener *listener = NULL;
    int r = listener_new(&config, &listener);

    if (r == 0)
        ck_assert_uint_ne(listener_port(listener), 0);
    listener_free(listener); /* one that never served */
    return r;
}

START_TEST(binds_where_it_can_and_says_where_not)
{
    ck_assert_int_eq(listen_on("127.0.0.1:0"), 0);
    ck_assert_int_eq(listen_on(":0"), 0);
    ck_assert_int_lt(listen_on("127.0.0.1"), 0);
    ck_assert_int_lt(listen_on("127.0.0.1:99999999"), 0);
    ck_assert_int_lt(listen_on("192.0.2.1:0"), 0);
}
END_TEST

START_TEST(counts_what_it_did)
{
    struct toy *toy = toy_start(routes, NULL);
    struct listener_stats stats;

    free(toy_ask(toy, "GET", "/ok", "", NULL));
    free(toy_ask(toy, "GET", "/no", "", NULL));
    TOY_WAIT((listener_stats(toy->listener, &stats), stats.connections == 0));
    ck_assert_uint_eq(stats.requests_total, 2);
    ck_assert_uint_eq(stats.by_status[2], 1);
    ck_assert_uint_eq(stats.by_status[4], 1);
    toy_stop(toy);
}
END_TEST

START_TEST(takes_no_connections_once_it_stops)
{
    struct toy *toy = toy_start(routes, NULL);
    int fd = toy_connect(toy);
    char *reply;

    ck_assert(!listener_stopping(toy->listener));
    listener_stop(toy->listener, 1000);
    ck_assert(listener_stopping(toy->listener));
    toy_send(fd, "GET /ok HTTP/1.1\r\nHost: toy\r\n\r\n");
    reply = toy_receive(fd);
    ck_assert_str_eq(reply, "");
    free(reply);
    (void)close(fd);
    listener_stop(toy->listener, 1000); /* again is fine */
    toy_stop(toy);
}
END_TEST

int main(void)
{
    return SUITE_RUN("http/listener", binds_where_it_can_and_says_where_not, counts_what_it_did,
                     takes_no_connections_once_it_stops);
}
