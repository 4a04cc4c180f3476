/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused before a handler runs, by way of real sockets. */
#include "suite.h"
#include "toy.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct toy *toy;

static int on_ok(const struct call *call, struct reply *reply)
{
    const char *name = call->principal->name;

    reply_bytes(reply, 200, "text/plain", name ? name : "nobody", name ? strlen(name) : 6);
    return 0;
}

static void drop_waker(void *waker)
{
    waker_unref(waker);
}

/* Is called again after a wait. */
static int on_wait(const struct call *call, struct reply *reply)
{
    struct waker *waker;

    if (request_state(call->request))
        return on_ok(call, reply);
    waker = request_waker(call->request);
    request_set_state(call->request, waker, drop_waker);
    waker_wake(waker);
    reply_wait(reply);
    return 0;
}

static const struct route routes[] = {
    {"GET",        "/inline", ROLES_READ, ROUTE_INLINE, 0, 0, on_ok},
    {"GET",  "/admin-inline", ROLES_ADMIN, ROUTE_INLINE, 0, 0, on_ok},
    {"GET",           "/wait", ROLES_READ, ROUTE_INLINE, 0, 0, on_wait},
    {"GET",       "/public", ROLES_PUBLIC, ROUTE_INLINE, 0, 0, on_ok},
    {"GET",        "/read", ROLES_READ, ROUTE_WORKER, 0, 0, on_ok},
    {"PUT", "/read", ROLES_ADMIN, ROUTE_STREAM, 0, 0, on_ok},
    {"GET",           "/admin", ROLES_ADMIN, ROUTE_WORKER, 0, 0, on_ok},
    {"GET",       "/names/{name}", ROLES_PUBLIC, ROUTE_INLINE, 0, 0, on_ok},
    {"POST",        "/names", ROLES_PUBLIC, ROUTE_WORKER, 100, 0, on_ok},
    {NULL },
};

struct refusal {
    const char *method;
    const char *path;
    const char *headers;
    const char *body;
    const char *status;
    const char *contains;
};

#define BEARER(token) "Authorization: Bearer " token "\r\n"

static const struct refusal refusals[] = {
    {"GET",    "/read",           "",                               NULL,     "401", "WWW-Authenticate: Bearer"       },
    {"GET",    "/read",           "Authorization: Digest eDp5\r\n", NULL,     "401", "a token is needed"              },
    {"GET",    "/read",           "Authorization: Basic eDp5\r\n",  NULL,     "401", "unknown, expired or revoked"    },
    {"GET",    "/read",           BEARER(""),                       NULL,     "401", "/unauthenticated\""             },
    {"GET",    "/read",           BEARER("wrong"),                  NULL,     "401", "unknown, expired or revoked"    },
    {"GET",    "/read",           BEARER("viewer") BEARER("admin"), NULL,     "400", "more than once"                 },
    {"GET",    "/read",           BEARER("away"),                   NULL,     "503", "Retry-After: "                  },
    {"GET",    "/admin",          BEARER("viewer"),                 NULL,     "403", "role admin; this one has viewer"},
    {"PUT",    "/read",           BEARER("viewer"),                 "bytes",  "403", "role admin; this one has viewer"},
    {"PUT",    "/read",           "",                               "bytes",  "401", "a token is needed"              },
    {"GET",    "/nowhere",        "",                               NULL,     "404", "nothing at '/nowhere'"          },
    {"DELETE", "/read",           "",                               NULL,     "405", "Allow: GET, HEAD, PUT\r\n"      },
    {"BREW",   "/public",         "",                               NULL,     "405", "Allow: GET, HEAD\r\n"           },
    {"GET",    "/names/%",        "",                               NULL,     "400", "percent-encoded"                },
    {"GET",    "/names/%ff",      "",                               NULL,     "400", "percent-encoded"                },
    {"GET",    "/names/a%00b",    "",                               NULL,     "400", "control characters"             },
    {"GET",    "/public?a=%zz",   "",                               NULL,     "400", "/bad-request\""                 },
    {"GET",    "/public?a=1&a=2", "",                               NULL,     "400", "'a' is given twice"             },
    {"GET",    "public",          "",                               NULL,     "400", "/bad-request\""                 },
    {"POST",   "/names",          "Content-Length: 1\r\n",          "a",      "400", "more than once"                 },
    {"POST",   "/names",          "Transfer-Encoding: chunked\r\n", "a",      "400", "exclude each other"             },
    {"POST",   "/names",          "Transfer-Encoding: gzip\r\n",    NULL,     "400", "chunked"                        },
    {"GET",    "/public",         "",                               "a body", "400", "takes no body"                  },
};

