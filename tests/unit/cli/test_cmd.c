/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"

#include <sys/stat.h>

/* What commands do without a server; tests/integration drives the rest. */
static struct stage stage;

START_TEST(keys_are_made_once_for_their_owner_only)
{
    struct stat stat_;
    const char *path;

    stage_open(&stage);
    ck_assert_int_eq(STAGE_RUN(&stage, "keys", "init", "--name", "ann"), CLI_OK);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "is not sealed"));
    path = arena_printf(&stage.cli.arena, "%s/.config/modelferry/keys/ann.json", stage.home);
    ck_assert_int_eq(stat(path, &stat_), 0);
    ck_assert_uint_eq(stat_.st_mode & 0777, 0600);
    ck_assert_int_eq(STAGE_RUN(&stage, "keys", "init", "--name", "ann"), CLI_FAILED);
    ck_assert_int_eq(STAGE_RUN(&stage, "keys", "init", "--name", "../ann"), CLI_USAGE);
    stage_close(&stage);
}
END_TEST

START_TEST(what_keys_show_prints_is_a_key_file_without_the_secret)
{
    json_auto_t *printed = NULL;
    const char *path;

    stage_open(&stage);
    ck_assert_int_eq(STAGE_RUN(&stage, "keys", "init", "-q"), CLI_OK);
    (void)stage_out(&stage);
    rewind(stage.cli.output.out);
    ck_assert_int_eq(STAGE_RUN(&stage, "keys", "show", "--json"), CLI_OK);
    printed = json_loads(stage_out(&stage), JSON_DISABLE_EOF_CHECK, NULL);
    ck_assert_ptr_nonnull(json_object_get(printed, "key"));
    ck_assert_ptr_null(json_object_get(printed, "secret"));
    path = arena_printf(&stage.cli.arena, "%s/public.json", stage.home);
    ck_assert_int_eq(json_dump_file(printed, path, 0), 0);
    ck_assert_int_eq(STAGE_RUN(&stage, "keys", "show", path), CLI_OK);
    ck_assert_int_eq(STAGE_RUN(&stage, "sign", "a@1", "--key", path), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "only the public half"));
    stage_close(&stage);
}
END_TEST

START_TEST(completion_knows_every_command)
{
    stage_open(&stage);
    ck_assert_int_eq(STAGE_RUN(&stage, "completion", "bash"), CLI_OK);
    for (const struct options_command *c = commands_table; c->words; c++)
        ck_assert_ptr_nonnull(
            strstr(stage_out(&stage), arena_printf(&stage.cli.arena, "\n%s|", c->words)));
    stage_close(&stage);
}
END_TEST

START_TEST(logout_forgets_only_what_is_there)
{
    stage_open(&stage);
    ck_assert_int_eq(STAGE_RUN(&stage, "logout"), CLI_FAILED);
    ck_assert_int_eq(STAGE_RUN(&stage, "logout", "--profile", "../x"), CLI_USAGE);
    stage_close(&stage);
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/cmd", keys_are_made_once_for_their_owner_only,
                     what_keys_show_prints_is_a_key_file_without_the_secret,
                     completion_knows_every_command, logout_forgets_only_what_is_there);
}
