/* SPDX-License-Identifier: Apache-2.0 */
/* The state machine of one exchange, by way of real sockets. */
#include "suite.h"
#include "toy.h"

#include "http/problems.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIMIT 1000

/* ---- what the handlers share with the tests -------------------------------------------------- */

static struct toy *toy;
static atomic_bool released;
static atomic_int running;
static atomic_int gone;
static _Atomic(struct waker *) waiting;

static int on_inline(const struct call *call, struct reply *reply)
{
    ck_assert_ptr_null(call->worker);
    reply_header(reply, "X-Toy", "yes");
    reply_bytes(reply, 200, "text/plain", "inline", 6);
    return 0;
}

static int on_echo(const struct call *call, struct reply *reply)
{
    size_t size;
    const char *body = request_body(call->request, &size);

    ck_assert_ptr_nonnull(call->worker);
    reply_bytes(reply, 200, "text/plain", body, size);
    return 0;
}

static int on_stream(const struct call *call, struct reply *reply)
{
    uint64_t total = 0;
    char bytes[5000];
    size_t size;
    int r;

    for (r = request_read(call->request, bytes, sizeof(bytes), &size); r == 0;
         r = request_read(call->request, bytes, sizeof(bytes), &size))
        total += size;
    if (r == REQUEST_E_GONE) {
        (void)atomic_fetch_add(&gone, 1);
        return ERR_CANCELLED;
    }
    reply_json(reply, 200,
               json_pack("{s:I, s:s}", "total", (json_int_t)total, "type",
                         request_header(call->request, "X-Type")));
    return 0;
}

static int on_refuse(const struct call *call, struct reply *reply)
{
    (void)call;
    reply_problem(reply, &problems_conflict, "nobody wants this");
    return 0;
}

static int on_partial(const struct call *call, struct reply *reply)
{
    char bytes[10];
    size_t size;

    ck_assert_int_eq(request_read(call->request, bytes, sizeof(bytes), &size), 0);
    reply_problem(reply, &problems_conflict, "enough after %zu bytes", size);
    return 0;
}

static int on_block(const struct call *call, struct reply *reply)
{
    (void)call;
    (void)atomic_fetch_add(&running, 1);
    while (!atomic_load(&released))
        toy_pause();
    reply_empty(reply, 204);
    return 0;
}

static void drop_waker(void *state)
{
    waker_unref(state);
}

/* Waits until it was woken once, or the listener stops. */
static int on_wait(const struct call *call, struct reply *reply)
{
    if (listener_stopping(toy->listener)) {
        reply_bytes(reply, 200, "text/plain", "stopping", 8);
        return 0;
    }
    if (request_state(call->request)) {
        reply_bytes(reply, 200, "text/plain", "woken", 5);
        return 0;
    }
    request_set_state(call->request, request_waker(call->request), drop_waker);
    atomic_store(&waiting, request_state(call->request));
    reply_wait(reply);
    return 0;
}

/* Wakes before it waits: the wake must not be lost. */
static int on_wake_early(const struct call *call, struct reply *reply)
{
    struct waker *waker;

    if (request_state(call->request)) {
        reply_empty(reply, 204);
        return 0;
    }
    waker = request_waker(call->request);
    waker_wake(waker);
    request_set_state(call->request, waker, drop_waker);
    reply_wait(reply);
    return 0;
}

struct ticks {
    struct source source;
    struct waker *waker;
    int left;
    bool asleep;
};

static ptrdiff_t ticks_read(struct source *source, char *bytes, size_t capacity)
{
    struct ticks *ticks = (struct ticks *)source;

    if (ticks->left == 0)
        return SOURCE_END;
    ticks->asleep = !ticks->asleep;
    if (ticks->asleep) {
        waker_wake(ticks->waker);
        return SOURCE_WAIT;
    }
    ck_assert_uint_ge(capacity, 5);
    ticks->left--;
    memcpy(bytes, "tick\n", 5);
    return 5;
}

static void ticks_release(struct source *source)
{
    struct ticks *ticks = (struct ticks *)source;

    waker_unref(ticks->waker);
    free(ticks);
}

static int on_ticks(const struct call *call, struct reply *reply)
{
    struct ticks *ticks = calloc(1, sizeof(*ticks));

    ticks->source = (struct source){ticks_read, ticks_release};
    ticks->waker = request_waker(call->request);
    ticks->left = 3;
    reply_source(reply, 200, "text/plain", REPLY_LENGTH_UNKNOWN, 64, &ticks->source);
    return 0;
}

