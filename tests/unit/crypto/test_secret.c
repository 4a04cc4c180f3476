/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/secret.h"

#include "crypto/text.h"
#include "suite.h"

#include <string.h>

START_TEST(tokens_have_their_form)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char token[SECRET_TOKEN_SIZE];

    for (int i = 0; i < 100; i++) {
        secret_token("mft", token);
        ck_assert_int_eq(strncmp(token, "mft_", 4), 0);
        ck_assert_uint_eq(strlen(token), 4 + 43);
        ck_assert_uint_eq(strspn(token + 4, alphabet), 43);
    }
}
END_TEST

START_TEST(tokens_differ)
{
    char tokens[64][SECRET_TOKEN_SIZE];

    for (size_t i = 0; i < 64; i++) {
        secret_token("mfd", tokens[i]);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(tokens[i], tokens[j]);
    }
}
END_TEST

START_TEST(hashes_the_whole_token)
{
    uint8_t hash[DIGEST_SHA256_SIZE];
    uint8_t expected[DIGEST_SHA256_SIZE];

    secret_token_hash("mft_x", hash);
    digest_sha256("mft_x", 5, expected);
    ck_assert_mem_eq(hash, expected, sizeof(hash));
}
END_TEST

START_TEST(compares_every_byte)
{
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};

    ck_assert(secret_equal(a, b, sizeof(a)));
    for (size_t i = 0; i < sizeof(a); i++) {
        b[i] = 1;
        ck_assert(!secret_equal(a, b, sizeof(a)));
        b[i] = 0;
    }
    ck_assert(secret_equal(a, b, 0));
}
END_TEST

START_TEST(wipes)
{
    static const uint8_t zeros[32];
    uint8_t bytes[32];

    secret_random(bytes, sizeof(bytes));
    ck_assert_mem_ne(bytes, zeros, sizeof(bytes));
    secret_wipe(bytes, sizeof(bytes));
    ck_assert_mem_eq(bytes, zeros, sizeof(bytes));
}
END_TEST

int main(void)
{
    if (!secret_init())
        return 1;
    return SUITE_RUN("crypto/secret", tokens_have_their_form, tokens_differ, hashes_the_whole_token,
                     compares_every_byte, wipes);
}