static void expect(char *reply, const char *status, const char *contains)
{
    char line[32];

    (void)snprintf(line, sizeof(line), "HTTP/1.1 %s ", status);
    ck_assert_msg(strncmp(reply, line, strlen(line)) == 0, "expected %s, got '%s'", status, reply);
    ck_assert_msg(strstr(reply, contains) != NULL, "no '%s' in '%s'", contains, reply);
    free(reply);
}

static void check_refusals(bool inline_auth)
{
    const struct toy_settings settings = {.inline_auth = inline_auth};

    toy = toy_start(routes, &settings);
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        const struct refusal *r = &refusals[i];
        char *reply = toy_ask(toy, r->method, r->path, r->headers, r->body);

        ck_assert_msg(strstr(reply, "application/problem+json") != NULL, "no problem: '%s'", reply);
        expect(reply, r->status, r->contains);
    }
    expect(toy_ask(toy, "GET", "/read", BEARER("viewer"), NULL), "200", "the viewer");
    expect(toy_ask(toy, "GET", "/public", BEARER("wrong"), NULL), "200", "nobody");
    toy_stop(toy);
}

START_TEST(refuses_mistakes_with_what_to_do)
{
    check_refusals(false);
}
END_TEST

START_TEST(refuses_the_same_where_tokens_are_looked_up_inline)
{
    check_refusals(true);
}
END_TEST

START_TEST(refuses_a_token_that_is_too_long)
{
    char headers[300];

    toy = toy_start(routes, NULL);
    (void)snprintf(headers, sizeof(headers), "Authorization: Bearer %0200d\r\n", 1);
    expect(toy_ask(toy, "GET", "/read", headers, NULL), "401", "not a token of this server");
    toy_stop(toy);
}
END_TEST

START_TEST(a_wrong_token_does_not_cost_the_connection)
{
    int fd;

    toy = toy_start(routes, NULL);
    fd = toy_connect(toy);
    toy_send(fd, "GET /read HTTP/1.1\r\nHost: toy\r\n\r\n");
    free(toy_receive_until(fd, "\"}"));
    toy_send(fd, "GET /public HTTP/1.1\r\nHost: toy\r\nConnection: close\r\n\r\n");
    expect(toy_receive(fd), "200", "nobody");
    (void)close(fd);
    toy_stop(toy);
}
END_TEST

START_TEST(workers_know_tokens_that_io_threads_do_not)
{
    const struct toy_settings settings = {.inline_auth = true};
    static const char *const paths[] = {"/inline", "/wait", "/read"};

    toy = toy_start(routes, &settings);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        expect(toy_ask(toy, "GET", paths[i], BEARER("viewer"), NULL), "200", "the viewer");
        expect(toy_ask(toy, "GET", paths[i], BEARER("?viewer"), NULL), "200", "the viewer");
        expect(toy_ask(toy, "GET", paths[i], BEARER("?wrong"), NULL), "401", "unknown, expired");
    }
    expect(toy_ask(toy, "GET", "/admin-inline", BEARER("?viewer"), NULL), "403", "has viewer");
    expect(toy_ask(toy, "PUT", "/read", BEARER("?admin"), "bytes"), "200", "the admin");
    expect(toy_ask(toy, "PUT", "/read", BEARER("?viewer"), "bytes"), "403", "has viewer");
    expect(toy_ask(toy, "GET", "/public", BEARER("?wrong"), NULL), "200", "nobody");
    toy_stop(toy);
}
END_TEST

/* More silent strangers than there is room for. */
START_TEST(known_clients_find_room_among_strangers)
{
    const struct toy_settings settings = {.connections_max = 64, .inline_auth = true};
    int strangers[100];
    int known;

    toy = toy_start(routes, &settings);
    known = toy_connect(toy);
    toy_send(known, "GET /read HTTP/1.1\r\nHost: toy\r\n" BEARER("viewer") "\r\n");
    free(toy_receive_until(known, "the viewer"));
    for (size_t i = 0; i < ARRAY_LEN(strangers); i++) {
        strangers[i] = toy_connect(toy);
        toy_send(strangers[i], "GET /public HTTP/1.1\r\nX-Slow:");
    }
    expect(toy_ask(toy, "GET", "/read", BEARER("admin"), NULL), "200", "the admin");
    toy_send(known,
             "GET /read HTTP/1.1\r\nHost: toy\r\nConnection: close\r\n" BEARER("viewer") "\r\n");
    expect(toy_receive(known), "200", "the viewer");
    (void)close(known);
    for (size_t i = 0; i < ARRAY_LEN(strangers); i++)
        (void)close(strangers[i]);
    toy_stop(toy);
}
END_TEST

int main(void)
{
    return SUITE_RUN("http/admission", refuses_mistakes_with_what_to_do,
                     refuses_the_same_where_tokens_are_looked_up_inline,
                     refuses_a_token_that_is_too_long, a_wrong_token_does_not_cost_the_connection,
                     workers_know_tokens_that_io_threads_do_not,
                     known_clients_find_room_among_strangers);
}