static int on_fail(const struct call *call, struct reply *reply)
{
    (void)reply;
    return atoi(request_param(call->request, "code"));
}

static const struct route routes[] = {
    {"GET",         "/inline", ROLES_PUBLIC, ROUTE_INLINE, 0, 0, on_inline},
    {"POST", "/echo", ROLES_PUBLIC, ROUTE_WORKER, LIMIT, 0, on_echo},
    {"GET",            "/echo", ROLES_PUBLIC, ROUTE_WORKER, 0, 0, on_echo},
    {"PUT",    "/stream", ROLES_PUBLIC, ROUTE_STREAM, 0, 0, on_stream},
    {"PUT",        "/refuse", ROLES_PUBLIC, ROUTE_STREAM, 0, 0, on_refuse},
    {"PUT", "/partial", ROLES_PUBLIC, ROUTE_STREAM, 0, 0, on_partial},
    {"GET",        "/block", ROLES_PUBLIC, ROUTE_WORKER, 0, 0, on_block},
    {"GET",      "/wait", ROLES_PUBLIC, ROUTE_INLINE, 0, 0, on_wait},
    {"GET",         "/early", ROLES_PUBLIC, ROUTE_INLINE, 0, 0, on_wake_early},
    {"GET", "/ticks", ROLES_PUBLIC, ROUTE_INLINE, 0, 0, on_ticks},
    {"GET",            "/fail/{code}", ROLES_PUBLIC, ROUTE_WORKER, 0, 0, on_fail},
    {NULL     },
};

static void expect(char *reply, const char *status, const char *contains)
{
    ck_assert_msg(strstr(reply, status) != NULL, "no '%s' in '%s'", status, reply);
    ck_assert_msg(strstr(reply, contains) != NULL, "no '%s' in '%s'", contains, reply);
    free(reply);
}

static void start(const struct toy_settings *settings)
{
    atomic_store(&released, false);
    atomic_store(&running, 0);
    atomic_store(&waiting, NULL);
    toy = toy_start(routes, settings);
}

/* Ends in a chunked body of count times 1,000 bytes. */
static char *big_request(const char *path, const char *headers, size_t count)
{
    char *request = malloc(count * 1010 + 512);
    size_t used;

    ck_assert_ptr_nonnull(request);
    used = (size_t)sprintf(request,
                           "PUT %s HTTP/1.1\r\nHost: toy\r\nConnection: close\r\n%s"
                           "Transfer-Encoding: chunked\r\n\r\n",
                           path, headers);

    for (size_t i = 0; i < count; i++) {
        used += (size_t)sprintf(request + used, "3e8\r\n");
        memset(request + used, 'x', 1000);
        used += 1000;
        used += (size_t)sprintf(request + used, "\r\n");
    }
    (void)sprintf(request + used, "0\r\n\r\n");
    return request;
}

static char *send_big(const char *path, const char *headers, size_t count)
{
    char *request = big_request(path, headers, count);
    int fd = toy_connect(toy);
    char *reply;

    toy_send(fd, request);
    free(request);
    reply = toy_receive(fd);
    (void)close(fd);
    return reply;
}

/* ---- replies --------------------------------------------------------------------------------- */

START_TEST(answers_inline_with_headers_and_request_id)
{
    start(NULL);
    char *reply = toy_ask(toy, "GET", "/inline", "", NULL);

    ck_assert_ptr_nonnull(strstr(reply, "X-Request-Id: "));
    ck_assert_ptr_nonnull(strstr(reply, "X-Toy: yes"));
    expect(reply, "HTTP/1.1 200", "\r\n\r\ninline");
    toy_stop(toy);
}
END_TEST

START_TEST(head_has_the_length_and_no_body)
{
    start(NULL);
    char *reply = toy_ask(toy, "HEAD", "/inline", "", NULL);

    ck_assert_ptr_null(strstr(reply, "\r\n\r\ninline"));
    expect(reply, "HTTP/1.1 200", "Content-Length: 6");
    toy_stop(toy);
}
END_TEST

