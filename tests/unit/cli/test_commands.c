/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include "cli/cli.h"
#include "suite.h"

#include <string.h>

START_TEST(every_command_says_what_it_does)
{
    for (const struct options_command *c = commands_table; c->words; c++) {
        ck_assert_msg(c->run && c->summary && *c->summary, "%s", c->words);
        ck_assert_msg(c->summary[strlen(c->summary) - 1] != '.', "%s", c->words);
        ck_assert_msg(c->operands_max < 0 || c->operands_max >= c->operands_min, "%s", c->words);
        for (const struct options_command *d = commands_table; d != c; d++)
            ck_assert_str_ne(c->words, d->words);
    }
}
END_TEST

START_TEST(every_flag_is_explained_and_fits_the_struct)
{
    for (const struct options_command *c = commands_table; c->words; c++) {
        for (const struct option_entry *e = c->table; e && e->name; e++) {
            ck_assert_msg(e->help && e->help[strlen(e->help) - 1] == '.', "%s --%s", c->words,
                          e->name);
            ck_assert_uint_lt(e->offset, sizeof(struct cli_flags));
            for (const struct option_entry *common = commands_common; common->name; common++)
                ck_assert_str_ne(e->name, common->name);
        }
    }
}
END_TEST

START_TEST(roles_are_those_of_the_server)
{
    ck_assert_str_eq(commands_roles[0], "viewer");
    ck_assert_str_eq(commands_roles[3], "admin");
    ck_assert_ptr_null(commands_roles[4]);
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/commands", every_command_says_what_it_does,
                     every_flag_is_explained_and_fits_the_struct, roles_are_those_of_the_server);
}
