/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prompt.h"

#include "suite.h"
#include "terminal.h"

static struct stage stage;

static void set_up(void)
{
    stage_open(&stage);
}

static void tear_down(void)
{
    stage_close(&stage);
}

START_TEST(reads_a_line_that_is_piped_in)
{
    char text[] = "open sesame\r\nmore";
    char line[64];

    stage.cli.in = fmemopen(text, strlen(text), "r");
    ck_assert(!prompt_possible(&stage.cli));
    ck_assert_int_eq(prompt_secret(&stage.cli, "secret: ", line, sizeof(line)), 0);
    ck_assert_str_eq(line, "open sesame");
    ck_assert_str_eq(stage_err(&stage), ""); /* nobody is there to read a question */
    (void)fclose(stage.cli.in);
}
END_TEST

START_TEST(the_end_of_input_is_an_empty_line)
{
    char line[64] = "x";

    stage.cli.in = fopen("/dev/null", "r");
    ck_assert_int_eq(prompt_secret(&stage.cli, "secret: ", line, sizeof(line)), 0);
    ck_assert_str_eq(line, "");
    (void)fclose(stage.cli.in);
}
END_TEST

START_TEST(ctrl_c_ends_the_question_and_the_terminal_shows_again)
{
    struct terminal terminal;
    char line[64];
    pid_t pid;

    terminal_open(&terminal, &stage, "");
    pid = fork();
    if (pid == 0) {
        struct termios now;

        do /* until it is silent: then it reads */
            (void)tcgetattr(terminal.ours, &now);
        while (now.c_lflag & ECHO);
        (void)!write(terminal.ours, "sec\x03", 4);
        _exit(0);
    }
    ck_assert_int_eq(prompt_secret(&stage.cli, "secret: ", line, sizeof(line)), CLI_INTERRUPTED);
    ck_assert(terminal_shows(&terminal));
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "secret: "));
    terminal_close(&terminal);
}
END_TEST

START_TEST(yes_answers_questions)
{
    stage.cli.flags.yes = true;
    ck_assert_int_eq(prompt_confirm(&stage.cli, "sign it"), 0);
    ck_assert_str_eq(stage_err(&stage), "");
}
END_TEST

START_TEST(asks_nobody_where_nobody_is)
{
    stage.cli.in = fopen("/dev/null", "r");
    ck_assert_int_eq(prompt_confirm(&stage.cli, "sign it"), CLI_USAGE);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "--yes"));
    (void)fclose(stage.cli.in);
}
END_TEST

static const struct {
    const char *typed;
    int status;
} answers[] = {
    {"y\n",         0         },
    {"YES\n",       0         },
    {"n\n",         CLI_FAILED},
    {"\n",          CLI_FAILED},
    {"yesterday\n", CLI_FAILED}
};

START_TEST(only_a_plain_yes_is_one)
{
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct terminal terminal;

        terminal_open(&terminal, &stage, answers[i].typed);
        ck_assert(prompt_possible(&stage.cli));
        ck_assert_int_eq(prompt_confirm(&stage.cli, "sign '%s'", "x"), answers[i].status);
        terminal_close(&terminal);
    }
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "sign 'x'? [y/N] "));
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH(
        "cli/prompt", set_up, tear_down, reads_a_line_that_is_piped_in,
        the_end_of_input_is_an_empty_line, ctrl_c_ends_the_question_and_the_terminal_shows_again,
        yes_answers_questions, asks_nobody_where_nobody_is, only_a_plain_yes_is_one);
}
