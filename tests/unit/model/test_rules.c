/* SPDX-License-Identifier: Apache-2.0 */
#include "model/rules.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "crypto/secret.h"
#include "suite.h"
#include "tuf/builder.h"
#include "tuf/envelope.h"
#include "tuf/targetpath.h"

#include <string.h>

#define NOW_MS ((int64_t)1767225600000) /* 2026-01-01 */

static struct key_pair people[2];
static struct key_pair online;
static struct key_pair other;
static struct reason reason;

static void set_up(void)
{
    ck_assert(secret_init());
    ck_assert_int_eq(key_generate("ann", &people[0]), 0);
    ck_assert_int_eq(key_generate("bob", &people[1]), 0);
    ck_assert_int_eq(key_generate("online", &online), 0);
    ck_assert_int_eq(key_generate("other", &other), 0);
}

static void tear_down(void)
{
    key_pair_release(&people[0]);
    key_pair_release(&people[1]);
    key_pair_release(&online);
    key_pair_release(&other);
}

/* What the rules say of a part, as a file that nobody signed. */
static int root_verdict(const json_t *part, const char *repository, const char *online_keyid)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(1 << 20);
    CLEANUP(metadata_release) struct metadata file = {0};

    ck_assert_int_eq(envelope_build(part, NULL, 0, &bytes), 0);
    ck_assert_int_eq(metadata_parse(METADATA_ROOT, bytes.bytes, bytes.size, &file, &reason), 0);
    return rules_root(&file, repository, online_keyid, &reason);
}

static int targets_verdict(const json_t *part)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(1 << 20);
    CLEANUP(metadata_release) struct metadata file = {0};

    ck_assert_int_eq(envelope_build(part, NULL, 0, &bytes), 0);
    ck_assert_int_eq(metadata_parse(METADATA_TARGETS, bytes.bytes, bytes.size, &file, &reason), 0);
    return rules_targets(&file, &reason);
}

static json_t *make_root(bool director)
{
    json_t *root = builder_new("root", 1, NOW_MS);
    const struct key keys[] = {people[0].key, people[1].key};

    ck_assert_int_eq(builder_root_role(root, "root", keys, 2, 2), 0);
    ck_assert_int_eq(builder_root_role(root, "timestamp", &online.key, 1, 1), 0);
    ck_assert_int_eq(builder_root_role(root, "snapshot", &online.key, 1, 1), 0);
    ck_assert_int_eq(builder_root_role(root, "targets", director ? &online.key : keys, 1, 1), 0);
    return root;
}

START_TEST(reads_the_model_from_a_role)
{
    ck_assert_str_eq(rules_model("model-digits"), "digits");
    ck_assert_ptr_null(rules_model("digits"));
    ck_assert_ptr_null(rules_model("model-"));
    ck_assert_ptr_null(rules_model("model-../x"));
}
END_TEST

START_TEST(accepts_the_roots_that_we_make)
{
    json_auto_t *image = make_root(false);
    json_auto_t *director = make_root(true);

    ck_assert_int_eq(root_verdict(image, "image", online.key.id), 0);
    ck_assert_int_eq(root_verdict(image, "image", NULL), 0);
    ck_assert_int_eq(root_verdict(director, "director", online.key.id), 0);
    ck_assert_int_eq(root_verdict(director, "director", NULL), 0);
}
END_TEST

START_TEST(the_server_signs_with_one_key_and_that_is_its_own)
{
    json_auto_t *image = make_root(false);
    json_auto_t *split = make_root(false);
    json_auto_t *high = make_root(false);
    const struct key both[] = {online.key, other.key};

    ck_assert_int_eq(root_verdict(image, "image", other.key.id), RULES_E_BROKEN);
    ck_assert_ptr_nonnull(strstr(reason.text, "roles.timestamp"));
    ck_assert_int_eq(root_verdict(image, "director", NULL), RULES_E_BROKEN);
    ck_assert_ptr_nonnull(strstr(reason.text, "roles.targets"));
    ck_assert_int_eq(builder_root_role(split, "snapshot", &other.key, 1, 1), 0);
    ck_assert_int_eq(root_verdict(split, "image", NULL), RULES_E_BROKEN);
    ck_assert_ptr_nonnull(strstr(reason.text, "roles.snapshot"));
    ck_assert_int_eq(builder_root_role(high, "timestamp", both, 2, 1), 0);
    ck_assert_int_eq(root_verdict(high, "image", NULL), RULES_E_BROKEN);
}
END_TEST

