/* SPDX-License-Identifier: Apache-2.0 */
#include "http/page.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "suite.h"
#include "toy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Answers what it understood, and a cursor to what stands in ?key=. */
static int echo(const struct call *call, struct reply *reply)
{
    const char *key = request_query(call->request, "key");
    struct page page;
    int r = page_parse(call, &page, reply);

    if (r)
        return r == PAGE_E_REFUSED ? 0 : r;
    page_reply(reply,
               json_pack("[{s:I, s:s?}]", "limit", (json_int_t)page.limit, "after", page.after),
               key);
    return 0;
}

static int echo_id(const struct call *call, struct reply *reply)
{
    struct page page;
    int r = page_parse_id(call, &page, reply);

    if (r)
        return r == PAGE_E_REFUSED ? 0 : r;
    page_reply_id(reply, json_pack("[I]", (json_int_t)page.after_id), page.after_id < INT64_MAX,
                  INT64_MAX);
    return 0;
}

static const struct route routes[] = {
    {"GET",         "/texts", ROLES_PUBLIC, ROUTE_WORKER, 0, 0, echo},
    {"GET", "/ids", ROLES_PUBLIC, ROUTE_WORKER, 0, 0, echo_id},
    {NULL           },
};

static char *ask(const struct toy *toy, const char *path)
{
    return toy_ask(toy, "GET", path, "", "");
}

/* The path of the page behind this one. */
static void follow(const char *reply, const char *path, char *ret_path, size_t size)
{
    static const char mark[] = "\"next\":\"";
    const char *next = strstr(reply, mark);

    ck_assert_msg(next, "no cursor in: %s", reply);
    next += strlen(mark);
    (void)snprintf(ret_path, size, "%s?after=%.*s", path, (int)strcspn(next, "\""), next);
}

START_TEST(a_cursor_comes_back_as_the_key_that_it_was)
{
    static const char *const keys[] = {"a", "ab", "abc", "digits", "~~~???", "1.0.0%2Brc"};
    struct toy *toy = toy_start(routes, &(struct toy_settings){0});
    char path[512];

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        (void)snprintf(path, sizeof(path), "/texts?key=%s", keys[i]);
        AUTO_FREE char *first = ask(toy, path);
        ck_assert_ptr_nonnull(strstr(first, "\"limit\":100,\"after\":null"));
        follow(first, "/texts", path, sizeof(path));
        AUTO_FREE char *second = ask(toy, path);
        ck_assert_ptr_nonnull(strstr(second, "\"after\":\""));
        ck_assert_ptr_nonnull(strstr(second, "\"next\":null"));
    }
    toy_stop(toy);
}
END_TEST

START_TEST(a_number_comes_back_as_a_number)
{
    struct toy *toy = toy_start(routes, &(struct toy_settings){0});
    char path[512];

    AUTO_FREE char *first = ask(toy, "/ids");
    follow(first, "/ids", path, sizeof(path));
    AUTO_FREE char *second = ask(toy, path);
    ck_assert_ptr_nonnull(strstr(second, "[9223372036854775807]"));
    toy_stop(toy);
}
END_TEST

START_TEST(what_is_no_cursor_or_limit_is_refused)
{
    static const char *const paths[] = {
        "/texts?limit=0",  "/texts?limit=1001", "/texts?limit=",   "/texts?limit=+5",
        "/texts?limit=5x", "/texts?after=",     "/texts?after=A",  "/texts?after=!",
        "/texts?after=AA", "/texts?after=YQ==", "/texts?after=_w", "/ids?after=YQ",
        "/ids?after=MA",   "/ids?after=LTE",
    };
    struct toy *toy = toy_start(routes, &(struct toy_settings){0});

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        AUTO_FREE char *reply = ask(toy, paths[i]);
        ck_assert_msg(strncmp(reply, "HTTP/1.1 400", 12) == 0, "%s: %s", paths[i], reply);
        ck_assert_ptr_nonnull(strstr(reply, "invalid-field"));
    }
    toy_stop(toy);
}
END_TEST

int main(void)
{
    return SUITE_RUN("http/page", a_cursor_comes_back_as_the_key_that_it_was,
                     a_number_comes_back_as_a_number, what_is_no_cursor_or_limit_is_refused);
}