START_TEST(keeps_the_connection_for_the_next_request)
{
    start(NULL);
    int fd = toy_connect(toy);

    toy_send(fd, "GET /inline HTTP/1.1\r\nHost: toy\r\n\r\n");
    expect(toy_receive_until(fd, "\r\n\r\ninline"), "HTTP/1.1 200", "inline");
    toy_send(fd, "POST /echo HTTP/1.1\r\nHost: toy\r\nContent-Length: 3\r\n\r\nabc");
    expect(toy_receive_until(fd, "\r\n\r\nabc"), "HTTP/1.1 200", "abc");
    toy_send(fd, "GET /inline HTTP/1.1\r\nHost: toy\r\n\r\n");
    expect(toy_receive_until(fd, "\r\n\r\ninline"), "HTTP/1.1 200", "inline");
    (void)close(fd);
    toy_stop(toy);
}
END_TEST

START_TEST(errors_of_handlers_become_problems)
{
    start(NULL);
    expect(toy_ask(toy, "GET", "/fail/-1", "", NULL), "HTTP/1.1 500", "/internal\"");
    expect(toy_ask(toy, "GET", "/fail/-2", "", NULL), "HTTP/1.1 503", "Retry-After: ");
    expect(toy_ask(toy, "GET", "/fail/-3", "", NULL), "HTTP/1.1 507", "/no-space\"");
    expect(toy_ask(toy, "GET", "/fail/0", "", NULL), "HTTP/1.1 500", "request_id");
    toy_stop(toy);
}
END_TEST

/* ---- bodies ---------------------------------------------------------------------------------- */

START_TEST(collects_bodies_for_workers)
{
    char body[LIMIT + 1];

    start(NULL);
    memset(body, 'b', LIMIT);
    body[LIMIT] = '\0';
    expect(toy_ask(toy, "POST", "/echo", "", body), "HTTP/1.1 200", body);
    expect(toy_ask(toy, "POST", "/echo", "", ""), "HTTP/1.1 200", "Content-Length: 0");
    expect(toy_ask(toy, "GET", "/echo", "", NULL), "HTTP/1.1 200", "Content-Length: 0");
    toy_stop(toy);
}
END_TEST

START_TEST(refuses_bodies_beyond_the_limit)
{
    char body[LIMIT + 2];

    start(NULL);
    memset(body, 'b', LIMIT + 1);
    body[LIMIT + 1] = '\0';
    expect(toy_ask(toy, "POST", "/echo", "", body), "HTTP/1.1 413", "/too-large\"");
    toy_stop(toy);
}
END_TEST

START_TEST(refuses_chunked_bodies_beyond_the_limit)
{
    start(NULL);
    int fd = toy_connect(toy);

    toy_send(fd, "POST /echo HTTP/1.1\r\nHost: toy\r\nConnection: close\r\n"
                 "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 3; i++) {
        toy_send(fd, "190\r\n");
        for (int j = 0; j < 40; j++)
            toy_send(fd, "0123456789");
        toy_send(fd, "\r\n");
    }
    toy_send(fd, "0\r\n\r\n");
    expect(toy_receive(fd), "HTTP/1.1 413", "/too-large\"");
    (void)close(fd);
    toy_stop(toy);
}
END_TEST

START_TEST(refuses_bodies_where_none_belongs)
{
    start(NULL);
    expect(toy_ask(toy, "GET", "/inline", "", "what?"), "HTTP/1.1 400", "takes no body");
    expect(toy_ask(toy, "GET", "/echo", "", "what?"), "HTTP/1.1 400", "takes no body");
    toy_stop(toy);
}
END_TEST

START_TEST(streams_bodies_larger_than_the_ring)
{
    start(NULL);
    expect(send_big("/stream", "X-Type: big\r\n", 3000), "HTTP/1.1 200", "\"total\":3000000");
    expect(toy_ask(toy, "PUT", "/stream", "X-Type: none\r\n", ""), "HTTP/1.1 200", "\"total\":0");
    expect(toy_ask(toy, "PUT", "/stream", "X-Type: a\r\n", "abc"), "HTTP/1.1 200",
           "\"type\":\"a\"");
    toy_stop(toy);
}
END_TEST

START_TEST(answers_before_the_body_where_nobody_wants_it)
{
    start(NULL);
    expect(toy_ask(toy, "PUT", "/refuse", "", "small"), "HTTP/1.1 409", "nobody wants this");
    expect(send_big("/refuse", "", 2000), "HTTP/1.1 409", "nobody wants this");
    expect(send_big("/partial", "", 2000), "HTTP/1.1 409", "enough after");
    toy_stop(toy);
}
END_TEST

