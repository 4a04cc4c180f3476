/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/builder.h"

#include "base/cleanup.h"
#include "crypto/secret.h"
#include "suite.h"
#include "tuf/schema.h"

#include <string.h>

#define EXPIRES_MS ((int64_t)1767225600999)

static struct key make_key(void)
{
    struct key_pair pair = {0};

    ck_assert(secret_init());
    ck_assert_int_eq(key_generate("x", &pair), 0);
    return pair.key;
}

static void check_shape(const json_t *part, const char *type)
{
    struct reason reason = {{0}};

    ck_assert_msg(schema_check(part, type, &reason) == 0, "%s", reason.text);
}

START_TEST(writes_times_without_a_fraction)
{
    json_t *part = builder_new("snapshot", 3, EXPIRES_MS);

    ck_assert_str_eq(json_string_value(json_object_get(part, "expires")), "2026-01-01T00:00:00Z");
    ck_assert_int_eq(json_integer_value(json_object_get(part, "version")), 3);
    json_decref(part);
}
END_TEST

START_TEST(keeps_only_keys_that_a_role_uses)
{
    static const char *const roles[] = {"root", "timestamp", "snapshot", "targets"};
    json_t *root = builder_new("root", 1, EXPIRES_MS);
    struct key old = make_key();
    struct key new = make_key();

    for (size_t i = 0; i < ARRAY_LEN(roles); i++)
        ck_assert_int_eq(builder_root_role(root, roles[i], &old, 1, 1), 0);
    check_shape(root, "root");
    ck_assert_uint_eq(json_object_size(json_object_get(root, "keys")), 1);
    ck_assert_int_eq(builder_root_role(root, "targets", &new, 1, 1), 0);
    ck_assert_uint_eq(json_object_size(json_object_get(root, "keys")), 2);
    ck_assert_int_eq(builder_root_role(root, "targets", &old, 1, 1), 0);
    ck_assert_uint_eq(json_object_size(json_object_get(root, "keys")), 1);
    json_decref(root);
}
END_TEST

START_TEST(replaces_a_delegation_where_it_stands)
{
    json_t *targets = builder_new("targets", 1, EXPIRES_MS);
    struct key key = make_key();
    const char *path = "a/*";
    struct builder_delegation delegation = {
        .keys = &key, .key_count = 1, .threshold = 1, .paths = &path, .path_count = 1};
    static const char *const names[] = {"a", "b", "a"};
    json_t *roles;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        delegation.name = names[i];
        delegation.terminating = i == 2;
        ck_assert_int_eq(builder_delegate(targets, &delegation), 0);
    }
    check_shape(targets, "targets");
    roles = json_object_get(json_object_get(targets, "delegations"), "roles");
    ck_assert_uint_eq(json_array_size(roles), 2);
    ck_assert(json_is_true(json_object_get(json_array_get(roles, 0), "terminating")));
    ck_assert_int_eq(builder_undelegate(targets, "a"), 0);
    ck_assert_int_eq(builder_undelegate(targets, "missing"), 0);
    ck_assert_uint_eq(json_array_size(roles), 1);
    json_decref(targets);
}
END_TEST

START_TEST(the_next_version_leaves_the_old_one_alone)
{
    json_t *old = builder_new("targets", 7, EXPIRES_MS);
    json_t *next = builder_next(old, EXPIRES_MS + 86400000);
    uint8_t digest[DIGEST_SHA256_SIZE] = {0xab};

    ck_assert_int_eq(builder_target(next, "x", 5, digest, NULL), 0);
    check_shape(next, "targets");
    ck_assert_int_eq(json_integer_value(json_object_get(next, "version")), 8);
    ck_assert_uint_eq(json_object_size(json_object_get(old, "targets")), 0);
    json_decref(old);
    json_decref(next);
}
END_TEST

START_TEST(names_a_file_with_its_length_and_hash)
{
    json_t *snapshot = builder_new("snapshot", 1, EXPIRES_MS);
    json_t *file;

    ck_assert_int_eq(builder_meta(snapshot, "targets.json", 4, "abc", 3), 0);
    check_shape(snapshot, "snapshot");
    file = json_object_get(json_object_get(snapshot, "meta"), "targets.json");
    ck_assert_int_eq(json_integer_value(json_object_get(file, "length")), 3);
    ck_assert_str_eq(json_string_value(json_object_get(json_object_get(file, "hashes"), "sha256")),
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    json_decref(snapshot);
}
END_TEST

int main(void)
{
    return SUITE_RUN("tuf/builder", writes_times_without_a_fraction,
                     keeps_only_keys_that_a_role_uses, replaces_a_delegation_where_it_stands,
                     the_next_version_leaves_the_old_one_alone,
                     names_a_file_with_its_length_and_hash);
}
