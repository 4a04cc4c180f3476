/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/key.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "crypto/secret.h"
#include "crypto/text.h"
#include "folder.h"
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
#define FILE_JSON(secret)                                                                          \
    "{\"modelferry_key\":1,\"name\":\"alice\",\"key\":" PUBLIC_JSON ",\"secret\":" secret "}"
#define PLAIN_SECRET "{\"encoding\":\"plain\",\"seed\":\"" SEED "\"}"

static struct key parse_key(const char *text)
{
    json_auto_t *value = json_loads(text, 0, NULL);
    struct fields_error error;
    struct key key;

    ck_assert_msg(key_parse(value, &key, &error) == 0, "%s", error.text);
    return key;
}

static void put(const struct folder *folder, const char *text, mode_t mode)
{
    ck_assert_int_eq(file_replace(folder->fd, "key", text, strlen(text), mode), 0);
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

START_TEST(reads_the_key_file_that_it_wrote)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    CLEANUP(key_pair_release) struct key_pair again = {0};
    struct fields_error error;
    struct stat stat;

    ck_assert_int_eq(key_generate("b\xc3\xb6"
                                  "b",
                                  &pair),
                     0);
    ck_assert_int_eq(key_file_write(folder.fd, "key", &pair, true), 0);
    ck_assert_int_eq(fstatat(folder.fd, "key", &stat, 0), 0);
    ck_assert_int_eq(stat.st_mode & 07777, 0600);
    ck_assert_int_eq(key_file_read(folder.fd, "key", true, &again, &error), 0);
    ck_assert_mem_eq(pair.secret, again.secret, sizeof(pair.secret));
    ck_assert_str_eq(pair.key.id, again.key.id);
    ck_assert_str_eq(again.name, "b\xc3\xb6"
                                 "b");
}
END_TEST

START_TEST(the_public_file_has_no_secret)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    CLEANUP(key_pair_release) struct key_pair again = {0};
    struct fields_error error;

    ck_assert_int_eq(key_generate("alice", &pair), 0);
    ck_assert_int_eq(key_file_write(folder.fd, "key.pub", &pair, false), 0);
    ck_assert_int_eq(key_file_read(folder.fd, "key.pub", true, &again, &error), KEY_E_NO_SECRET);
    ck_assert_int_eq(key_file_read(folder.fd, "key.pub", false, &again, &error), 0);
    ck_assert(!again.has_secret);
    ck_assert(key_equal(&pair.key, &again.key));
}
END_TEST

START_TEST(never_overwrites_a_key)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    CLEANUP(key_pair_release) struct key_pair other = {0};
    CLEANUP(key_pair_release) struct key_pair again = {0};
    struct fields_error error;

    ck_assert_int_eq(key_generate("one", &pair), 0);
    ck_assert_int_eq(key_generate("two", &other), 0);
    ck_assert_int_eq(key_file_write(folder.fd, "key", &pair, true), 0);
    ck_assert_int_eq(key_file_write(folder.fd, "key", &other, true), KEY_E_EXISTS);
    ck_assert_int_eq(key_file_read(folder.fd, "key", true, &again, &error), 0);
    ck_assert_str_eq(again.key.id, pair.key.id);
}
END_TEST

START_TEST(reads_the_seed_of_the_specification)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    struct fields_error error;
    uint8_t expected[64];
    uint8_t signature[KEY_SIGNATURE_MAX];
    size_t size;

    put(&folder, FILE_JSON(PLAIN_SECRET), 0600);
    ck_assert_int_eq(key_file_read(folder.fd, "key", true, &pair, &error), 0);
    ck_assert_int_eq(key_signer(&pair).sign(&pair, "\x72", 1, signature, &size), 0);
    ck_assert(text_unhex(SIGNATURE, expected, sizeof(expected)));
    ck_assert_uint_eq(size, sizeof(expected));
    ck_assert_mem_eq(signature, expected, sizeof(expected));
}
END_TEST

START_TEST(refuses_a_secret_that_others_may_read)
{
    static const mode_t modes[] = {0640, 0604, 0660, 0644};

    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        CLEANUP(folder_release) struct folder folder = folder_make();
        struct fields_error error;
        struct key_pair pair;

        put(&folder, FILE_JSON(PLAIN_SECRET), 0600);
        ck_assert_int_eq(fchmodat(folder.fd, "key", modes[i], 0), 0);
        ck_assert_int_eq(key_file_read(folder.fd, "key", false, &pair, &error), KEY_E_PERMISSION);
        ck_assert_ptr_nonnull(strstr(error.text, "chmod 600"));
    }
}
END_TEST

static const struct {
    const char *file;
    const char *text;
} bad_files[] = {
    {"",                                                                                      "line 1, column 1: no JSON at all: it is empty"},
    {"{\"modelferry_key\":2,\"key\":{}}",                                                     "modelferry_key: format 1 expected"            },
    {"{\"modelferry_key\":1,\"name\":\"x\"}",                                                 "key: missing"                                 },
    {"{\"modelferry_key\":1,\"key\":{},\"extra\":1}",                                         "extra: unknown field"                         },
    {FILE_JSON("{\"encoding\":\"argon2id\",\"box\":\"00\"}"),
     "secret.encoding: 'plain' expected, not 'argon2id': sealed by a newer modelferry?"                                                      },
    {FILE_JSON("{\"encoding\":\"plain\"}"),                                                   "secret.seed: 64 hex digits expected"          },
    {FILE_JSON("{\"encoding\":\"plain\",\"seed\":\"4ccd\"}"),
     "secret.seed: 64 hex digits expected"                                                                                                   },
    {FILE_JSON("{\"encoding\":\"plain\",\"seed\":"
               "\"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fc\"}"),
     "secret: does not belong to the public key beside it"                                                                                   },
};

START_TEST(says_why_it_is_not_a_key_file)
{
    for (size_t i = 0; i < ARRAY_LEN(bad_files); i++) {
        CLEANUP(folder_release) struct folder folder = folder_make();
        struct fields_error error;
        struct key_pair pair;

        put(&folder, bad_files[i].file, 0600);
        ck_assert_int_eq(key_file_read(folder.fd, "key", false, &pair, &error), KEY_E_INVALID);
        ck_assert_str_eq(error.text, bad_files[i].text);
    }
}
END_TEST

START_TEST(tells_missing_and_too_large_apart)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    static char large[KEY_FILE_MAX + 1];
    struct fields_error error;
    struct key_pair pair;

    ck_assert_int_eq(key_file_read(folder.fd, "key", false, &pair, &error), KEY_E_MISSING);
    ck_assert_int_eq(file_replace(folder.fd, "key", large, sizeof(large), 0600), 0);
    ck_assert_int_eq(key_file_read(folder.fd, "key", false, &pair, &error), KEY_E_INVALID);
    ck_assert_str_eq(error.text, "'key' is too large for a key file");
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
                     reads_the_key_file_that_it_wrote, the_public_file_has_no_secret,
                     never_overwrites_a_key, reads_the_seed_of_the_specification,
                     refuses_a_secret_that_others_may_read, says_why_it_is_not_a_key_file,
                     tells_missing_and_too_large_apart, wipes_what_it_releases);
}
