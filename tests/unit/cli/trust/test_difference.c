/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/difference.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"

static struct stage stage;

static void set_up(void)
{
    stage_open(&stage);
}

static void tear_down(void)
{
    stage_close(&stage);
}

static const char *show(const char *before, const char *after)
{
    json_auto_t *old = before ? json_loads(before, 0, NULL) : NULL;
    json_auto_t *new = json_loads(after, 0, NULL);

    ck_assert_ptr_nonnull(new);
    difference_show(&stage.cli, old, new);
    return stage_out(&stage);
}

START_TEST(says_what_is_new_gone_and_another)
{
    const char *said = show("{\"version\":1,\"old\":\"x\"}", "{\"version\":2,\"new\":[\"y\"]}");

    ck_assert_ptr_nonnull(strstr(said, "~ version = 1 -> 2"));
    ck_assert_ptr_nonnull(strstr(said, "- old = \"x\""));
    ck_assert_ptr_nonnull(strstr(said, "+ new["));
}
END_TEST

START_TEST(without_a_before_all_of_it_is_new)
{
    const char *said = show(NULL, "{\"version\":1,\"keys\":{\"a\":{\"keytype\":\"ed25519\"}}}");

    ck_assert_ptr_nonnull(strstr(said, "+ version = 1"));
    ck_assert_ptr_nonnull(strstr(said, "+ keys.a.keytype = \"ed25519\""));
    ck_assert_ptr_null(strstr(said, "~ "));
}
END_TEST

START_TEST(what_is_the_same_is_not_said)
{
    ck_assert_ptr_null(strstr(show("{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":3}"), " a = "));
}
END_TEST

START_TEST(nothing_in_it_moves_the_cursor)
{
    const char *said = show("{}", "{\"evil\\u001b[2J\":\"\\u001b[1A\\r+ innocent = 1\"}");

    ck_assert_ptr_null(strchr(said, '\x1b'));
    ck_assert_ptr_null(strchr(said, '\r'));
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("cli/difference", set_up, tear_down, says_what_is_new_gone_and_another,
                          without_a_before_all_of_it_is_new, what_is_the_same_is_not_said,
                          nothing_in_it_moves_the_cursor);
}
