/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/digest.h"

#include "base/cleanup.h"
#include "crypto/text.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

/* FIPS 180-4 examples and NIST CAVP SHA256ShortMsg/LongMsg. */
static const struct {
    const char *message;
    size_t repeat;
    const char *hex;
} vectors[] = {
    {"",                                                         1,       "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc",                                                      1,       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"                                                                     },
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
     "lmnopqrsmnopqrstnopqrstu",                            1,       "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    {"\xd3",                                                     1,       "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"},
    {"\x11\xaf",                                                 1,       "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98"},
    {"\x74\xba\x25\x21",                                         1,       "b16aa56be3880d18cd41e68384cf1ec8c17680c45a02b1575dc1518923ae8b0e"},
    {"a",                                                        1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

static void assert_hex(const uint8_t digest[static DIGEST_SHA256_SIZE], const char *expected)
{
    char hex[DIGEST_SHA256_HEX_SIZE];

    text_hex(digest, DIGEST_SHA256_SIZE, hex);
    ck_assert_str_eq(hex, expected);
}

START_TEST(gives_the_standards_answers)
{
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        struct digest_sha256 digest;
        uint8_t result[DIGEST_SHA256_SIZE];

        digest_sha256_init(&digest);
        for (size_t n = 0; n < vectors[i].repeat; n++)
            digest_sha256_update(&digest, vectors[i].message, strlen(vectors[i].message));
        digest_sha256_final(&digest, result);
        assert_hex(result, vectors[i].hex);
        if (vectors[i].repeat > 1)
            continue;
        digest_sha256(vectors[i].message, strlen(vectors[i].message), result);
        assert_hex(result, vectors[i].hex);
    }
}
END_TEST

static void fill(uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 131 + i / 256);
}

/* Saved and restored in the middle, at every place, as an upload that changes servers does. */
START_TEST(goes_on_from_a_saved_state_at_every_split)
{
    uint8_t bytes[300];
    uint8_t expected[DIGEST_SHA256_SIZE];

    fill(bytes, sizeof(bytes));
    digest_sha256(bytes, sizeof(bytes), expected);
    for (size_t split = 0; split <= sizeof(bytes); split++) {
        struct digest_sha256 before;
        struct digest_sha256 after;
        uint8_t saved[DIGEST_SHA256_SAVED_SIZE];
        uint8_t result[DIGEST_SHA256_SIZE];

        memset(&after, 0xff, sizeof(after));
        digest_sha256_init(&before);
        digest_sha256_update(&before, bytes, split);
        digest_sha256_save(&before, saved);
        digest_sha256_restore(&after, saved);
        digest_sha256_update(&after, bytes + split, sizeof(bytes) - split);
        digest_sha256_final(&after, result);
        ck_assert_mem_eq(result, expected, sizeof(result));
    }
}
END_TEST

START_TEST(does_not_depend_on_pieces)
{
    uint8_t bytes[1000];
    uint8_t expected[DIGEST_SHA256_SIZE];

    fill(bytes, sizeof(bytes));
    digest_sha256(bytes, sizeof(bytes), expected);
    for (size_t piece = 1; piece <= 130; piece++) {
        struct digest_sha256 digest;
        uint8_t result[DIGEST_SHA256_SIZE];

        digest_sha256_init(&digest);
        for (size_t done = 0; done < sizeof(bytes); done += piece)
            digest_sha256_update(&digest, bytes + done,
                                 sizeof(bytes) - done < piece ? sizeof(bytes) - done : piece);
        digest_sha256_final(&digest, result);
        ck_assert_mem_eq(result, expected, sizeof(result));
    }
}
END_TEST

/* The saved form is stored in the database: the same on every machine and in every version. */
START_TEST(saves_the_documented_form)
{
    static const char expected[] =
        "6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19" /* initial words */
        "0000000000000003"
        "616263";
    struct digest_sha256 digest;
    uint8_t saved[DIGEST_SHA256_SAVED_SIZE];
    char hex[2 * DIGEST_SHA256_SAVED_SIZE + 1];

    digest_sha256_init(&digest);
    digest_sha256_update(&digest, "abc", 3);
    digest_sha256_save(&digest, saved);
    text_hex(saved, sizeof(saved), hex);
    ck_assert_int_eq(strncmp(hex, expected, strlen(expected)), 0);
    ck_assert_uint_eq(strspn(hex + strlen(expected), "0"), sizeof(hex) - 1 - strlen(expected));
}
END_TEST

START_TEST(finishing_twice_gives_the_same)
{
    struct digest_sha256 digest;
    uint8_t first[DIGEST_SHA256_SIZE];
    uint8_t second[DIGEST_SHA256_SIZE];

    digest_sha256_init(&digest);
    digest_sha256_update(&digest, "abc", 3);
    digest_sha256_final(&digest, first);
    digest_sha256_final(&digest, second);
    ck_assert_mem_eq(first, second, sizeof(first));
}
END_TEST

/* 512 MiB + 1: the bit count no longer fits into 32 bits. */
START_TEST(counts_beyond_four_gibibits)
{
    static const size_t block = (size_t)1 << 20;
    AUTO_FREE uint8_t *zeros = calloc(1, block);
    struct digest_sha256 digest;
    uint8_t result[DIGEST_SHA256_SIZE];

    digest_sha256_init(&digest);
    for (int i = 0; i < 512; i++)
        digest_sha256_update(&digest, zeros, block);
    digest_sha256_update(&digest, "x", 1);
    digest_sha256_final(&digest, result);
    assert_hex(result, "edf6fdfe2c9fa2b01e299925008ee053ee2e54bf0666aa623f52de1757b23910");
}
END_TEST

int main(void)
{
    return SUITE_RUN("crypto/digest", gives_the_standards_answers,
                     goes_on_from_a_saved_state_at_every_split, does_not_depend_on_pieces,
                     saves_the_documented_form, finishing_twice_gives_the_same,
                     counts_beyond_four_gibibits);
}
