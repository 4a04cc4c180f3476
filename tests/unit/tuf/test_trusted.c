/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/trusted.h"

#include "base/cleanup.h"
#include "simulator.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

/* The updater's tests walk the workflow; here, that the set keeps what it trusts when it refuses.
 */
static struct simulator sim;
static struct trusted trusted;

static void set_up(void)
{
    simulator_init(&sim);
    trusted = (struct trusted){.now_ms = SIMULATOR_NOW_MS};
}

static void tear_down(void)
{
    trusted_release(&trusted);
    simulator_release(&sim);
}

static const struct buffer *published(const char *name)
{
    const struct buffer *bytes = simulator_file(&sim.published, name, false);

    ck_assert_ptr_nonnull(bytes);
    return bytes;
}

static void trust_all(void)
{
    const struct buffer *root = published("1.root.json");
    const struct buffer *timestamp = published("timestamp.json");
    const struct buffer *snapshot = published("1.snapshot.json");
    const struct buffer *targets = published("1.targets.json");

    ck_assert_int_eq(trusted_root(&trusted, root->bytes, root->size), 0);
    ck_assert_int_eq(trusted_root_final(&trusted), 0);
    ck_assert_int_eq(trusted_timestamp(&trusted, TRUSTED_REMOTE, timestamp->bytes, timestamp->size),
                     0);
    ck_assert_int_eq(trusted_snapshot(&trusted, TRUSTED_REMOTE, snapshot->bytes, snapshot->size),
                     0);
    ck_assert_int_eq(trusted_targets(&trusted, targets->bytes, targets->size), 0);
}

START_TEST(keeps_what_it_trusts_when_it_refuses)
{
    static const char garbage[] = "{\"signatures\":[],\"signed\":{}}";
    bool rotated;

    trust_all();
    ck_assert_int_eq(trusted_next_root(&trusted, garbage, strlen(garbage), &rotated),
                     TRUSTED_E_FORMAT);
    ck_assert_int_eq(trusted_timestamp(&trusted, TRUSTED_REMOTE, garbage, strlen(garbage)),
                     TRUSTED_E_FORMAT);
    ck_assert_int_gt(trusted_snapshot(&trusted, TRUSTED_REMOTE, garbage, strlen(garbage)), 0);
    ck_assert_int_gt(trusted_targets(&trusted, garbage, strlen(garbage)), 0);
    for (enum metadata_type type = METADATA_ROOT; type <= METADATA_TARGETS; type++)
        ck_assert_int_eq(trusted_file(&trusted, type)->version, 1);
    ck_assert_ptr_nonnull(strstr(trusted.reason.text, "targets.json: "));
}
END_TEST

START_TEST(the_same_timestamp_again_is_no_news)
{
    const struct buffer *timestamp = published("timestamp.json");

    trust_all();
    ck_assert_int_eq(trusted_timestamp(&trusted, TRUSTED_REMOTE, timestamp->bytes, timestamp->size),
                     TRUSTED_E_SAME);
}
END_TEST

START_TEST(a_local_snapshot_is_a_baseline_but_not_the_final_word)
{
    const struct buffer *old = published("1.snapshot.json");
    const struct buffer *root = published("1.root.json");
    const struct buffer *timestamp;

    simulator_publish_snapshot(&sim);
    timestamp = published("timestamp.json");
    ck_assert_int_eq(trusted_root(&trusted, root->bytes, root->size), 0);
    ck_assert_int_eq(trusted_timestamp(&trusted, TRUSTED_REMOTE, timestamp->bytes, timestamp->size),
                     0);
    ck_assert_int_eq(trusted_snapshot(&trusted, TRUSTED_LOCAL, old->bytes, old->size), 0);
    ck_assert_int_eq(trusted_snapshot_final(&trusted), TRUSTED_E_MISMATCH);
}
END_TEST

START_TEST(says_that_keys_were_rotated)
{
    static const struct {
        const char *role;
        bool rotated;
    } cases[] = {
        {"timestamp", true },
        {"snapshot",  true },
        {"targets",   false},
    };

    trust_all();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char name[32];
        bool rotated;

        simulator_rotate(&sim, cases[i].role, 1, 1);
        simulator_publish_root(&sim);
        (void)snprintf(name, sizeof(name), "%zu.root.json", i + 2);
        ck_assert_int_eq(
            trusted_next_root(&trusted, published(name)->bytes, published(name)->size, &rotated),
            0);
        ck_assert_msg(rotated == cases[i].rotated, "%s", cases[i].role);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("tuf/trusted", set_up, tear_down, keeps_what_it_trusts_when_it_refuses,
                          the_same_timestamp_again_is_no_news,
                          a_local_snapshot_is_a_baseline_but_not_the_final_word,
                          says_that_keys_were_rotated);
}
