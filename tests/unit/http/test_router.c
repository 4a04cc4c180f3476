/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include "base/cleanup.h"
#include "http/router.h"

#include <string.h>

static const struct route routes[] = {
    {"GET",  "/a", 0, ROUTE_INLINE, 0, 0, NULL},
    {"POST",     "/a", 0, ROUTE_INLINE, 0, 0, NULL},
    {"GET",     "/a/{x}", 0, ROUTE_INLINE, 0, 0, NULL},
    {"HEAD",  "/a/{x}", 0, ROUTE_INLINE, 0, 0, NULL},
    {"DELETE", "/a/{x}", 0, ROUTE_INLINE, 0, 0, NULL},
    {"GET",     "/a/{x}/b/{y}", 0, ROUTE_INLINE, 0, 0, NULL},
    {NULL    },
};

static int match(const char *method, const char *path, struct route_match *ret_match,
                 char ret_allow[static ROUTER_ALLOW_SIZE])
{
    return router_match(routes, method, path, ret_match, ret_allow);
}

START_TEST(finds_routes_by_method_and_path)
{
    static const struct {
        const char *method;
        const char *path;
        int outcome;
        int route;
    } cases[] = {
        {"GET",    "/a",         0,                  0},
        {"POST",   "/a",         0,                  1},
        {"HEAD",   "/a",         0,                  0},
        {"GET",    "/a/1",       0,                  2},
        {"HEAD",   "/a/1",       0,                  3},
        {"DELETE", "/a/1",       0,                  4},
        {"GET",    "/a/1/b/2",   0,                  5},
        {"PUT",    "/a",         ROUTER_E_METHOD,    0},
        {"DELETE", "/a",         ROUTER_E_METHOD,    0},
        {"GET",    "/",          ROUTER_E_NOT_FOUND, 0},
        {"GET",    "",           ROUTER_E_NOT_FOUND, 0},
        {"GET",    "/a/",        ROUTER_E_NOT_FOUND, 0},
        {"GET",    "/b",         ROUTER_E_NOT_FOUND, 0},
        {"GET",    "/a/1/",      ROUTER_E_NOT_FOUND, 0},
        {"GET",    "/a/1/b",     ROUTER_E_NOT_FOUND, 0},
        {"GET",    "/a/1/b/",    ROUTER_E_NOT_FOUND, 0},
        {"GET",    "/a/1/b/2/c", ROUTER_E_NOT_FOUND, 0},
        {"GET",    "/a//b/2",    ROUTER_E_NOT_FOUND, 0},
        {"get",    "/a",         ROUTER_E_METHOD,    0},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char allow[ROUTER_ALLOW_SIZE];
        struct route_match found;

        ck_assert_msg(match(cases[i].method, cases[i].path, &found, allow) == cases[i].outcome,
                      "%s %s", cases[i].method, cases[i].path);
        if (cases[i].outcome == 0)
            ck_assert_ptr_eq(found.route, &routes[cases[i].route]);
    }
}
END_TEST

START_TEST(captures_whole_segments_as_they_are)
{
    char allow[ROUTER_ALLOW_SIZE];
    struct route_match found;

    ck_assert_int_eq(match("GET", "/a/x%2Fy/b/1.0.0+2", &found, allow), 0);
    ck_assert_uint_eq(found.captures, 2);
    ck_assert_int_eq(strncmp(found.capture[0].name, "x", found.capture[0].name_length), 0);
    ck_assert_uint_eq(found.capture[0].value_length, strlen("x%2Fy"));
    ck_assert_int_eq(strncmp(found.capture[1].value, "1.0.0+2", 7), 0);
}
END_TEST

START_TEST(says_what_is_allowed)
{
    char allow[ROUTER_ALLOW_SIZE];
    struct route_match found;

    ck_assert_int_eq(match("PUT", "/a", &found, allow), ROUTER_E_METHOD);
    ck_assert_str_eq(allow, "GET, HEAD, POST");
    ck_assert_int_eq(match("PUT", "/a/1", &found, allow), ROUTER_E_METHOD);
    ck_assert_str_eq(allow, "GET, HEAD, DELETE");
}
END_TEST

int main(void)
{
    return SUITE_RUN("http/router", finds_routes_by_method_and_path,
                     captures_whole_segments_as_they_are, says_what_is_allowed);
}
