/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/http.h"

#include <check.h>
#include <string.h>

static struct http_response response_of(int status, const char *headers, const char *body)
{
    struct http_response response = {.status = status};

    response.headers = BUFFER(HTTP_HEADERS_BYTES_MAX);
    response.body = BUFFER(HTTP_PROBLEM_BYTES_MAX);
    buffer_append_text(&response.headers, headers);
    buffer_append_text(&response.body, body);
    return response;
}

START_TEST(finds_headers_whatever_their_case)
{
    struct http_response response =
        response_of(200, "ETag: \"7\"\r\ncontent-length:  12 \r\nX: \r\n", "");

    ck_assert_str_eq(http_response_header(&response, "etag"), "\"7\"");
    ck_assert_str_eq(http_response_header(&response, "Content-Length"), "12");
    ck_assert_str_eq(http_response_header(&response, "ETag"), "\"7\"");
    ck_assert_str_eq(http_response_header(&response, "x"), "");
    ck_assert_ptr_null(http_response_header(&response, "ETa"));
    ck_assert_ptr_null(http_response_header(&response, "Missing"));
    ck_assert_int_eq(http_response_number(&response, "Content-Length", -1), 12);
    ck_assert_int_eq(http_response_number(&response, "ETag", -1), -1);
    http_response_release(&response);
}
END_TEST

START_TEST(explains_problem_documents)
{
    static const struct {
        int status;
        const char *body;
        const char *text;
        const char *type;
    } rows[] = {
        {200, "",                                                                "",                                   ""              },
        {502, "<html>",                                                          "the server answered 502",            ""              },
        {500, "[]",                                                              "the server answered 500",            ""              },
        {409,
         "{\"type\":\"https://x/problems/version-exists\",\"detail\":\"version exists\","
         "\"request_id\":\"01J9\"}",                                             "version exists (409, request 01J9)", "version-exists"},
        {404, "{\"type\":\"urn:mf:unknown-model\",\"title\":\"unknown model\"}",
         "unknown model (404)",                                                                                        "unknown-model" },
        {400, "{\"detail\":7}",                                                  "the server answered 400",            ""              },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_response response = response_of(rows[i].status, "", rows[i].body);
        char text[200];
        char type[100];

        http_response_explain(&response, text, sizeof(text));
        http_response_problem(&response, type, sizeof(type));
        ck_assert_str_eq(text, rows[i].text);
        ck_assert_str_eq(type, rows[i].type);
        http_response_release(&response);
    }
}
END_TEST

START_TEST(refuses_what_is_not_http)
{
    static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x/"};

    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct http_settings settings = {0};
        struct http *http;
        struct http_response response = {0};
        struct http_request request = {.url = urls[i]};

        ck_assert_int_eq(http_new(&settings, &http), 0);
        ck_assert_int_eq(http_request(http, &request, &response), HTTP_E_USAGE);
        ck_assert_int_eq(response.status, 0);
        ck_assert_ptr_nonnull(strstr(response.error, urls[i]));
        http_response_release(&response);
        http_free(http);
    }
}
END_TEST

START_TEST(says_when_nobody_listens)
{
    struct http_settings settings = {0};
    struct http *http;
    struct http_response response = {0};
    struct http_request request = {.url = "http://127.0.0.1:1/"};

    ck_assert_int_eq(http_new(&settings, &http), 0);
    ck_assert_int_eq(http_request(http, &request, &response), HTTP_E_UNREACHABLE);
    http_response_release(&response);
    http_free(http);
}
END_TEST

START_TEST(refuses_line_breaks_in_headers)
{
    struct http_settings settings = {0};
    struct http *http;
    struct http_response response = {0};
    struct http_header header = {"X", "a\r\nAuthorization: b"};
    struct http_request request = {
        .url = "http://127.0.0.1:1/", .headers = &header, .header_count = 1};

    ck_assert_int_eq(http_new(&settings, &http), 0);
    ck_assert_int_lt(http_request(http, &request, &response), 0);
    http_response_release(&response);
    http_free(http);
}
END_TEST

START_TEST(escapes_what_is_reserved)
{
    struct buffer url = BUFFER(100);

    http_escape(&url, "a-b_c.d~1/?+ \xc3\xa9");
    ck_assert_str_eq(url.bytes, "a-b_c.d~1%2F%3F%2B%20%C3%A9");
    buffer_release(&url);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib/http");
    TCase *tcase = tcase_create("http");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, finds_headers_whatever_their_case);
    tcase_add_test(tcase, explains_problem_documents);
    tcase_add_test(tcase, refuses_what_is_not_http);
    tcase_add_test(tcase, says_when_nobody_listens);
    tcase_add_test(tcase, refuses_line_breaks_in_headers);
    tcase_add_test(tcase, escapes_what_is_reserved);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
