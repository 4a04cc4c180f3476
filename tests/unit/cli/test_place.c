/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/place.h"

#include "base/cleanup.h"
#include "suite.h"

#include <stdlib.h>

START_TEST(follows_the_base_directory_specification)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *path;

    ck_assert_int_eq(setenv("HOME", "/home/ann", 1), 0);
    ck_assert_int_eq(unsetenv("XDG_CONFIG_HOME"), 0);
    ck_assert_int_eq(unsetenv("XDG_STATE_HOME"), 0);
    ck_assert_int_eq(place_config(&arena, "keys", &path), 0);
    ck_assert_str_eq(path, "/home/ann/.config/modelferry/keys");
    ck_assert_int_eq(place_state(&arena, "uploads", &path), 0);
    ck_assert_str_eq(path, "/home/ann/.local/state/modelferry/uploads");
    ck_assert_int_eq(setenv("XDG_CONFIG_HOME", "/etc/x", 1), 0);
    ck_assert_int_eq(place_config(&arena, "keys", &path), 0);
    ck_assert_str_eq(path, "/etc/x/modelferry/keys");
    ck_assert_int_eq(setenv("XDG_CONFIG_HOME", "relative", 1), 0);
    ck_assert_int_eq(place_config(&arena, "keys", &path), 0);
    ck_assert_str_eq(path, "/home/ann/.config/modelferry/keys");
}
END_TEST

START_TEST(says_where_there_is_no_home)
{
    CLEANUP(arena_release) struct arena arena = {0};
    const char *path = "untouched";

    ck_assert_int_eq(unsetenv("HOME"), 0);
    ck_assert_int_eq(unsetenv("XDG_CONFIG_HOME"), 0);
    ck_assert_int_eq(place_config(&arena, "keys", &path), PLACE_E_NO_HOME);
    ck_assert_str_eq(path, "untouched");
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/place", follows_the_base_directory_specification,
                     says_where_there_is_no_home);
}
