/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include "stage.h"
#include "suite.h"

static struct stage stage;

START_TEST(errors_say_the_problem_then_what_to_do)
{
    stage_open(&stage);
    ck_assert_int_eq(output_fail(&stage.cli.output, CLI_FAILED, "do this", "cannot %s", "that"),
                     CLI_FAILED);
    ck_assert_str_eq(stage_err(&stage), "modelferry: cannot that\n  do this\n");
    ck_assert_str_eq(stage_out(&stage), "");
    stage_close(&stage);
}
END_TEST

START_TEST(errors_are_one_json_object_a_line_with_json)
{
    json_auto_t *problem = json_pack("{s:s}", "type", "/problems/x");
    json_auto_t *printed = NULL;

    stage_open(&stage);
    stage.cli.output.json = true;
    (void)output_fail_problem(&stage.cli.output, CLI_UNREACHABLE, "wait", problem, "two\nlines");
    ck_assert_uint_eq(strlen(strchr(stage_err(&stage), '\n')), 1);
    printed = json_loads(stage_err(&stage), 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(printed, "error")), "two\\x0alines");
    ck_assert_int_eq(json_integer_value(json_object_get(printed, "exit")), CLI_UNREACHABLE);
    ck_assert_str_eq(json_string_value(json_object_get(printed, "hint")), "wait");
    ck_assert(json_equal(json_object_get(printed, "problem"), problem));
    stage_close(&stage);
}
END_TEST

START_TEST(notes_are_for_people_and_warnings_for_all)
{
    stage_open(&stage);
    stage.cli.output.quiet = true;
    output_note(&stage.cli.output, "a note");
    output_warn(&stage.cli.output, "a warning");
    ck_assert_str_eq(stage_err(&stage), "warning: a warning\n");
    stage.cli.output.quiet = false;
    output_note(&stage.cli.output, "a note");
    ck_assert_str_eq(stage_err(&stage), "warning: a warning\na note\n");
    stage_close(&stage);
}
END_TEST

START_TEST(what_is_no_terminal_gets_no_colours)
{
    stage_open(&stage);
    ck_assert(!stage.cli.output.out_colour);
    ck_assert(!stage.cli.output.err_colour);
    ck_assert(!stage.cli.output.err_terminal);
    ck_assert_str_eq(output_style(false, OUTPUT_BAD), "");
    ck_assert_str_eq(output_style(true, OUTPUT_BAD), "\x1b[31m");
    stage_close(&stage);
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/output", errors_say_the_problem_then_what_to_do,
                     errors_are_one_json_object_a_line_with_json,
                     notes_are_for_people_and_warnings_for_all,
                     what_is_no_terminal_gets_no_colours);
}
