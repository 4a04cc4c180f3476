/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/role.h"

#include "base/cleanup.h"
#include "crypto/secret.h"
#include "suite.h"
#include "tuf/builder.h"
#include "tuf/envelope.h"

#include <string.h>

#define KEYS 3

static struct key_pair pairs[KEYS];

static void set_up(void)
{
    ck_assert(secret_init());
    for (size_t i = 0; i < KEYS; i++)
        ck_assert_int_eq(key_generate("x", &pairs[i]), 0);
}

static void tear_down(void)
{
    for (size_t i = 0; i < KEYS; i++)
        key_pair_release(&pairs[i]);
}

/* A root whose role root has all keys with a threshold, signed by those of a mask. */
static struct metadata make_root(int64_t threshold, unsigned mask)
{
    static const char *const roles[] = {"timestamp", "snapshot", "targets"};
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(65536);
    json_t *root = builder_new("root", 1, 1767225600000);
    struct signer signers[KEYS];
    struct key keys[KEYS];
    struct metadata metadata;
    struct reason reason;
    size_t count = 0;

    for (size_t i = 0; i < KEYS; i++) {
        keys[i] = pairs[i].key;
        if (mask & 1U << i)
            signers[count++] = key_signer(&pairs[i]);
    }
    ck_assert_int_eq(builder_root_role(root, "root", keys, KEYS, threshold), 0);
    for (size_t i = 0; i < ARRAY_LEN(roles); i++)
        ck_assert_int_eq(builder_root_role(root, roles[i], keys, 1, 1), 0);
    ck_assert_int_eq(envelope_build(root, signers, count, &bytes), 0);
    ck_assert_int_eq(metadata_parse(METADATA_ROOT, bytes.bytes, bytes.size, &metadata, &reason), 0);
    json_decref(root);
    return metadata;
}

static int verify(struct metadata *root)
{
    struct tuf_role role = role_of_root(root, METADATA_ROOT);
    struct reason reason;

    return role_verify(&role, root, &reason);
}

START_TEST(needs_its_threshold)
{
    static const struct {
        int64_t threshold;
        unsigned mask;
        int outcome;
    } cases[] = {
        {1, 1, 0               },
        {1, 4, 0               },
        {1, 0, ROLE_E_SIGNATURE},
        {2, 1, ROLE_E_SIGNATURE},
        {2, 5, 0               },
        {3, 7, 0               },
        {3, 6, ROLE_E_SIGNATURE},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct metadata root = make_root(cases[i].threshold, cases[i].mask);

        ck_assert_int_eq(verify(&root), cases[i].outcome);
        metadata_release(&root);
    }
}
END_TEST

START_TEST(passes_over_bad_signatures_where_others_suffice)
{
    static const char *const bad[] = {"", "zz", "00", "not hex at all"};

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct metadata root = make_root(1, 3);
        json_t *first = json_array_get(json_object_get(root.document, "signatures"), 0);

        json_object_set_new(first, "sig", json_string(bad[i]));
        ck_assert_int_eq(verify(&root), 0);
        metadata_release(&root);
    }
}
END_TEST

START_TEST(refuses_a_changed_part)
{
    struct metadata root = make_root(1, 1);

    json_object_set_new((json_t *)root.signed_part, "version", json_integer(2));
    ck_assert_int_eq(verify(&root), ROLE_E_SIGNATURE);
    metadata_release(&root);
}
END_TEST

START_TEST(counts_who_has_signed)
{
    struct metadata root = make_root(3, 5);
    struct tuf_role role = role_of_root(&root, METADATA_ROOT);
    struct reason reason;
    int64_t count;

    ck_assert_int_eq(role_count(&role, &root, &count, &reason), 0);
    ck_assert_int_eq(count, 2);
    role = role_of_root(&root, METADATA_TARGETS);
    ck_assert_int_eq(role_count(&role, &root, &count, &reason), 0);
    ck_assert_int_eq(count, 1);
    metadata_release(&root);
}
END_TEST

START_TEST(a_changed_key_is_a_rotation_and_a_threshold_is_none)
{
    struct metadata a = make_root(1, 1);
    struct metadata b = make_root(2, 3);
    struct tuf_role root_a = role_of_root(&a, METADATA_ROOT);
    struct tuf_role root_b = role_of_root(&b, METADATA_ROOT);
    struct tuf_role targets = role_of_root(&a, METADATA_TARGETS);

    ck_assert(role_same_keys(&root_a, &root_b));
    ck_assert(!role_same_keys(&root_a, &targets));
    metadata_release(&a);
    metadata_release(&b);
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("tuf/role", set_up, tear_down, needs_its_threshold,
                          passes_over_bad_signatures_where_others_suffice, refuses_a_changed_part,
                          counts_who_has_signed,
                          a_changed_key_is_a_rotation_and_a_threshold_is_none);
}
