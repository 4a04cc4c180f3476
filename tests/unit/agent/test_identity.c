/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/identity.h"

#include "world.h"

static struct identity identity_of(const struct world *world)
{
    struct identity identity = {.url = "https://ferry.example.org:8443",
                                .device = "cam-1",
                                .device_id = "0b0c7b2e-6a1d-4a51-8e7e-0c3a4f5d6e7f",
                                .workspace = "default",
                                .token = "mfd_first",
                                .token_issued_ms = 1,
                                .poll_interval_s = 300};

    ck_assert_int_eq(identity_key(&world->store, &identity.pair), 0);
    return identity;
}

START_TEST(keeps_who_we_are)
{
    struct world world;
    struct identity identity;
    struct identity read;

    world_init(&world);
    ck_assert_int_eq(identity_load(&world.store, &read), IDENTITY_E_NOT_ENROLLED);
    identity = identity_of(&world);
    ck_assert_int_eq(identity_save(&world.store, &identity), 0);
    ck_assert_int_eq(identity_rotate(&world.store, &identity, "mfd_second", 77), 0);
    ck_assert_str_eq(identity.token, "mfd_second");
    ck_assert_int_eq(identity_load(&world.store, &read), 0);
    ck_assert_str_eq(read.token, "mfd_second");
    ck_assert_int_eq(read.token_issued_ms, 77);
    ck_assert_str_eq(read.device_id, identity.device_id);
    ck_assert_str_eq(read.pair.key.id, identity.pair.key.id);
    ck_assert(read.pair.has_secret);
    identity_release(&read);
    identity_release(&identity);
    world_release(&world);
}
END_TEST

/* Who forges the answer to an exchange of tokens must not lock the device out. */
START_TEST(keeps_the_token_before_and_can_go_back_to_it)
{
    struct world world;
    struct identity identity;
    struct identity read;

    world_init(&world);
    identity = identity_of(&world);
    ck_assert_int_eq(identity_swap(&world.store, &identity), IDENTITY_E_NO_OTHER);
    ck_assert_int_eq(identity_rotate(&world.store, &identity, "mfd_forged", 77), 0);
    ck_assert_int_eq(identity_swap(&world.store, &identity), 0);
    ck_assert_str_eq(identity.token, "mfd_first");
    ck_assert_int_eq(identity_load(&world.store, &read), 0);
    ck_assert_str_eq(read.token, "mfd_first");
    ck_assert_str_eq(read.other_token, "mfd_forged");
    ck_assert_int_eq(identity_swap(&world.store, &identity), 0);
    ck_assert_str_eq(identity.token, "mfd_forged");
    identity_release(&read);
    identity_release(&identity);
    world_release(&world);
}
END_TEST

START_TEST(takes_nothing_for_a_token_that_is_none)
{
    static const char *const texts[] = {"",        "mfd_",          "mft_x",
                                        "mfd_a b", "mfd_a\r\nX: 1", "mfd_\xc3"};
    char longest[IDENTITY_TOKEN_SIZE + 1];
    struct world world;
    struct identity identity;

    world_init(&world);
    identity = identity_of(&world);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        ck_assert_int_lt(identity_rotate(&world.store, &identity, texts[i], 77), 0);
    memset(longest, 'x', sizeof(longest));
    memcpy(longest, "mfd_", 4);
    longest[IDENTITY_TOKEN_SIZE] = '\0';
    ck_assert(!identity_is_token(longest));
    longest[IDENTITY_TOKEN_SIZE - 1] = '\0';
    ck_assert(identity_is_token(longest));
    ck_assert_str_eq(identity.token, "mfd_first");
    identity_release(&identity);
    world_release(&world);
}
END_TEST

START_TEST(says_when_it_is_damaged)
{
    struct world world;
    struct identity read;

    world_init(&world);
    world_write(&world, "identity/device.json", "{\"url\":7}");
    ck_assert_int_eq(identity_load(&world.store, &read), IDENTITY_E_BROKEN);
    world_release(&world);
}
END_TEST

START_TEST(numbers_only_rise)
{
    struct world world;
    int64_t sequence;

    world_init(&world);
    ck_assert_int_eq(identity_sequence(&world.store, 0, 1000, &sequence), 0);
    ck_assert_int_eq(sequence, 1001); /* the counter was lost: from the time on */
    ck_assert_int_eq(identity_sequence(&world.store, 0, 5000, &sequence), 0);
    ck_assert_int_eq(sequence, 1002);
    ck_assert_int_eq(identity_sequence(&world.store, 2000, 5000, &sequence), 0);
    ck_assert_int_eq(sequence, 2001);
    world_write(&world, "identity/sequence.json", "damaged");
    ck_assert_int_eq(identity_sequence(&world.store, 0, 9000, &sequence), 0);
    ck_assert_int_eq(sequence, 9001);
    world_release(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/identity");
    TCase *tcase = tcase_create("identity");

    tcase_add_test(tcase, keeps_who_we_are);
    tcase_add_test(tcase, keeps_the_token_before_and_can_go_back_to_it);
    tcase_add_test(tcase, takes_nothing_for_a_token_that_is_none);
    tcase_add_test(tcase, says_when_it_is_damaged);
    tcase_add_test(tcase, numbers_only_rise);
    return world_run(suite, tcase);
}
