/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trust/online_keys.h"

#include "suite.h"
#include "trust_fixture.h"

static struct trust_fixture fixture;

static void set_up(void)
{
    trust_init(&fixture);
}

static void tear_down(void)
{
    trust_release(&fixture);
}

static const struct q_tuf_place image = {TRUST_WORKSPACE, "image"};

/* The role of a root that names a key. */
static struct metadata root_of(const struct key *key)
{
    static const char *const roles[] = {"root", "timestamp", "snapshot", "targets"};
    json_t *root = builder_new("root", 1, TRUST_NOW_MS);

    for (size_t i = 0; i < ARRAY_LEN(roles); i++)
        ck_assert_int_eq(builder_root_role(root, roles[i], key, 1, 1), 0);
    return (struct metadata){
        .type = METADATA_ROOT, .document = json_pack("{s:o}", "signed", root), .signed_part = root};
}

static int open_for(const struct key *key, struct key_pair *ret_pair)
{
    struct metadata root = root_of(key);
    struct tuf_role role = role_of_root(&root, METADATA_SNAPSHOT);
    int r = online_keys_open(fixture.db, &fixture.vault, &image, &role, ret_pair);

    metadata_release(&root);
    return r;
}

struct ask {
    struct key *key;
    int64_t now_ms;
    bool rotate;
};

static int ask_inside(struct db *db, void *arg)
{
    struct ask *ask = arg;

    return (ask->rotate ? online_keys_rotate : online_keys_offer)(
        db, &fixture.vault, &image, &audit_server, ask->now_ms, ask->key);
}

static int ask(bool rotate, int64_t now_ms, struct key *ret_key)
{
    return tx_run(fixture.db, ask_inside, &(struct ask){ret_key, now_ms, rotate});
}

START_TEST(offers_one_key_until_it_is_rotated)
{
    struct key_pair pair = {0};
    struct key first;
    struct key again;
    struct key next;

    ck_assert_int_eq(ask(false, TRUST_NOW_MS, &first), 0);
    ck_assert_int_eq(ask(false, TRUST_NOW_MS, &again), 0);
    ck_assert(key_equal(&first, &again));
    ck_assert_int_eq(ask(true, TRUST_NOW_MS + 1, &next), 0);
    ck_assert(!key_equal(&first, &next));
    /* the old one signs as long as the root names it */
    ck_assert_int_eq(open_for(&first, &pair), 0);
    ck_assert(key_equal(&first, &pair.key));
    key_pair_release(&pair);
}
END_TEST

START_TEST(says_why_it_cannot_sign)
{
    struct key_pair pair = {0};
    struct key key;

    ck_assert_int_eq(ask(false, TRUST_NOW_MS, &key), 0);
    ck_assert_int_eq(open_for(&fixture.people[0].key, &pair), ONLINE_KEYS_E_NONE);
    secret_random(fixture.vault.key, sizeof(fixture.vault.key));
    ck_assert_int_eq(open_for(&key, &pair), ONLINE_KEYS_E_SEALED);
    fixture.vault.open = false;
    ck_assert_int_eq(open_for(&key, &pair), ONLINE_KEYS_E_CLOSED);
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("core/online_keys", set_up, tear_down, offers_one_key_until_it_is_rotated,
                          says_why_it_cannot_sign);
}
