/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keyring.h"

int keyring_read(struct cli *cli, const struct options_list *names, struct keyring *ring)
{
    for (size_t i = 0; i < names->count; i++) {
        int r;

        if (ring->count == KEYRING_MAX)
            return cli_usage(cli, "at most %d keys", KEYRING_MAX);
        r = keystore_read(cli, names->texts[i], &ring->keys[ring->count]);
        if (r)
            return r;
        ring->count++;
    }
    return 0;
}

int keyring_signers(struct cli *cli, struct keyring *ring, struct signer *ret_signers,
                    size_t *ret_count)
{
    size_t count = 0;

    for (size_t i = 0; i < ring->count; i++) {
        int r;

        if (ring->keys[i].secret == KEYSTORE_ELSEWHERE)
            continue;
        r = keystore_unlock(cli, &ring->keys[i]);
        if (r)
            return r;
        ret_signers[count++] = ring->keys[i].signer;
    }
    *ret_count = count;
    return 0;
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
