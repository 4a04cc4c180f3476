/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keystore.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"

static struct stage stage;

static void make(const char *name)
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    const char *path;

    ck_assert_int_eq(key_generate(name, &pair), 0);
    ck_assert_int_eq(keystore_create(&stage.cli, NULL, &pair, &path), 0);
}

START_TEST(finds_the_key_that_is_meant)
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};

    stage_open(&stage);
    ck_assert_int_eq(keystore_read(&stage.cli, NULL, true, &pair, NULL), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "modelferry keys init"));
    make("ann");
    ck_assert_int_eq(keystore_read(&stage.cli, NULL, true, &pair, NULL), 0);
    ck_assert_str_eq(pair.name, "ann");
    make("bob");
    ck_assert_int_eq(keystore_read(&stage.cli, NULL, true, &pair, NULL), CLI_USAGE);
    make("default");
    ck_assert_int_eq(keystore_read(&stage.cli, NULL, true, &pair, NULL), 0);
    ck_assert_str_eq(pair.name, "default");
    ck_assert_int_eq(keystore_read(&stage.cli, "bob", true, &pair, NULL), 0);
    ck_assert_str_eq(pair.name, "bob");
    stage_close(&stage);
}
END_TEST

START_TEST(never_overwrites_a_key)
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    const char *path;

    stage_open(&stage);
    make("ann");
    ck_assert_int_eq(key_generate("ann", &pair), 0);
    ck_assert_int_eq(keystore_create(&stage.cli, NULL, &pair, &path), CLI_FAILED);
    stage_close(&stage);
}
END_TEST

START_TEST(lists_keys_sorted_and_nothing_else)
{
    const char **names;
    const char *stray;
    size_t count;

    stage_open(&stage);
    ck_assert_int_eq(keystore_list(&stage.cli, &names, &count), 0);
    ck_assert_uint_eq(count, 0);
    make("bob");
    make("ann");
    stray = arena_printf(&stage.cli.arena, "%s/.config/modelferry/keys/notes.txt", stage.home);
    ck_assert_int_eq(file_replace(AT_FDCWD, stray, "x", 1, 0600), 0);
    ck_assert_int_eq(keystore_list(&stage.cli, &names, &count), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(names[0], "ann");
    ck_assert_str_eq(names[1], "bob");
    stage_close(&stage);
}
END_TEST

START_TEST(says_where_a_key_is_missing)
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};

    stage_open(&stage);
    ck_assert_int_eq(keystore_read(&stage.cli, "nobody", true, &pair, NULL), CLI_FAILED);
    ck_assert_int_eq(keystore_read(&stage.cli, "./nobody", true, &pair, NULL), CLI_FAILED);
    ck_assert_int_eq(keystore_read(&stage.cli, "Not A Name", true, &pair, NULL), CLI_USAGE);
    stage_close(&stage);
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/keystore", finds_the_key_that_is_meant, never_overwrites_a_key,
                     lists_keys_sorted_and_nothing_else, says_where_a_key_is_missing);
}