START_TEST(a_threshold_can_be_reached)
{
    json_auto_t *root = make_root(false);
    const struct key keys[] = {people[0].key, people[1].key};

    ck_assert_int_eq(builder_root_role(root, "root", keys, 2, 3), 0);
    ck_assert_int_eq(root_verdict(root, "image", NULL), RULES_E_BROKEN);
    ck_assert_ptr_nonnull(strstr(reason.text, "fewer keys"));
}
END_TEST

START_TEST(snapshots_are_consistent)
{
    json_auto_t *root = make_root(false);

    json_object_set_new(root, "consistent_snapshot", json_false());
    ck_assert_int_eq(root_verdict(root, "image", NULL), RULES_E_BROKEN);
}
END_TEST

/* ---- targets --------------------------------------------------------------------------------- */

static json_t *make_targets(struct arena *arena, const char *role, const char *model,
                            bool terminating, int64_t threshold)
{
    const char *patterns[TARGETPATH_PATTERNS];
    json_t *part = builder_new("targets", 1, NOW_MS);
    struct builder_delegation delegation = {
        .name = role,
        .keys = &people[0].key,
        .key_count = 1,
        .threshold = threshold,
        .paths = patterns,
        .path_count = TARGETPATH_PATTERNS,
        .terminating = terminating,
    };

    targetpath_patterns(arena, model, patterns);
    ck_assert_int_eq(builder_delegate(part, &delegation), 0);
    return part;
}

static const struct {
    const char *role;
    const char *model;
    bool terminating;
    int64_t threshold;
    const char *why; /* NULL: right */
} delegations[] = {
    {"model-digits", "digits", true,  1, NULL                        },
    {"digits",       "digits", true,  1, "is not the role of a model"},
    {"model-digits", "other",  true,  1, "the paths of its model"    },
    {"model-digits", "digits", false, 1, "must be terminating"       },
    {"model-digits", "digits", true,  2, "fewer keys"                },
};

START_TEST(a_delegation_is_to_one_model)
{
    CLEANUP(arena_release) struct arena arena = {0};

    for (size_t i = 0; i < ARRAY_LEN(delegations); i++) {
        json_auto_t *part = make_targets(&arena, delegations[i].role, delegations[i].model,
                                         delegations[i].terminating, delegations[i].threshold);

        ck_assert_int_eq(targets_verdict(part), delegations[i].why ? RULES_E_BROKEN : 0);
        if (delegations[i].why)
            ck_assert_ptr_nonnull(strstr(reason.text, delegations[i].why));
    }
}
END_TEST

START_TEST(the_top_level_lists_nothing_and_has_no_hash_bins)
{
    json_auto_t *lists = builder_new("targets", 1, NOW_MS);
    json_auto_t *bins = builder_new("targets", 1, NOW_MS);
    uint8_t digest[DIGEST_SHA256_SIZE] = {0};

    ck_assert_int_eq(builder_target(lists, "digits/1/manifest.json", 1, digest, NULL), 0);
    ck_assert_int_eq(targets_verdict(lists), RULES_E_BROKEN);
    json_object_set_new(bins, "delegations",
                        json_pack("{s:{}, s:{s:i, s:s, s:[s], s:i}}", "keys", "succinct_roles",
                                  "bit_length", 2, "name_prefix", "bin", "keyids", people[0].key.id,
                                  "threshold", 1));
    ck_assert_int_eq(targets_verdict(bins), RULES_E_BROKEN);
    ck_assert_ptr_nonnull(strstr(reason.text, "hash bins"));
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH(
        "model/rules", set_up, tear_down, reads_the_model_from_a_role,
        accepts_the_roots_that_we_make, the_server_signs_with_one_key_and_that_is_its_own,
        a_threshold_can_be_reached, snapshots_are_consistent, a_delegation_is_to_one_model,
        the_top_level_lists_nothing_and_has_no_hash_bins);
}
