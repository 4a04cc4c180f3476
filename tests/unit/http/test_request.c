/* SPDX-License-Identifier: Apache-2.0 */
/* What handlers see of a request, by way of real sockets. */
#include "suite.h"
#include "toy.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct toy *toy;

static int on_describe(const struct call *call, struct reply *reply)
{
    const struct request *request = call->request;

    reply_json(reply, 200,
               json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:s?, s:I}", "method",
                         request_method(request), "path", request_path(request), "peer",
                         request_peer(request), "id", request_id(request), "name",
                         request_param(request, "name"), "q", request_query(request, "q"), "header",
                         request_header(request, "x-toy"), "length",
                         (json_int_t)request_content_length(request)));
    return 0;
}

static const struct route routes[] = {
    {"GET",         "/inline/{name}", ROLES_PUBLIC, ROUTE_INLINE, 0, 0, on_describe},
    {"POST", "/worker/{name}", ROLES_PUBLIC, ROUTE_WORKER, 100, 0, on_describe},
    {"PUT",            "/stream/{name}", ROLES_PUBLIC, ROUTE_STREAM, 0, 0, on_describe},
    {NULL },
};

/* The body of the reply as JSON. */
static json_t *describe(const char *method, const char *path, const char *headers, const char *body)
{
    char *reply = toy_ask(toy, method, path, headers, body);
    char *start = strstr(reply, "\r\n\r\n");
    json_t *root;

    ck_assert_ptr_nonnull(start);
    root = json_loads(start + 4, 0, NULL);
    ck_assert_msg(root != NULL, "no JSON: '%s'", reply);
    free(reply);
    return root;
}

static void check(json_t *root, const char *name, const char *value)
{
    ck_assert_str_eq(json_string_value(json_object_get(root, name)), value);
}

START_TEST(shows_the_same_in_every_mode)
{
    static const struct {
        const char *method;
        const char *path;
        const char *body;
    } modes[] = {
        {"GET",  "/inline/a%20b?q=1+2", NULL },
        {"POST", "/worker/a%20b?q=1+2", "abc"},
        {"PUT",  "/stream/a%20b?q=1+2", "abc"},
    };

    toy = toy_start(routes, NULL);
    for (size_t i = 0; i < 3; i++) {
        json_t *root = describe(modes[i].method, modes[i].path, "X-Toy: yes\r\n", modes[i].body);

        check(root, "method", modes[i].method);
        check(root, "name", "a b");
        check(root, "q", "1 2");
        check(root, "header", "yes");
        check(root, "peer", "127.0.0.1");
        ck_assert_uint_eq(json_string_length(json_object_get(root, "id")), 26);
        ck_assert_int_eq(json_integer_value(json_object_get(root, "length")), i ? 3 : 0);
        json_decref(root);
    }
    toy_stop(toy);
}
END_TEST

START_TEST(what_is_absent_is_null)
{
    toy = toy_start(routes, NULL);
    json_t *root = describe("GET", "/inline/x", "", NULL);

    ck_assert(json_is_null(json_object_get(root, "q")));
    ck_assert(json_is_null(json_object_get(root, "header")));
    json_decref(root);
    toy_stop(toy);
}
END_TEST

START_TEST(takes_the_absolute_form)
{
    toy = toy_start(routes, NULL);
    json_t *root = describe("GET", "http://toy:80/inline/x?q=y", "", NULL);

    check(root, "path", "/inline/x");
    check(root, "q", "y");
    json_decref(root);
    toy_stop(toy);
}
END_TEST

int main(void)
{
    return SUITE_RUN("http/request", shows_the_same_in_every_mode, what_is_absent_is_null,
                     takes_the_absolute_form);
}
