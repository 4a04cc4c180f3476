/* SPDX-License-Identifier: Apache-2.0 */
#include "device/newcomers.h"

#include "suite.h"

#include <string.h>

#define NOW_MS 1000000

static struct newcomers *newcomers;

static void set_up(void)
{
    ck_assert_int_eq(newcomers_new(&newcomers), 0);
}

static void tear_down(void)
{
    newcomers_free(newcomers);
}

static int ask(uint32_t number, int64_t now_ms)
{
    uint8_t token[NEWCOMERS_TOKEN_SIZE] = {0};

    memcpy(token, &number, sizeof(number));
    return newcomers_ask(newcomers, token, now_ms);
}

static void wrong(uint32_t number, int64_t now_ms)
{
    uint8_t token[NEWCOMERS_TOKEN_SIZE] = {0};

    memcpy(token, &number, sizeof(number));
    newcomers_wrong(newcomers, token, now_ms);
}

/* How many of a thousand may be looked up. */
static int burst(int64_t now_ms)
{
    int allowed = 0;

    for (uint32_t i = 0; i < 1000; i++)
        allowed += ask(100000 + i, now_ms) == 0;
    return allowed;
}

START_TEST(what_was_not_found_is_not_looked_up_again)
{
    ck_assert_int_eq(ask(7, NOW_MS), 0);
    ck_assert_int_eq(ask(7, NOW_MS), 0);
    wrong(7, NOW_MS);
    ck_assert_int_eq(ask(7, NOW_MS), NEWCOMERS_E_WRONG);
    ck_assert_int_eq(ask(8, NOW_MS), 0);
    ck_assert_int_eq(ask(7, NOW_MS + NEWCOMERS_MEMORY_MS - 1), NEWCOMERS_E_WRONG);
    ck_assert_int_eq(ask(7, NOW_MS + NEWCOMERS_MEMORY_MS), 0);
}
END_TEST

START_TEST(another_token_at_the_same_place_is_another_token)
{
    wrong(7, NOW_MS);
    ck_assert_int_eq(ask(7 + NEWCOMERS_REMEMBERED, NOW_MS), 0);
    wrong(7 + NEWCOMERS_REMEMBERED, NOW_MS);
    ck_assert_int_eq(ask(7, NOW_MS), 0);
}
END_TEST

START_TEST(there_are_so_many_look_ups_a_second)
{
    ck_assert_int_eq(burst(NOW_MS), NEWCOMERS_BURST);
    ck_assert_int_eq(ask(1, NOW_MS), NEWCOMERS_E_BUSY);
    ck_assert_int_eq(burst(NOW_MS + 1000), NEWCOMERS_PER_S);
    ck_assert_int_eq(burst(NOW_MS + 86400000), NEWCOMERS_BURST);
}
END_TEST

START_TEST(wrong_tokens_that_are_known_cost_nothing)
{
    wrong(7, NOW_MS);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(ask(7, NOW_MS), NEWCOMERS_E_WRONG);
    ck_assert_int_eq(ask(8, NOW_MS), 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH(
        "device/newcomers", set_up, tear_down, what_was_not_found_is_not_looked_up_again,
        another_token_at_the_same_place_is_another_token, there_are_so_many_look_ups_a_second,
        wrong_tokens_that_are_known_cost_nothing);
}
