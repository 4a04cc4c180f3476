/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/transfer/download.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"

/* What needs no server; tests/integration/test_cli.py cuts real downloads. */
static struct stage stage;
static struct server server;
static struct interrupt interrupt;
static struct manifest_artifact artifact = {.name = "model.onnx", .length = 7};

static void open_all(void)
{
    struct profile profile = {"x", "http://127.0.0.1:1", "mft_x", NULL};

    stage_open(&stage);
    digest_sha256("weights", 7, artifact.sha256);
    ck_assert_int_eq(server_open_profile(&stage.cli, &profile, &server), 0);
    ck_assert_int_eq(interrupt_open(&interrupt), 0);
}

static void close_all(void)
{
    interrupt_close(&interrupt);
    server_close(&server);
    stage_close(&stage);
}

static const char *put(const char *name, const char *text)
{
    const char *path = arena_printf(&stage.cli.arena, "%s/%s", stage.home, name);

    ck_assert_int_eq(file_replace(AT_FDCWD, path, text, strlen(text), 0600), 0);
    return path;
}

START_TEST(leaves_a_file_alone_that_is_right)
{
    open_all();
    (void)put("model.onnx", "weights");
    ck_assert_int_eq(download_artifact(&server, &interrupt, stage.home, &artifact), 0);
    close_all();
}
END_TEST

START_TEST(refuses_to_replace_something_else)
{
    open_all();
    (void)put("model.onnx", "mine");
    ck_assert_int_eq(download_artifact(&server, &interrupt, stage.home, &artifact), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "exists and is something else"));
    close_all();
}
END_TEST

START_TEST(finishes_what_was_whole_already)
{
    const char *part;

    open_all();
    part = put(".model.onnx.part", "weights");
    ck_assert_int_eq(download_artifact(&server, &interrupt, stage.home, &artifact), 0);
    ck_assert_int_ne(access(part, F_OK), 0);
    close_all();
}
END_TEST

START_TEST(throws_away_what_is_whole_and_wrong)
{
    const char *part;

    open_all();
    part = put(".model.onnx.part", "WEIGHTS");
    ck_assert_int_eq(download_artifact(&server, &interrupt, stage.home, &artifact), CLI_UNVERIFIED);
    ck_assert_int_ne(access(part, F_OK), 0);
    close_all();
}
END_TEST

START_TEST(keeps_what_came_where_the_server_is_away)
{
    const char *part;

    open_all();
    part = put(".model.onnx.part", "wei");
    ck_assert_int_eq(download_artifact(&server, &interrupt, stage.home, &artifact),
                     CLI_UNREACHABLE);
    ck_assert_int_eq(access(part, F_OK), 0);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "goes on from there"));
    close_all();
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/download", leaves_a_file_alone_that_is_right,
                     refuses_to_replace_something_else, finishes_what_was_whole_already,
                     throws_away_what_is_whole_and_wrong, keeps_what_came_where_the_server_is_away);
}
