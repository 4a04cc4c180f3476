/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keys/passphrase.h"

#include "base/cleanup.h"
#include "suite.h"
#include "terminal.h"

#include <sys/stat.h>

static struct stage stage;
static struct passphrase got;

static void set_up(void)
{
    stage_open(&stage);
}

static void tear_down(void)
{
    stage_close(&stage);
}

/* A file in the home. */
static const char *put(const char *name, const char *text, mode_t mode)
{
    const char *path = arena_printf(&stage.cli.arena, "%s/%s", stage.home, name);

    ck_assert_int_eq(file_replace(AT_FDCWD, path, text, strlen(text), 0600), 0);
    ck_assert_int_eq(chmod(path, mode), 0);
    return path;
}

START_TEST(takes_the_first_line_of_a_file)
{
    stage.cli.flags.passphrase_file = put("p", "open sesame\nnot this\n", 0600);
    ck_assert(passphrase_possible(&stage.cli) && !passphrase_asks_people(&stage.cli));
    ck_assert_int_eq(passphrase_read(&stage.cli, "key 'ann'", &got), 0);
    ck_assert_str_eq(got.text, "open sesame");
}
END_TEST

START_TEST(takes_it_from_a_descriptor)
{
    int pipes[2];

    ck_assert_int_eq(pipe(pipes), 0);
    ck_assert_int_eq(write(pipes[1], "open ", 5), 5);
    ck_assert_int_eq(write(pipes[1], "sesame\n", 7), 7);
    (void)close(pipes[1]);
    stage.cli.flags.passphrase_file = arena_printf(&stage.cli.arena, "/dev/fd/%d", pipes[0]);
    ck_assert_int_eq(passphrase_read(&stage.cli, "key 'ann'", &got), 0);
    ck_assert_str_eq(got.text, "open sesame");
    (void)close(pipes[0]);
}
END_TEST

START_TEST(the_flag_comes_before_the_environment)
{
    ck_assert(!passphrase_possible(&stage.cli));
    ck_assert_int_eq(setenv("MODELFERRY_PASSPHRASE", "of the variable", 1), 0);
    ck_assert_int_eq(passphrase_read(&stage.cli, "key 'ann'", &got), 0);
    ck_assert_str_eq(got.text, "of the variable");
    ck_assert_int_eq(setenv("MODELFERRY_PASSPHRASE_FILE", put("v", "of its file", 0400), 1), 0);
    ck_assert_int_eq(passphrase_read(&stage.cli, "key 'ann'", &got), 0);
    ck_assert_str_eq(got.text, "of its file");
    stage.cli.flags.passphrase_file = put("f", "of the flag", 0600);
    ck_assert_int_eq(passphrase_read(&stage.cli, "key 'ann'", &got), 0);
    ck_assert_str_eq(got.text, "of the flag");
}
END_TEST

START_TEST(says_where_it_could_come_from)
{
    ck_assert_int_eq(passphrase_read(&stage.cli, "key 'ann'", &got), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "key 'ann' is sealed"));
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "--passphrase-file"));
}
END_TEST

static const struct {
    const char *text;
    mode_t mode;
    const char *why;
} bad_files[] = {
    {"open sesame", 0644, "chmod 600"},
    {"open sesame", 0620, "chmod 600"},
    {"",            0600, "is empty" },
    {"\nsecond",    0600, "is empty" },
};

START_TEST(refuses_bad_files)
{
    char *long_line = arena_alloc(&stage.cli.arena, PASSPHRASE_BYTES_MAX + 3);

    for (size_t i = 0; i < ARRAY_LEN(bad_files); i++) {
        stage.cli.flags.passphrase_file = put("p", bad_files[i].text, bad_files[i].mode);
        ck_assert_int_eq(passphrase_read(&stage.cli, "key 'ann'", &got), CLI_FAILED);
        ck_assert_ptr_nonnull(strstr(stage_err(&stage), bad_files[i].why));
    }
    memset(long_line, 'x', PASSPHRASE_BYTES_MAX + 2);
    stage.cli.flags.passphrase_file = put("p", long_line, 0600);
    ck_assert_int_eq(passphrase_read(&stage.cli, "key 'ann'", &got), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "longer than"));
    long_line[PASSPHRASE_BYTES_MAX] = '\0';
    stage.cli.flags.passphrase_file = put("p", long_line, 0600);
    ck_assert_int_eq(passphrase_read(&stage.cli, "key 'ann'", &got), 0);
    stage.cli.flags.passphrase_file = "/no/such/file";
    ck_assert_int_eq(passphrase_read(&stage.cli, "key 'ann'", &got), CLI_FAILED);
}
END_TEST

START_TEST(a_new_one_is_not_too_short)
{
    stage.cli.flags.passphrase_file = put("p", "1234567", 0600);
    ck_assert_int_eq(passphrase_choose(&stage.cli, "key 'ann'", &got), CLI_FAILED);
    stage.cli.flags.passphrase_file = put("p", "12345678", 0600);
    ck_assert_int_eq(passphrase_choose(&stage.cli, "key 'ann'", &got), 0);
}
END_TEST

/* Else a change in CI would quietly seal with the old one again. */
START_TEST(a_change_does_not_take_the_old_one)
{
    stage.cli.flags.passphrase_file = put("p", "open sesame", 0600);
    ck_assert_int_eq(setenv("MODELFERRY_PASSPHRASE", "open sesame", 1), 0);
    ck_assert_int_eq(passphrase_change(&stage.cli, "key 'ann'", &got), CLI_USAGE);
    stage.cli.flags.new_passphrase_file = put("n", "another one", 0600);
    ck_assert_int_eq(passphrase_change(&stage.cli, "key 'ann'", &got), 0);
    ck_assert_str_eq(got.text, "another one");
}
END_TEST

START_TEST(leaves_nothing_behind)
{
    static const struct passphrase zero;

    stage.cli.flags.passphrase_file = put("p", "open sesame\nnot this\n", 0600);
    ck_assert_int_eq(passphrase_read(&stage.cli, "key 'ann'", &got), 0);
    passphrase_wipe(&got);
    ck_assert_mem_eq(&got, &zero, sizeof(got));
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("cli/passphrase", set_up, tear_down, takes_the_first_line_of_a_file,
                          takes_it_from_a_descriptor, the_flag_comes_before_the_environment,
                          says_where_it_could_come_from, refuses_bad_files,
                          a_new_one_is_not_too_short, a_change_does_not_take_the_old_one,
                          leaves_nothing_behind);
}
