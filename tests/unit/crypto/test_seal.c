/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/seal.h"

#include "crypto/secret.h"
#include "suite.h"

#include <string.h>

static const struct seal_cost cheap = {.operations = 1, .memory_bytes = 8192};

START_TEST(opens_what_it_closed)
{
    uint8_t key[SEAL_KEY_SIZE];
    uint8_t sealed[6 + SEAL_OVERHEAD];
    char opened[6];

    ck_assert(secret_init());
    secret_random(key, sizeof(key));
    seal_close(key, "secret", 6, sealed);
    ck_assert_int_eq(seal_open(key, sealed, sizeof(sealed), opened), 0);
    ck_assert_mem_eq(opened, "secret", 6);
}
END_TEST

START_TEST(notices_every_changed_byte)
{
    uint8_t key[SEAL_KEY_SIZE] = {1};
    uint8_t sealed[6 + SEAL_OVERHEAD];
    char opened[6];

    ck_assert(secret_init());
    seal_close(key, "secret", 6, sealed);
    for (size_t i = 0; i < sizeof(sealed); i++) {
        sealed[i] ^= 1;
        ck_assert_int_eq(seal_open(key, sealed, sizeof(sealed), opened), SEAL_E_BROKEN);
        sealed[i] ^= 1;
    }
    ck_assert_int_eq(seal_open(key, sealed, SEAL_OVERHEAD - 1, opened), SEAL_E_BROKEN);
    key[0] = 2;
    ck_assert_int_eq(seal_open(key, sealed, sizeof(sealed), opened), SEAL_E_BROKEN);
}
END_TEST

START_TEST(a_passphrase_and_its_salt_give_one_key)
{
    const uint8_t salt[SEAL_SALT_SIZE] = {1};
    const uint8_t other[SEAL_SALT_SIZE] = {2};
    uint8_t keys[3][SEAL_KEY_SIZE];

    ck_assert(secret_init());
    ck_assert_int_eq(seal_passphrase_key("open sesame", salt, &cheap, keys[0]), 0);
    ck_assert_int_eq(seal_passphrase_key("open sesame", salt, &cheap, keys[1]), 0);
    ck_assert_int_eq(seal_passphrase_key("open sesame", other, &cheap, keys[2]), 0);
    ck_assert_mem_eq(keys[0], keys[1], SEAL_KEY_SIZE);
    ck_assert_mem_ne(keys[0], keys[2], SEAL_KEY_SIZE);
}
END_TEST

START_TEST(refuses_costs_that_nobody_would_write)
{
    static const struct seal_cost costs[] = {
        {.operations = 1,    .memory_bytes = (uint64_t)1 << 40},
        {.operations = 1000, .memory_bytes = 8192             },
        {.operations = 0,    .memory_bytes = 8192             },
        {.operations = 1,    .memory_bytes = 0                },
    };
    const uint8_t salt[SEAL_SALT_SIZE] = {0};
    uint8_t key[SEAL_KEY_SIZE];

    for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++)
        ck_assert_int_eq(seal_passphrase_key("x", salt, &costs[i], key), SEAL_E_BROKEN);
}
END_TEST

int main(void)
{
    return SUITE_RUN("crypto/seal", opens_what_it_closed, notices_every_changed_byte,
                     a_passphrase_and_its_salt_give_one_key, refuses_costs_that_nobody_would_write);
}
