/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"

static const struct table_column columns[] = {
    {"NAME", false},
    {"SIZE", true },
    {"NOTE", false},
};

static void fill(struct table *table)
{
    struct table_row *row = table_add(table);

    table_set(table, row, 0, "digits", OUTPUT_BOLD);
    table_setf(table, row, 1, "%d", 7);
    row = table_add(table);
    table_set(table, row, 0, "\xe6\xa8\xa1\xe5\x9e\x8b", OUTPUT_PLAIN);
    table_set(table, row, 1, "12345", OUTPUT_PLAIN);
    table_set(table, row, 2, "two\nlines", OUTPUT_BAD);
}

START_TEST(aligns_columns_without_blanks_at_the_end)
{
    CLEANUP(table_release) struct table table = {.columns = columns, .count = 3};
    struct stage stage;

    stage_open(&stage);
    fill(&table);
    table_print(&table, &stage.cli.output);
    ck_assert_str_eq(stage_out(&stage), "NAME     SIZE  NOTE\n"
                                        "digits      7  -\n"
                                        "\xe6\xa8\xa1\xe5\x9e\x8b    12345  two\\x0alines\n");
    stage_close(&stage);
}
END_TEST

START_TEST(colours_only_where_it_may)
{
    CLEANUP(table_release) struct table table = {.columns = columns, .count = 3};
    struct stage stage;

    stage_open(&stage);
    fill(&table);
    stage.cli.output.out_colour = true;
    table_print(&table, &stage.cli.output);
    ck_assert_ptr_nonnull(strstr(stage_out(&stage), "\x1b[1mdigits\x1b[0m "));
    ck_assert_ptr_nonnull(strstr(stage_out(&stage), "\x1b[31mtwo\\x0alines\x1b[0m\n"));
    stage_close(&stage);
}
END_TEST

START_TEST(prints_sheets)
{
    CLEANUP(table_release) struct table sheet = {0};
    struct stage stage;

    stage_open(&stage);
    table_pair(&sheet, "name", "digits");
    table_pairf(&sheet, "versions", "%d", 3);
    table_pair(&sheet, "tags", NULL);
    table_print_sheet(&sheet, &stage.cli.output);
    ck_assert_str_eq(stage_out(&stage), "name      digits\nversions  3\ntags      -\n");
    stage_close(&stage);
}
END_TEST

START_TEST(prints_nothing_with_json)
{
    CLEANUP(table_release) struct table table = {.columns = columns, .count = 3};
    struct stage stage;

    stage_open(&stage);
    stage.cli.output.json = true;
    fill(&table);
    table_print(&table, &stage.cli.output);
    table_print_sheet(&table, &stage.cli.output);
    ck_assert_str_eq(stage_out(&stage), "");
    stage_close(&stage);
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/table", aligns_columns_without_blanks_at_the_end,
                     colours_only_where_it_may, prints_sheets, prints_nothing_with_json);
}
