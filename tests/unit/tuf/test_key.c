/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/key.h"

#include "base/cleanup.h"
#include "crypto/secret.h"
#include "crypto/text.h"
#include "suite.h"

#include <string.h>

/* RFC 8032, 7.1, TEST 2 */
#define SEED "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
#define PUBLIC "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
#define SIGNATURE                                                                                  \
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"                             \
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
/* sha256sum of its canonical form */
#define KEYID "eaf1e23f6c823132f437a2eaa299a7950f7386631deff273db195bbd26209e2b"

#define PUBLIC_JSON                                                                                \
    "{\"keyval\":{\"public\":\"" PUBLIC "\"},\"keytype\":\"ed25519\",\"scheme\":\"ed25519\"}"

static struct key parse_key(const char *text)
{
    json_auto_t *value = json_loads(text, 0, NULL);
    struct fields_error error;
    struct key key;

    ck_assert_msg(key_parse(value, &key, &error) == 0, "%s", error.text);
    return key;
}

START_TEST(keyid_is_the_digest_of_the_canonical_key)
{
    struct key key = parse_key(PUBLIC_JSON);

    ck_assert_str_eq(key.id, KEYID);
    ck_assert_str_eq(key_scheme_name(&key), "ed25519");
}
END_TEST

START_TEST(unknown_members_change_the_id_not_the_key)
{
    struct key plain = parse_key(PUBLIC_JSON);
    struct key more = parse_key("{\"keyval\":{\"public\":\"" PUBLIC "\"},\"keytype\":\"ed25519\","
                                "\"scheme\":\"ed25519\",\"x\":1}");

    ck_assert_str_ne(plain.id, more.id);
    ck_assert(key_equal(&plain, &more));
}
END_TEST

START_TEST(verifies_what_others_signed)
{
    struct key key = parse_key(PUBLIC_JSON);
    uint8_t signature[64];

    ck_assert(text_unhex(SIGNATURE, signature, sizeof(signature)));
    ck_assert(key_verify(&key, "\x72", 1, signature, sizeof(signature)));
    ck_assert(!key_verify(&key, "\x73", 1, signature, sizeof(signature)));
    ck_assert(!key_verify(&key, "\x72", 1, signature, sizeof(signature) - 1));
    ck_assert(!key_verify(&key, "\x72", 1, NULL, 0));
    for (size_t i = 0; i < 8 * sizeof(signature); i++) {
        signature[i / 8] ^= (uint8_t)(1U << i % 8);
        ck_assert(!key_verify(&key, "\x72", 1, signature, sizeof(signature)));
        signature[i / 8] ^= (uint8_t)(1U << i % 8);
    }
}
END_TEST

static const struct {
    const char *json;
    const char *text;
} refusals[] = {
    {"[]",                                                                                "an object expected"                              },
    {"{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\"}",                                  "keyval: missing"                                 },
    {"{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{}}",                    "keyval.public: missing"                          },
    {"{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"3D40\"}}",
     "keyval.public: 64 lower-case hex digits expected"                                                                                     },
 /* one key, one spelling, one id */
    {"{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":"
     "\"3D4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c\"}}",       "keyval.public: 64 lower-case hex digits expected"},
    {"{\"keytype\":\"rsa\",\"scheme\":\"none\",\"keyval\":{\"public\":\"x\"}}",
     "scheme: ed25519, ecdsa-sha2-nistp256 or rsassa-pss-sha256 and its keytype expected, "
     "not 'rsa' with 'none'"                                                                                                                },
};

START_TEST(says_why_it_is_not_a_key)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        json_auto_t *value = json_loads(refusals[i].json, 0, NULL);
        struct fields_error error;
        struct key key;

        ck_assert_int_eq(key_parse(value, &key, &error), KEY_E_INVALID);
        ck_assert_str_eq(error.text, refusals[i].text);
    }
}
END_TEST

START_TEST(signs_what_it_verifies)
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    uint8_t signature[KEY_SIGNATURE_MAX];
    struct signer signer;
    size_t size;

    ck_assert_int_eq(key_generate("alice", &pair), 0);
    ck_assert_str_eq(pair.name, "alice");
    signer = key_signer(&pair);
    ck_assert_str_eq(signer.keyid, pair.key.id);
    ck_assert_int_eq(signer.sign(signer.state, "text", 4, signature, &size), 0);
    ck_assert(key_verify(&pair.key, "text", 4, signature, size));
    ck_assert(!key_verify(&pair.key, "texT", 4, signature, size));
}
END_TEST

START_TEST(key_objects_round_trip)
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    json_auto_t *object = NULL;
    struct fields_error error;
    struct key key;

    ck_assert_int_eq(key_generate(NULL, &pair), 0);
    object = key_to_json(&pair.key);
    ck_assert_int_eq(key_parse(object, &key, &error), 0);
    ck_assert(key_equal(&pair.key, &key));
    ck_assert_str_eq(pair.key.id, key.id);
}
END_TEST

START_TEST(gives_its_seed_back)
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    CLEANUP(key_pair_release) struct key_pair again = {0};
    uint8_t expected[KEY_SEED_SIZE];
    uint8_t seed[KEY_SEED_SIZE];

    ck_assert(text_unhex(SEED, expected, sizeof(expected)));
    ck_assert_int_eq(key_from_seed(expected, &pair), 0);
    ck_assert_str_eq(pair.key.id, KEYID);
    key_seed(&pair, seed);
    ck_assert_mem_eq(seed, expected, sizeof(seed));
    ck_assert_int_eq(key_from_seed(seed, &again), 0);
    ck_assert(key_equal(&pair.key, &again.key));
}
END_TEST

START_TEST(wipes_what_it_releases)
{
    static const struct key_pair zero;
    struct key_pair pair;

    ck_assert_int_eq(key_generate("alice", &pair), 0);
    key_pair_release(&pair);
    ck_assert_mem_eq(&pair, &zero, sizeof(pair));
    key_pair_release(NULL);
}
END_TEST

int main(void)
{
    if (!secret_init())
        return 1;
    return SUITE_RUN("tuf/key", keyid_is_the_digest_of_the_canonical_key,
                     unknown_members_change_the_id_not_the_key, verifies_what_others_signed,
                     says_why_it_is_not_a_key, signs_what_it_verifies, key_objects_round_trip,
                     gives_its_seed_back, wipes_what_it_releases);
}
