/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trust/keys.h"

#include "registry_fixture.h"
#include "suite.h"

START_TEST(a_key_is_added_once)
{
    struct registry registry;
    struct key_pair other;

    registry_init(&registry);
    ck_assert_int_eq(key_generate("bob", &other), 0);
    struct q_model_key key = registry_key(&registry, &other);
    struct keys_place nowhere = registry.keys;
    nowhere.model = "nothing";
    ck_assert_int_eq(keys_add(registry.db, &registry.keys, &key), 0);
    ck_assert_int_eq(keys_add(registry.db, &registry.keys, &key), KEYS_E_EXISTS);
    ck_assert_int_eq(keys_add(registry.db, &nowhere, &key), KEYS_E_MODEL);
    key_pair_release(&other);
    registry_release(&registry);
}
END_TEST

START_TEST(a_revoked_key_stays_revoked)
{
    struct registry registry;

    registry_init(&registry);
    struct q_model_key key = registry_key(&registry, &registry.key);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(keys_revoke(registry.db, &registry.keys, key.keyid), 0);
        registry.keys.now_ms++;
    }
    ck_assert_int_eq(database_number(registry.db, "SELECT ms(revoked_at) FROM model_key"),
                     REGISTRY_NOW_MS);
    ck_assert_int_eq(keys_add(registry.db, &registry.keys, &key), KEYS_E_EXISTS);
    key.keyid[0] ^= 1;
    ck_assert_int_eq(keys_revoke(registry.db, &registry.keys, key.keyid), KEYS_E_MISSING);
    registry_release(&registry);
}
END_TEST

START_TEST(a_model_has_no_endless_keys)
{
    struct registry registry;
    struct key_pair other;

    registry_init(&registry);
    database_run(registry.db,
                 "INSERT INTO model_key (workspace_id, model_id, keyid, name, key, added_at,"
                 " added_by) SELECT workspace_id, model_id, sha256(i::text::bytea), '', '{}',"
                 " now(), 'test' FROM model_key, generate_series(2, 256) i");
    ck_assert_int_eq(key_generate("bob", &other), 0);
    struct q_model_key key = registry_key(&registry, &other);
    ck_assert_int_eq(keys_add(registry.db, &registry.keys, &key), KEYS_E_MANY);
    key_pair_release(&other);
    registry_release(&registry);
}
END_TEST

static int lock(struct db *db, void *arg)
{
    struct registry *registry = arg;
    struct key *keys;
    size_t count;
    int64_t model = database_number(db, "SELECT id FROM model WHERE name = 'digits'");

    ck_assert_int_eq(keys_lock(db, model, &registry->arena, &keys, &count), 0);
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(keys[0].id, registry->key.key.id);

    /* a revocation waits until this transaction ends */
    struct db *other = database_open(registry->url);
    database_run(other, "SET lock_timeout = '50ms'");
    ck_assert_int_eq(db_exec_script(other, "UPDATE model_key SET revoked_at = now(),"
                                           " revoked_by = 'test'"),
                     ERR_UNAVAILABLE);
    db_free(other);
    return 0;
}

START_TEST(a_key_that_is_looked_at_cannot_be_revoked_meanwhile)
{
    struct registry registry;

    registry_init(&registry);
    ck_assert_int_eq(tx_run(registry.db, lock, &registry), 0);
    registry_release(&registry);
}
END_TEST

int main(void)
{
    return SUITE_RUN("core/keys", a_key_is_added_once, a_revoked_key_stays_revoked,
                     a_model_has_no_endless_keys,
                     a_key_that_is_looked_at_cannot_be_revoked_meanwhile);
}
