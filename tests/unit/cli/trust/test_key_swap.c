/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/key_swap.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"
#include "tuf/key_file.h"

static struct stage stage;
static struct keyring ring;
static struct key keys[KEYRING_MAX];
static size_t count;
static const char *ann;
static const char *bob;
static const char *dan;

/* A key file; its public half is the next of the role's keys if it is to sign for it. */
static const char *make(const char *name, bool signs)
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    const char *path = arena_printf(&stage.cli.arena, "%s/%s.json", stage.home, name);

    ck_assert_int_eq(key_generate(name, &pair), 0);
    ck_assert_int_eq(key_file_write(AT_FDCWD, path, &pair, true), 0);
    if (signs)
        keys[count++] = pair.key;
    return path;
}

static void set_up(void)
{
    stage_open(&stage);
    count = 0;
    ann = make("ann", true);
    bob = make("bob", true);
    dan = make("dan", false);
}

static void tear_down(void)
{
    keyring_release(&ring);
    stage_close(&stage);
}

static int apply(const char *old, const char *new)
{
    const char *text = arena_printf(&stage.cli.arena, "%s=%s", old, new);
    struct key_swap swap = {0};
    int r = key_swap_parse(&stage.cli, text, &ring, &swap);

    return r ? r : key_swap_apply(&stage.cli, &swap, "root", keys, &count);
}

START_TEST(puts_a_key_in_anothers_place)
{
    struct key first = keys[0];
    struct key second = keys[1];

    ck_assert_int_eq(apply(ann, dan), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert(!key_equal(&keys[0], &first));
    ck_assert(key_equal(&keys[1], &second));
    ck_assert_uint_eq(ring.count, 2); /* both may sign the change */
}
END_TEST

START_TEST(adds_and_drops)
{
    struct key second = keys[1];

    ck_assert_int_eq(apply("", dan), 0);
    ck_assert_uint_eq(count, 3);
    ck_assert_int_eq(apply(ann, ""), 0);
    ck_assert_int_eq(apply(dan, ""), 0);
    ck_assert_uint_eq(count, 1);
    ck_assert(key_equal(&keys[0], &second));
}
END_TEST

START_TEST(a_key_whose_file_is_lost_goes_by_its_id)
{
    struct key second = keys[1];
    const char *whole = arena_strdup(&stage.cli.arena, keys[0].id);
    const char *start = arena_strndup(&stage.cli.arena, second.id, 12);

    ck_assert_int_eq(apply(whole, ""), 0);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(apply(start, dan), 0);
    ck_assert_uint_eq(count, 1);
    ck_assert(!key_equal(&keys[0], &second));
}
END_TEST

START_TEST(a_start_that_fits_two_is_not_enough)
{
    memcpy(keys[1].id, keys[0].id, 20);
    ck_assert_int_eq(apply(arena_strndup(&stage.cli.arena, keys[0].id, 12), dan), CLI_USAGE);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "say more of it"));
}
END_TEST

START_TEST(refuses_what_makes_no_sense)
{
    struct key_swap swap;

    ck_assert_int_eq(apply("", bob), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "signs for 'root' already"));
    ck_assert_int_eq(apply(dan, ""), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "does not sign for 'root'"));
    ck_assert_int_eq(apply("0123456789ab", dan), CLI_FAILED);
    ck_assert_int_eq(key_swap_parse(&stage.cli, "ann", &ring, &swap), CLI_USAGE);
    ck_assert_int_eq(key_swap_parse(&stage.cli, "=", &ring, &swap), CLI_USAGE);
    ck_assert_uint_eq(count, 2);
}
END_TEST

START_TEST(there_is_a_limit)
{
    while (count < KEYRING_MAX)
        (void)make(arena_printf(&stage.cli.arena, "key%zu", count), true);
    ck_assert_int_eq(apply("", dan), CLI_FAILED);
    ck_assert_uint_eq(count, KEYRING_MAX);
    ck_assert_int_eq(apply(bob, dan), 0); /* a replacement needs no place */
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("cli/key_swap", set_up, tear_down, puts_a_key_in_anothers_place,
                          adds_and_drops, a_key_whose_file_is_lost_goes_by_its_id,
                          a_start_that_fits_two_is_not_enough, refuses_what_makes_no_sense,
                          there_is_a_limit);
}
