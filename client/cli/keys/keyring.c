/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keys/keyring.h"

#include "base/cleanup.h"

int keyring_add(struct cli *cli, struct keyring *ring, struct keystore_key *key)
{
    for (size_t i = 0; i < ring->count; i++) {
        struct keystore_key *known = &ring->keys[i];

        if (!key_equal(&known->key, &key->key))
            continue;
        if (known->secret == KEYSTORE_ELSEWHERE) { /* the file with the secret counts */
            keystore_release(known);
            *known = *key;
            *key = (struct keystore_key){0};
        }
        return 0;
    }
    if (ring->count == KEYRING_MAX)
        return cli_usage(cli, "at most %d keys", KEYRING_MAX);
    ring->keys[ring->count++] = *key;
    *key = (struct keystore_key){0};
    return 0;
}

int keyring_read(struct cli *cli, const struct options_list *names, struct keyring *ring)
{
    for (size_t i = 0; i < names->count; i++) {
        CLEANUP(keystore_release) struct keystore_key key = {0};
        int r = keystore_read(cli, names->texts[i], &key);

        if (!r)
            r = keyring_add(cli, ring, &key);
        if (r)
            return r;
    }
    return 0;
}

static bool is_named(const struct tuf_role *roles, size_t role_count, const struct key *key)
{
    for (size_t i = 0; i < role_count; i++)
        if (role_names_key(&roles[i], key))
            return true;
    return false;
}

/* roles NULL: whatever they name */
static int unlock(struct cli *cli, struct keyring *ring, const struct tuf_role *roles,
                  size_t role_count, struct signer *ret_signers, size_t *ret_count)
{
    size_t count = 0;

    for (size_t i = 0; i < ring->count; i++) {
        struct keystore_key *key = &ring->keys[i];
        int r;

        if (key->secret == KEYSTORE_ELSEWHERE)
            continue;
        if (roles && !is_named(roles, role_count, &key->key))
            continue;
        r = keystore_unlock(cli, key);
        if (r)
            return r;
        ret_signers[count++] = key->signer;
    }
    *ret_count = count;
    return 0;
}

int keyring_signers(struct cli *cli, struct keyring *ring, struct signer *ret_signers,
                    size_t *ret_count)
{
    return unlock(cli, ring, NULL, 0, ret_signers, ret_count);
}

int keyring_signers_of(struct cli *cli, struct keyring *ring, const struct tuf_role *roles,
                       size_t role_count, struct signer *ret_signers, size_t *ret_count)
{
    return unlock(cli, ring, roles, role_count, ret_signers, ret_count);
}

size_t keyring_public(const struct keyring *ring, struct key *ret_keys)
{
    for (size_t i = 0; i < ring->count; i++)
        ret_keys[i] = ring->keys[i].key;
    return ring->count;
}

void keyring_release(struct keyring *ring)
{
    if (!ring)
        return;
    for (size_t i = 0; i < ring->count; i++)
        keystore_release(&ring->keys[i]);
    ring->count = 0;
}
