/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/server.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"

static struct stage stage;

static void store(const char *name, const char *url, const char *token)
{
    struct profile profile = {name, url, token, NULL};
    const char *error;

    ck_assert_int_eq(profile_write(&stage.cli.arena, &profile, &error), 0);
}

static void expect(const char *url, const char *token)
{
    CLEANUP(server_close) struct server server = {0};

    ck_assert_int_eq(server_open(&stage.cli, &server), 0);
    ck_assert_str_eq(server.url, url);
    ck_assert_str_eq(server.token, token);
}

START_TEST(finds_the_server_that_is_meant)
{
    CLEANUP(server_close) struct server server = {0};

    stage_open(&stage);
    ck_assert_int_eq(server_open(&stage.cli, &server), CLI_USAGE);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "modelferry login"));
    store("default", "https://a", "mft_a");
    store("lab", "https://b", "mft_b");
    expect("https://a", "mft_a");
    ck_assert_int_eq(setenv("MODELFERRY_PROFILE", "lab", 1), 0);
    expect("https://b", "mft_b");
    ck_assert_int_eq(setenv("MODELFERRY_TOKEN", "mft_c", 1), 0);
    expect("https://b", "mft_c");
    ck_assert_int_eq(setenv("MODELFERRY_URL", "https://c/", 1), 0);
    expect("https://c", "mft_c");
    stage.cli.flags.profile = "default";
    expect("https://a", "mft_a");
    stage_close(&stage);
}
END_TEST

START_TEST(sends_a_stored_token_to_no_other_server)
{
    CLEANUP(server_close) struct server server = {0};

    stage_open(&stage);
    store("default", "https://a", "mft_a");
    ck_assert_int_eq(setenv("MODELFERRY_URL", "https://c", 1), 0);
    ck_assert_int_eq(server_open(&stage.cli, &server), CLI_USAGE);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "MODELFERRY_TOKEN is not"));
    stage_close(&stage);
}
END_TEST

START_TEST(escapes_what_goes_into_an_address)
{
    CLEANUP(server_close) struct server server = {0};

    stage_open(&stage);
    store("default", "https://a/ferry", "mft_a");
    ck_assert_int_eq(server_open(&stage.cli, &server), 0);
    ck_assert_str_eq(SERVER_ADDRESS(&server, "models", "a/../b", "versions", "1.0.0+x"),
                     "https://a/ferry/api/v1/models/a%2F..%2Fb/versions/1.0.0%2Bx");
    stage_close(&stage);
}
END_TEST

static int report(int outcome, int status, const char *body)
{
    CLEANUP(server_close) struct server server = {0};
    CLEANUP(http_response_release)
    struct http_response response = {.status = status, .body = BUFFER(65536)};

    if (body)
        buffer_append_text(&response.body, body);
    (void)snprintf(response.error, sizeof(response.error), "%s", outcome ? "it broke" : "");
    server.cli = &stage.cli;
    return server_report(&server, "do it", outcome, &response);
}

START_TEST(tells_what_went_wrong_by_exit_status)
{
    static const struct {
        int outcome;
        int status;
        int exit;
    } rows[] = {
        {HTTP_E_UNREACHABLE, 0,   CLI_UNREACHABLE},
        {HTTP_E_TLS,         0,   CLI_UNREACHABLE},
        {HTTP_E_TIMEOUT,     0,   CLI_UNREACHABLE},
        {HTTP_E_CUT,         0,   CLI_UNREACHABLE},
        {HTTP_E_ABORTED,     0,   CLI_INTERRUPTED},
        {HTTP_E_USAGE,       0,   CLI_USAGE      },
        {0,                  401, CLI_FAILED     },
        {0,                  403, CLI_FAILED     },
        {0,                  404, CLI_FAILED     },
        {0,                  409, CLI_FAILED     },
        {0,                  500, CLI_FAILED     },
        {0,                  503, CLI_UNREACHABLE},
    };

    stage_open(&stage);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        ck_assert_int_eq(report(rows[i].outcome, rows[i].status, NULL), rows[i].exit);
    stage_close(&stage);
}
END_TEST

START_TEST(shows_detail_request_and_what_was_expected)
{
    stage_open(&stage);
    ck_assert_int_eq(report(0, 422,
                            "{\"type\":\"/problems/bad-signature\",\"title\":\"Bad signature\","
                            "\"status\":422,\"detail\":\"no key of the model signed it\","
                            "\"request_id\":\"01J9\",\"expected_keyids\":[\"aa\",\"bb\"]}"),
                     CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "cannot do it: no key of the model signed it"));
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "01J9"));
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "expected_keyids: aa, bb; sign with a key"));
    stage_close(&stage);
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/server", finds_the_server_that_is_meant,
                     sends_a_stored_token_to_no_other_server, escapes_what_goes_into_an_address,
                     tells_what_went_wrong_by_exit_status,
                     shows_detail_request_and_what_was_expected);
}
