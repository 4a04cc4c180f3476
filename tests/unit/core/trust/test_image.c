/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trust/image.h"

#include "suite.h"
#include "trust_client.h"
#include "trust_fixture.h"

static struct trust_fixture fixture;

static void set_up(void)
{
    trust_init(&fixture);
}

static void tear_down(void)
{
    trust_release(&fixture);
}

START_TEST(signs_again_before_it_expires)
{
    size_t count;

    trust_bootstrap(&fixture);
    ck_assert_int_eq(trust_client_finds(&fixture, "x"), UPDATER_E_TARGET);
    fixture.now_ms += TRUST_DAY_MS + 1;
    ck_assert_int_eq(trust_client_finds(&fixture, "x"), UPDATER_E_FREEZE);
    for (int day = 0; day < 20; day++) {
        fixture.now_ms += TRUST_DAY_MS / 2 + 1;
        ck_assert_int_eq(image_resign(fixture.db, &fixture.vault, &fixture.lifetimes,
                                      fixture.now_ms, 10, &count),
                         0);
        ck_assert_uint_eq(count, 1);
        ck_assert_int_eq(trust_client_finds(&fixture, "x"), UPDATER_E_TARGET);
        ck_assert_int_eq(image_resign(fixture.db, &fixture.vault, &fixture.lifetimes,
                                      fixture.now_ms, 10, &count),
                         0);
        ck_assert_uint_eq(count, 0);
    }
}
END_TEST

START_TEST(online_keys_are_useless_without_the_master_key)
{
    size_t count;

    trust_bootstrap(&fixture);
    secret_random(fixture.vault.key, sizeof(fixture.vault.key));
    fixture.now_ms += TRUST_DAY_MS;
    ck_assert_int_eq(
        image_resign(fixture.db, &fixture.vault, &fixture.lifetimes, fixture.now_ms, 10, &count),
        0);
    ck_assert_uint_eq(count, 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("core/image", set_up, tear_down, signs_again_before_it_expires,
                          online_keys_are_useless_without_the_master_key);
}
