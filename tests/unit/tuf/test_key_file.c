/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/key_file.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "crypto/secret.h"
#include "crypto/text.h"
#include "folder.h"
#include "suite.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* RFC 8032, 7.1, TEST 2 */
#define SEED "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
#define PUBLIC "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
#define SIGNATURE                                                                                  \
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"                             \
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
#define PUBLIC_JSON                                                                                \
    "{\"keyval\":{\"public\":\"" PUBLIC "\"},\"keytype\":\"ed25519\",\"scheme\":\"ed25519\"}"
#define FILE_JSON(secret)                                                                          \
    "{\"modelferry_key\":1,\"name\":\"alice\",\"key\":" PUBLIC_JSON ",\"secret\":" secret "}"
#define PLAIN_SECRET "{\"encoding\":\"plain\",\"seed\":\"" SEED "\"}"

static const struct seal_cost cheap = {.operations = 1, .memory_bytes = SEAL_MEMORY_BYTES_MIN};

static void put(const struct folder *folder, const char *text, mode_t mode)
{
    ck_assert_int_eq(file_replace(folder->fd, "key", text, strlen(text), mode), 0);
}

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
    {FILE_JSON("{\"encoding\":\"pkcs11\",\"uri\":\"x\"}"),
     "secret.encoding: 'plain' or 'argon2id' expected; was it written by a newer modelferry?"                                                },
    {FILE_JSON("{}"),
     "secret.encoding: 'plain' or 'argon2id' expected; was it written by a newer modelferry?"                                                },
    {FILE_JSON("{\"encoding\":\"plain\"}"),                                                   "secret.seed: missing"                         },
    {FILE_JSON("{\"encoding\":\"plain\",\"seed\":\"4ccd\"}"),
     "secret.seed: 64 lower-case hex digits expected"                                                                                        },
    {FILE_JSON("{\"encoding\":\"plain\",\"seed\":"
               "\"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fc\"}"),
     "secret: does not belong to the public key beside it"                                                                                   },
    {FILE_JSON("{\"encoding\":\"argon2id\",\"operations\":1,\"memory_bytes\":8192,"
               "\"salt\":\"00112233445566778899aabbccddeeff\",\"box\":\"00\"}"),
     "secret.box: 144 lower-case hex digits expected"                                                                                        },
    {FILE_JSON("{\"encoding\":\"argon2id\",\"operations\":1,\"memory_bytes\":1099511627776,"
               "\"salt\":\"00112233445566778899aabbccddeeff\",\"box\":\"00\"}"),
     "secret.memory_bytes: must be from 8192 to 1073741824"                                                                                  },
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

/* ---- sealed ---------------------------------------------------------------------------------- */

static void put_sealed(const struct folder *folder, struct key_pair *ret_pair)
{
    ck_assert_int_eq(key_generate("alice", ret_pair), 0);
    ck_assert_int_eq(key_file_write_sealed(folder->fd, "key", ret_pair, "open sesame", &cheap), 0);
}

START_TEST(a_passphrase_opens_what_it_sealed)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    CLEANUP(key_file_release) struct key_file file = {0};
    struct fields_error error;
    struct stat stat;

    put_sealed(&folder, &pair);
    ck_assert_int_eq(fstatat(folder.fd, "key", &stat, 0), 0);
    ck_assert_int_eq(stat.st_mode & 07777, 0600);
    ck_assert_int_eq(key_file_load(folder.fd, "key", &file, &error), 0);
    ck_assert(file.sealed && !file.pair.has_secret);
    ck_assert(key_equal(&file.pair.key, &pair.key));
    ck_assert_int_eq(key_file_unseal(&file, "open sesamE"), KEY_E_PASSPHRASE);
    ck_assert(!file.pair.has_secret);
    ck_assert_int_eq(key_file_unseal(&file, "open sesame"), 0);
    ck_assert(file.pair.has_secret);
    ck_assert_mem_eq(file.pair.secret, pair.secret, sizeof(pair.secret));
}
END_TEST

/* Whether the file holds the bytes, as they are or as hex. */
static bool holds(const struct folder *folder, const uint8_t *bytes, size_t size)
{
    char hex[2 * KEY_SECRET_MAX + 1];
    AUTO_FREE char *text = NULL;
    size_t length;

    text_hex(bytes, size, hex);
    ck_assert_int_eq(file_read(folder->fd, "key", KEY_FILE_MAX, &text, &length), 0);
    return strstr(text, hex) || memmem(text, length, bytes, size);
}

START_TEST(a_sealed_file_does_not_hold_the_secret)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    CLEANUP(key_pair_release) struct key_pair pair = {0};

    put_sealed(&folder, &pair);
    ck_assert(!holds(&folder, pair.secret, KEY_SEED_SIZE));
    ck_assert_int_eq(key_file_reseal(folder.fd, "key", &pair, NULL, NULL), 0);
    ck_assert(holds(&folder, pair.secret, KEY_SEED_SIZE));
}
END_TEST

