/* SPDX-License-Identifier: Apache-2.0 */
/* What handlers may answer, by way of real sockets. */
#include "suite.h"
#include "toy.h"

#include "base/cleanup.h"
#include "http/problems.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct toy *toy;
static char path[] = "/tmp/test-reply-XXXXXX";

static int on_json(const struct call *call, struct reply *reply)
{
    struct reply_copy copy;

    reply_json(reply, 201, json_pack("{s:i}", "n", 1));
    reply_header(reply, "Location", "/there");
    ck_assert(reply_copy(reply, call->arena, &copy));
    ck_assert_int_eq(copy.status, 201);
    ck_assert_str_eq(copy.content_type, "application/json");
    ck_assert_str_eq(copy.location, "/there");
    ck_assert_uint_eq(copy.size, 7);
    ck_assert_mem_eq(copy.body, "{\"n\":1}", 7);
    return 0;
}

static int on_problem(const struct call *call, struct reply *reply)
{
    static const struct problem problem = {"toy-broken", 418, "Broken"};

    (void)call;
    reply_problem(reply, &problem, "'%s' is broken", "it");
    reply_problem_member(reply, "expected", json_string("whole"));
    return 0;
}

/* The cut at 1,024 bytes falls into a character. */
static int on_long_problem(const struct call *call, struct reply *reply)
{
    char text[2000];

    (void)call;
    for (size_t i = 0; i + 2 < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xbc", 3);
    reply_problem(reply, &problems_bad_request, "x%s", text);
    return 0;
}

static int on_second_thought(const struct call *call, struct reply *reply)
{
    (void)call;
    reply_json(reply, 200, json_pack("{}"));
    reply_file(reply, 200, "text/plain", open(path, O_RDONLY | O_CLOEXEC), 0, 4);
    reply_problem(reply, &problems_conflict, "no, not so");
    return 0;
}

static int on_file(const struct call *call, struct reply *reply)
{
    struct reply_copy copy;

    reply_file(reply, 206, "text/plain", open(path, O_RDONLY | O_CLOEXEC), 2, 5);
    ck_assert(!reply_copy(reply, call->arena, &copy));
    return 0;
}

static int on_headers(const struct call *call, struct reply *reply)
{
    char value[600];

    (void)call;
    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    reply_header(reply, "X-Long", value);
    reply_headerf(reply, "X-Number", "%d", 42);
    reply_empty(reply, 204);
    return 0;
}

static const struct route routes[] = {
    {"GET",         "/json", ROLES_PUBLIC, ROUTE_INLINE, 0, 0, on_json},
    {"GET", "/problem", ROLES_PUBLIC, ROUTE_INLINE, 0, 0, on_problem},
    {"GET",            "/long", ROLES_PUBLIC, ROUTE_INLINE, 0, 0, on_long_problem},
    {"GET",      "/second", ROLES_PUBLIC, ROUTE_INLINE, 0, 0, on_second_thought},
    {"GET",         "/file", ROLES_PUBLIC, ROUTE_WORKER, 0, 0, on_file},
    {"GET", "/headers", ROLES_PUBLIC, ROUTE_INLINE, 0, 0, on_headers},
    {NULL           },
};

static void set_up(void)
{
    int fd = mkstemp(path);

    ck_assert_int_eq(write(fd, "0123456789", 10), 10);
    (void)close(fd);
    toy = toy_start(routes, NULL);
}

static void tear_down(void)
{
    toy_stop(toy);
    (void)unlink(path);
}

static void expect(const char *method, const char *where, const char *status, const char *contains)
{
    AUTO_FREE char *reply = toy_ask(toy, method, where, "", NULL);

    ck_assert_msg(strstr(reply, status) != NULL, "no '%s' in '%s'", status, reply);
    ck_assert_msg(strstr(reply, contains) != NULL, "no '%s' in '%s'", contains, reply);
}

START_TEST(json_has_its_type_and_can_be_copied)
{
    expect("GET", "/json", "HTTP/1.1 201", "Content-Type: application/json");
    expect("GET", "/json", "Location: /there", "\r\n\r\n{\"n\":1}");
}
END_TEST

START_TEST(problems_have_type_detail_and_members)
{
    expect("GET", "/problem", "HTTP/1.1 418", "application/problem+json");
    expect("GET", "/problem", "\"detail\":\"'it' is broken\"", PROBLEM_TYPE_BASE "toy-broken");
    expect("GET", "/problem", "\"expected\":\"whole\"", "\"status\":418");
}
END_TEST

START_TEST(a_long_detail_is_cut_between_characters)
{
    expect("GET", "/long", "HTTP/1.1 400", "x\xc3\xbc\xc3\xbc");
}
END_TEST

START_TEST(the_last_word_counts)
{
    expect("GET", "/second", "HTTP/1.1 409", "no, not so");
}
END_TEST

START_TEST(sends_parts_of_files)
{
    expect("GET", "/file", "HTTP/1.1 206", "\r\n\r\n23456");
    expect("HEAD", "/file", "HTTP/1.1 206", "Content-Length: 5");
}
END_TEST

START_TEST(long_headers_are_sent_whole)
{
    expect("GET", "/headers", "HTTP/1.1 204", "X-Number: 42");
    expect("GET", "/headers", "X-Long: vvv", "vvvv\r\n");
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("http/reply", set_up, tear_down, json_has_its_type_and_can_be_copied,
                          problems_have_type_detail_and_members,
                          a_long_detail_is_cut_between_characters, the_last_word_counts,
                          sends_parts_of_files, long_headers_are_sent_whole);
}