START_TEST(says_continue_only_when_the_body_is_wanted)
{
    int fd;

    start(NULL);
    fd = toy_connect(toy);
    toy_send(fd, "PUT /refuse HTTP/1.1\r\nHost: toy\r\nExpect: 100-continue\r\n"
                 "Content-Length: 5\r\n\r\n");
    char *reply = toy_receive(fd);

    ck_assert_ptr_null(strstr(reply, "100 Continue"));
    expect(reply, "HTTP/1.1 409", "nobody wants this");
    (void)close(fd);

    fd = toy_connect(toy);
    toy_send(fd, "PUT /stream HTTP/1.1\r\nHost: toy\r\nExpect: 100-continue\r\nX-Type: x\r\n"
                 "Content-Length: 5\r\nConnection: close\r\n\r\n");
    free(toy_receive_until(fd, "100 Continue\r\n\r\n"));
    toy_send(fd, "12345");
    expect(toy_receive(fd), "HTTP/1.1 200", "\"total\":5");
    (void)close(fd);
    toy_stop(toy);
}
END_TEST

START_TEST(tells_a_worker_that_its_client_is_gone)
{
    int fd;

    start(NULL);
    atomic_store(&gone, 0);
    fd = toy_connect(toy);
    toy_send(fd, "PUT /stream HTTP/1.1\r\nHost: toy\r\nContent-Length: 50\r\n\r\n12345");
    toy_pause();
    (void)close(fd);
    TOY_WAIT(atomic_load(&gone) == 1);
    toy_stop(toy);
}
END_TEST

START_TEST(cuts_bodies_that_stall)
{
    const struct toy_settings settings = {.body_timeout_s = 1};
    int fd;

    start(&settings);
    atomic_store(&gone, 0);
    fd = toy_connect(toy);
    toy_send(fd, "PUT /stream HTTP/1.1\r\nHost: toy\r\nContent-Length: 50\r\n\r\n12345");
    free(toy_receive(fd)); /* ends, because the server closes */
    (void)close(fd);
    TOY_WAIT(atomic_load(&gone) == 1);

    fd = toy_connect(toy);
    toy_send(fd, "POST /echo HTTP/1.1\r\nHost: toy\r\nContent-Length: 50\r\n\r\n12345");
    free(toy_receive(fd));
    (void)close(fd);
    toy_stop(toy);
}
END_TEST

START_TEST(cuts_headers_that_trickle)
{
    const struct toy_settings settings = {.header_timeout_s = 1};
    const char *request = "GET /inline HTTP/1.1\r\nHost: toy\r\nX-Long: ";
    struct listener_stats stats;
    int fd;

    start(&settings);
    fd = toy_connect(toy);
    toy_send(fd, request);
    /* a byte at a time keeps libmicrohttpd's own timer from firing */
    for (int i = 0; i < 1000; i++) {
        listener_stats(toy->listener, &stats);
        if (i > 10 && stats.connections == 0)
            break;
        toy_send(fd, "x");
        toy_pause();
    }
    ck_assert_uint_eq(stats.connections, 0);
    (void)close(fd);
    toy_stop(toy);
}
END_TEST

/* ---- waiting --------------------------------------------------------------------------------- */

START_TEST(wakes_what_waits)
{
    int fd;

    start(NULL);
    fd = toy_connect(toy);
    toy_send(fd, "GET /wait HTTP/1.1\r\nHost: toy\r\nConnection: close\r\n\r\n");
    TOY_WAIT(atomic_load(&waiting) != NULL);
    waker_wake(atomic_load(&waiting));
    expect(toy_receive(fd), "HTTP/1.1 200", "woken");
    (void)close(fd);
    toy_stop(toy);
}
END_TEST

START_TEST(remembers_a_wake_that_came_before_the_wait)
{
    start(NULL);
    expect(toy_ask(toy, "GET", "/early", "", NULL), "HTTP/1.1 204", "");
    toy_stop(toy);
}
END_TEST