START_TEST(two_files_of_one_passphrase_share_nothing)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    CLEANUP(key_file_release) struct key_file one = {0};
    CLEANUP(key_file_release) struct key_file two = {0};
    struct fields_error error;

    put_sealed(&folder, &pair);
    ck_assert_int_eq(key_file_load(folder.fd, "key", &one, &error), 0);
    ck_assert_int_eq(key_file_reseal(folder.fd, "key", &pair, "open sesame", &cheap), 0);
    ck_assert_int_eq(key_file_load(folder.fd, "key", &two, &error), 0);
    ck_assert_mem_ne(one.salt, two.salt, sizeof(one.salt));
    ck_assert_mem_ne(one.box, two.box, sizeof(one.box));
}
END_TEST

START_TEST(notices_every_changed_byte_of_the_box)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    struct fields_error error;

    put_sealed(&folder, &pair);
    for (size_t i = 0; i < KEY_SEED_SIZE + SEAL_OVERHEAD; i++) {
        CLEANUP(key_file_release) struct key_file file = {0};

        ck_assert_int_eq(key_file_load(folder.fd, "key", &file, &error), 0);
        file.box[i] ^= 1;
        ck_assert_int_eq(key_file_unseal(&file, "open sesame"), KEY_E_PASSPHRASE);
    }
}
END_TEST

/* Somebody who may write the file puts another's public half beside the secret. */
START_TEST(a_sealed_secret_opens_for_its_own_public_key_only)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    CLEANUP(key_pair_release) struct key_pair other = {0};
    CLEANUP(key_file_release) struct key_file file = {0};
    struct fields_error error;

    put_sealed(&folder, &pair);
    ck_assert_int_eq(key_generate("mallory", &other), 0);
    ck_assert_int_eq(key_file_load(folder.fd, "key", &file, &error), 0);
    file.pair.key = other.key;
    ck_assert_int_eq(key_file_unseal(&file, "open sesame"), KEY_E_PASSPHRASE);
    ck_assert(!file.pair.has_secret);
}
END_TEST

START_TEST(a_truncated_sealed_file_is_refused_wherever_it_ends)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    AUTO_FREE char *text = NULL;
    size_t size;

    put_sealed(&folder, &pair);
    ck_assert_int_eq(file_read(folder.fd, "key", KEY_FILE_MAX, &text, &size), 0);
    for (size_t i = 0; i < size; i++) {
        struct key_file file;
        struct fields_error error = {0};

        ck_assert_int_eq(file_replace(folder.fd, "key", text, i, 0600), 0);
        ck_assert_int_eq(key_file_load(folder.fd, "key", &file, &error), KEY_E_INVALID);
        ck_assert_uint_gt(strlen(error.text), 0);
    }
}
END_TEST

START_TEST(a_sealed_secret_is_not_for_who_has_no_passphrase)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    CLEANUP(key_pair_release) struct key_pair again = {0};
    struct fields_error error;

    put_sealed(&folder, &pair);
    ck_assert_int_eq(key_file_read(folder.fd, "key", true, &again, &error), KEY_E_SEALED);
    ck_assert_int_eq(key_file_read(folder.fd, "key", false, &again, &error), 0);
    ck_assert(!again.has_secret && key_equal(&again.key, &pair.key));
    ck_assert_int_eq(fchmodat(folder.fd, "key", 0640, 0), 0);
    ck_assert_int_eq(key_file_read(folder.fd, "key", false, &again, &error), KEY_E_PERMISSION);
}
END_TEST

START_TEST(wipes_what_it_releases)
{
    CLEANUP(folder_release) struct folder folder = folder_make();
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    static const struct key_file zero;
    struct key_file file;
    struct fields_error error;

    put_sealed(&folder, &pair);
    ck_assert_int_eq(key_file_load(folder.fd, "key", &file, &error), 0);
    ck_assert_int_eq(key_file_unseal(&file, "open sesame"), 0);
    key_file_release(&file);
    ck_assert_mem_eq(&file, &zero, sizeof(file));
    key_file_release(NULL);
}
END_TEST

int main(void)
{
    if (!secret_init())
        return 1;
    return SUITE_RUN(
        "tuf/key_file", reads_the_key_file_that_it_wrote, the_public_file_has_no_secret,
        never_overwrites_a_key, reads_the_seed_of_the_specification,
        refuses_a_secret_that_others_may_read, says_why_it_is_not_a_key_file,
        tells_missing_and_too_large_apart, a_passphrase_opens_what_it_sealed,
        a_sealed_file_does_not_hold_the_secret, two_files_of_one_passphrase_share_nothing,
        notices_every_changed_byte_of_the_box, a_sealed_secret_opens_for_its_own_public_key_only,
        a_truncated_sealed_file_is_refused_wherever_it_ends,
        a_sealed_secret_is_not_for_who_has_no_passphrase, wipes_what_it_releases);
}
