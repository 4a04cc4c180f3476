/* SPDX-License-Identifier: Apache-2.0 */
#include "core/audit/audit_key.h"

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

static struct audit_key_place place(void)
{
    return (struct audit_key_place){
        .vault = &fixture.vault,
        .workspace_id = TRUST_WORKSPACE,
        .actor = &audit_server,
        .now_ms = fixture.now_ms,
    };
}

static int open_inside(struct db *db, void *arg)
{
    struct audit_key_place where = place();

    return audit_key_open(db, &where, arg);
}

static int offer_inside(struct db *db, void *arg)
{
    struct audit_key_place where = place();

    return audit_key_offer(db, &where, arg);
}

static int rotate_inside(struct db *db, void *arg)
{
    struct audit_key_place where = place();

    return audit_key_rotate(db, &where, arg);
}

START_TEST(one_key_signs_until_it_is_rotated)
{
    static const char message[] = "what was";
    uint8_t signature[KEY_SIGNATURE_MAX];
    struct key_pair pair = {0};
    struct key_pair again = {0};
    struct key offered;
    struct key next;
    struct signer signer;
    size_t size;

    ck_assert_int_eq(tx_run(fixture.db, open_inside, &pair), 0);
    ck_assert_int_eq(tx_run(fixture.db, open_inside, &again), 0);
    ck_assert_int_eq(tx_run(fixture.db, offer_inside, &offered), 0);
    ck_assert(key_equal(&pair.key, &again.key) && key_equal(&pair.key, &offered));
    signer = key_signer(&again);
    ck_assert_int_eq(signer.sign(signer.state, message, sizeof(message), signature, &size), 0);
    ck_assert(key_verify(&offered, message, sizeof(message), signature, size));
    key_pair_release(&again);

    fixture.now_ms++;
    ck_assert_int_eq(tx_run(fixture.db, rotate_inside, &next), 0);
    ck_assert_int_eq(tx_run(fixture.db, open_inside, &again), 0);
    ck_assert(key_equal(&next, &again.key) && !key_equal(&next, &pair.key));
    key_pair_release(&again);
    key_pair_release(&pair);
}
END_TEST

START_TEST(retired_keys_are_kept)
{
    struct audit_key_item *items;
    struct key first;
    struct key second;
    size_t count;

    ck_assert_int_eq(audit_key_list(fixture.db, TRUST_WORKSPACE, &fixture.arena, &items, &count),
                     0);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(tx_run(fixture.db, offer_inside, &first), 0);
    fixture.now_ms++;
    ck_assert_int_eq(tx_run(fixture.db, rotate_inside, &second), 0);
    ck_assert_int_eq(audit_key_list(fixture.db, TRUST_WORKSPACE, &fixture.arena, &items, &count),
                     0);
    ck_assert_uint_eq(count, 2);
    ck_assert(key_equal(&items[0].key, &second) && items[0].retired_ms == 0);
    ck_assert(key_equal(&items[1].key, &first) && items[1].retired_ms == fixture.now_ms);
}
END_TEST

START_TEST(says_why_it_cannot_sign)
{
    struct key_pair pair = {0};
    struct key key;

    fixture.vault.open = false;
    ck_assert_int_eq(tx_run(fixture.db, open_inside, &pair), AUDIT_KEY_E_CLOSED);
    ck_assert_int_eq(tx_run(fixture.db, offer_inside, &key), AUDIT_KEY_E_CLOSED);
    ck_assert_int_eq(tx_run(fixture.db, rotate_inside, &key), AUDIT_KEY_E_CLOSED);
    fixture.vault.open = true;
    ck_assert_int_eq(tx_run(fixture.db, offer_inside, &key), 0);
    secret_random(fixture.vault.key, sizeof(fixture.vault.key));
    ck_assert_int_eq(tx_run(fixture.db, open_inside, &pair), AUDIT_KEY_E_SEALED);
    /* its public half still says who signed what there is, and rotating helps */
    ck_assert_int_eq(tx_run(fixture.db, offer_inside, &key), 0);
    fixture.now_ms++;
    ck_assert_int_eq(tx_run(fixture.db, rotate_inside, &key), 0);
    ck_assert_int_eq(tx_run(fixture.db, open_inside, &pair), 0);
    key_pair_release(&pair);
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("core/audit_key", set_up, tear_down, one_key_signs_until_it_is_rotated,
                          retired_keys_are_kept, says_why_it_cannot_sign);
}
