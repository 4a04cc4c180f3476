/* SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres_bin.h"

#include "suite.h"

#include <stdio.h>
#include <unistd.h>

START_TEST(finds_the_programs_of_an_installed_server)
{
    char program[PATH_MAX + 16];
    char dir[PATH_MAX];

    ck_assert_int_eq(postgres_bin_find(0, dir), 0);
    (void)snprintf(program, sizeof(program), "%s/initdb", dir);
    ck_assert_int_eq(access(program, X_OK), 0);
}
END_TEST

START_TEST(a_version_that_is_not_there_is_not_replaced_by_another)
{
    char dir[PATH_MAX];

    ck_assert_int_lt(postgres_bin_find(99, dir), 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN("db/postgres_bin", finds_the_programs_of_an_installed_server,
                     a_version_that_is_not_there_is_not_replaced_by_another);
}
