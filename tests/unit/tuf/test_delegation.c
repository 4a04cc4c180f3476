/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/delegation.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

static struct metadata with_role(json_t *role)
{
    json_t *document =
        json_pack("{s:{s:{s:{}, s:[o]}}}", "signed", "delegations", "keys", "roles", role);

    return (struct metadata){.type = METADATA_TARGETS,
                             .document = document,
                             .signed_part = json_object_get(document, "signed")};
}

static bool covers(struct metadata *metadata, const char *path, const char **ret_name)
{
    static struct arena arena;
    struct delegation delegation;

    if (!delegation_covers(metadata, 0, path, &arena, &delegation))
        return false;
    *ret_name = delegation.name;
    return true;
}

START_TEST(patterns_do_not_cross_slashes)
{
    static const struct {
        const char *pattern;
        const char *path;
        bool covered;
    } cases[] = {
        {"*",      "a",       true },
        {"*",      "a/b",     false},
        {"a/*",    "a/b",     true },
        {"a/*",    "a/b/c",   false},
        {"*/*",    "a/b",     true },
        {"a?c",    "abc",     true },
        {"a?c",    "a/c",     false},
        {"[ab]",   "b",       true },
        {"[!ab]",  "b",       false},
        {"*",      ".hidden", true },
        {"a\\*",   "a*",      false},
        {"a\\*",   "a\\b",    true },
        {"README", "readme",  false},
        {"",       "a",       false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct metadata metadata =
            with_role(json_pack("{s:s, s:[s], s:[], s:i, s:b}", "name", "r", "paths",
                                cases[i].pattern, "keyids", "threshold", 1, "terminating", 0));
        const char *name;

        ck_assert_msg(covers(&metadata, cases[i].path, &name) == cases[i].covered, "%s %s",
                      cases[i].pattern, cases[i].path);
        metadata_release(&metadata);
    }
}
END_TEST

START_TEST(hash_prefixes_are_of_the_path)
{
    /* SHA-256("a/b") = c14cddc0... */
    static const struct {
        const char *prefix;
        bool covered;
    } cases[] = {
        {"c14c", true },
        {"C1",   true },
        {"c15",  false},
        {"",     true },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct metadata metadata =
            with_role(json_pack("{s:s, s:[s], s:[], s:i, s:b}", "name", "r", "path_hash_prefixes",
                                cases[i].prefix, "keyids", "threshold", 1, "terminating", 0));
        const char *name;

        ck_assert_msg(covers(&metadata, "a/b", &name) == cases[i].covered, "%s", cases[i].prefix);
        metadata_release(&metadata);
    }
}
END_TEST

START_TEST(succinct_roles_name_the_bin_of_the_first_bits)
{
    static const struct {
        int bits;
        const char *name;
    } cases[] = {
        {1,  "bin-1"       },
        {4,  "bin-c"       },
        {8,  "bin-c1"      },
        {10, "bin-305"     },
        {32, "bin-c14cddc0"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_t *document = json_pack("{s:{s:{s:{}, s:{s:i, s:s, s:[], s:i}}}}", "signed",
                                     "delegations", "keys", "succinct_roles", "bit_length",
                                     cases[i].bits, "name_prefix", "bin", "keyids", "threshold", 1);
        struct metadata metadata = {.type = METADATA_TARGETS,
                                    .document = document,
                                    .signed_part = json_object_get(document, "signed")};
        const char *name;

        ck_assert_uint_eq(delegation_count(&metadata), 1);
        ck_assert(covers(&metadata, "a/b", &name));
        ck_assert_str_eq(name, cases[i].name);
        metadata_release(&metadata);
    }
}
END_TEST

START_TEST(finds_a_delegation_by_name)
{
    struct metadata metadata =
        with_role(json_pack("{s:s, s:[], s:[], s:i, s:b}", "name", "r", "paths", "keyids",
                            "threshold", 2, "terminating", 1));
    struct delegation delegation;

    ck_assert(delegation_named(&metadata, "r", &delegation));
    ck_assert_int_eq(delegation.role.threshold, 2);
    ck_assert(delegation.terminating);
    ck_assert(!delegation_named(&metadata, "s", &delegation));
    metadata_release(&metadata);
}
END_TEST

int main(void)
{
    return SUITE_RUN("tuf/delegation", patterns_do_not_cross_slashes, hash_prefixes_are_of_the_path,
                     succinct_roles_name_the_bin_of_the_first_bits, finds_a_delegation_by_name);
}