START_TEST(a_waker_outlives_its_request)
{
    struct waker *waker;
    int fd;

    start(NULL);
    fd = toy_connect(toy);
    toy_send(fd, "GET /wait HTTP/1.1\r\nHost: toy\r\nConnection: close\r\n\r\n");
    TOY_WAIT(atomic_load(&waiting) != NULL);
    waker = waker_ref(atomic_load(&waiting));
    waker_wake(waker);
    free(toy_receive(fd));
    (void)close(fd);
    toy_stop(toy);
    waker_wake(waker);
    waker_unref(waker);
}
END_TEST

START_TEST(sources_sleep_and_go_on)
{
    start(NULL);
    expect(toy_ask(toy, "GET", "/ticks", "", NULL), "HTTP/1.1 200", "tick\n");
    toy_stop(toy);
}
END_TEST

/* ---- limits ---------------------------------------------------------------------------------- */

static void *ask_block(void *arg)
{
    (void)arg;
    return toy_ask(toy, "GET", "/block", "", NULL);
}

START_TEST(answers_503_when_the_queue_is_full)
{
    const struct toy_settings settings = {.workers = 1, .queue_max = 1};
    struct listener_stats stats;
    pthread_t threads[2];
    void *reply;

    start(&settings);
    ck_assert_int_eq(pthread_create(&threads[0], NULL, ask_block, NULL), 0);
    TOY_WAIT(atomic_load(&running) == 1);
    ck_assert_int_eq(pthread_create(&threads[1], NULL, ask_block, NULL), 0);
    TOY_WAIT(pool_waiting(toy->pool) == 1);
    expect(toy_ask(toy, "GET", "/echo", "", NULL), "HTTP/1.1 503", "Retry-After: ");
    expect(toy_ask(toy, "PUT", "/stream", "", "x"), "HTTP/1.1 503", "/unavailable\"");
    expect(toy_ask(toy, "GET", "/inline", "", NULL), "HTTP/1.1 200", "inline");
    listener_stats(toy->listener, &stats);
    ck_assert_uint_eq(stats.rejected_total, 2);
    atomic_store(&released, true);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_join(threads[i], &reply), 0);
        expect(reply, "HTTP/1.1 204", "");
    }
    toy_stop(toy);
}
END_TEST

START_TEST(stopping_finishes_what_runs_and_wakes_what_waits)
{
    pthread_t thread;
    void *reply;
    int fd;

    start(NULL);
    fd = toy_connect(toy);
    toy_send(fd, "GET /wait HTTP/1.1\r\nHost: toy\r\n\r\n");
    TOY_WAIT(atomic_load(&waiting) != NULL);
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_block, NULL), 0);
    TOY_WAIT(atomic_load(&running) == 1);
    atomic_store(&released, true);
    toy_stop(toy);
    ck_assert_int_eq(pthread_join(thread, &reply), 0);
    expect(reply, "HTTP/1.1 204", "");
    expect(toy_receive(fd), "HTTP/1.1 200", "stopping");
    (void)close(fd);
}
END_TEST

START_TEST(stopping_cuts_what_does_not_end_in_time)
{
    int fd;

    start(NULL);
    atomic_store(&gone, 0);
    fd = toy_connect(toy);
    toy_send(fd, "PUT /stream HTTP/1.1\r\nHost: toy\r\nContent-Length: 50\r\n\r\n12345");
    toy_pause();
    listener_stop(toy->listener, 50);
    ck_assert_int_eq(atomic_load(&gone), 1);
    (void)close(fd);
    toy_stop(toy);
}
END_TEST

int main(void)
{
    return SUITE_RUN(
        "http/exchange", answers_inline_with_headers_and_request_id,
        head_has_the_length_and_no_body, keeps_the_connection_for_the_next_request,
        errors_of_handlers_become_problems, collects_bodies_for_workers,
        refuses_bodies_beyond_the_limit, refuses_chunked_bodies_beyond_the_limit,
        refuses_bodies_where_none_belongs, streams_bodies_larger_than_the_ring,
        answers_before_the_body_where_nobody_wants_it, says_continue_only_when_the_body_is_wanted,
        tells_a_worker_that_its_client_is_gone, cuts_bodies_that_stall, cuts_headers_that_trickle,
        wakes_what_waits, remembers_a_wake_that_came_before_the_wait, a_waker_outlives_its_request,
        sources_sleep_and_go_on, answers_503_when_the_queue_is_full,
        stopping_finishes_what_runs_and_wakes_what_waits, stopping_cuts_what_does_not_end_in_time);
}
