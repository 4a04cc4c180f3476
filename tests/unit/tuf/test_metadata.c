/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/metadata.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

#define SNAPSHOT(version, expires)                                                                 \
    "{\"signatures\":[],\"signed\":{\"_type\":\"snapshot\",\"spec_version\":\"1.0.33\","           \
    "\"version\":" version ",\"expires\":\"" expires "\",\"meta\":{\"targets.json\":{"             \
    "\"version\":2,\"length\":3,\"hashes\":{\"sha256\":"                                           \
    "\"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD\"}}}}}"
#define GOOD SNAPSHOT("7", "2026-01-01T00:00:00Z")

static int parse(const char *text, struct metadata *ret_metadata)
{
    struct reason reason;

    return metadata_parse(METADATA_SNAPSHOT, text, strlen(text), ret_metadata, &reason);
}

START_TEST(reads_version_and_expiry)
{
    struct metadata metadata = {0};

    ck_assert_int_eq(parse(GOOD, &metadata), 0);
    ck_assert_int_eq(metadata.version, 7);
    ck_assert_int_eq(metadata.expires_ms, 1767225600000);
    metadata_release(&metadata);
    ck_assert_ptr_null(metadata.document);
}
END_TEST

START_TEST(refuses_what_is_no_metadata)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{\"signed\":{}}",
        "{\"signatures\":[],\"signed\":[]}",
        SNAPSHOT("0", "2026-01-01T00:00:00Z"),
        SNAPSHOT("1.5", "2026-01-01T00:00:00Z"),
        SNAPSHOT("\"1\"", "2026-01-01T00:00:00Z"),
        SNAPSHOT("1", "tomorrow"),
        GOOD "x",
    };
    struct metadata metadata = {0};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        ck_assert_msg(parse(texts[i], &metadata) == METADATA_E_FORMAT, "%s", texts[i]);
    ck_assert_ptr_null(metadata.document);
}
END_TEST

START_TEST(checks_length_and_every_known_hash)
{
    struct metadata metadata = {0};
    struct metadata_file file;
    struct reason reason;

    ck_assert_int_eq(parse(GOOD, &metadata), 0);
    ck_assert(metadata_file_of_role(&metadata, "targets", &file));
    ck_assert(!metadata_file_of_role(&metadata, "other", &file));
    ck_assert_int_eq(metadata_file_check(&file, "abc", 3, &reason), 0);
    ck_assert_int_eq(metadata_file_check(&file, "abd", 3, &reason), METADATA_E_MISMATCH);
    ck_assert_int_eq(metadata_file_check(&file, "abcd", 4, &reason), METADATA_E_MISMATCH);
    metadata_release(&metadata);
}
END_TEST

START_TEST(an_unknown_hash_alone_proves_nothing)
{
    json_t *hashes = json_pack("{s:s}", "md4", "00");
    struct metadata_file file = {.version = 1, .length = -1, .hashes = hashes};
    struct metadata_target target = {.path = "a/b", .length = 3, .hashes = hashes};
    struct metadata_hasher hasher;
    struct reason reason;

    ck_assert_int_eq(metadata_file_check(&file, "abc", 3, &reason), METADATA_E_MISMATCH);
    metadata_hasher_init(&hasher);
    metadata_hasher_update(&hasher, "abc", 3);
    ck_assert(!metadata_hasher_matches(&hasher, &target));
    ck_assert_ptr_null(metadata_target_hash(&target));
    json_decref(hashes);
}
END_TEST

START_TEST(hashes_a_target_in_pieces)
{
    json_t *hashes =
        json_pack("{s:s, s:s}", "sha256",
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "sha512",
                  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    struct metadata_target target = {.path = "a/b", .length = 3, .hashes = hashes};
    struct metadata_hasher hasher;

    metadata_hasher_init(&hasher);
    metadata_hasher_update(&hasher, "a", 1);
    metadata_hasher_update(&hasher, "bc", 2);
    ck_assert(metadata_hasher_matches(&hasher, &target));
    metadata_hasher_update(&hasher, "d", 1);
    ck_assert(!metadata_hasher_matches(&hasher, &target));
    json_object_set_new(hashes, "sha512", json_string("00"));
    metadata_hasher_init(&hasher);
    metadata_hasher_update(&hasher, "abc", 3);
    ck_assert(!metadata_hasher_matches(&hasher, &target));
    json_decref(hashes);
}
END_TEST

int main(void)
{
    return SUITE_RUN("tuf/metadata", reads_version_and_expiry, refuses_what_is_no_metadata,
                     checks_length_and_every_known_hash, an_unknown_hash_alone_proves_nothing,
                     hashes_a_target_in_pieces);
}
