/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_KEYS_KEYRING_H
#define CLI_KEYS_KEYRING_H

#include "cli/keys/keystore.h"
#include "tuf/role.h"

/* Several keys that a command line names. */
#define KEYRING_MAX 16

struct keyring {
    struct keystore_key keys[KEYRING_MAX];
    size_t count;
};

/* Reads the keys and adds them. Returns 0, an exit status once reported, or negative. */
int keyring_read(struct cli *cli, const struct options_list *names,
                 struct keyring *ring) MUST_CHECK;

/*
 * Those whose secret is here, unlocked.
 *
 * ret_signers  holds KEYRING_MAX; they borrow from the ring
 */
int keyring_signers(struct cli *cli, struct keyring *ring, struct signer *ret_signers,
                    size_t *ret_count) MUST_CHECK;

/* The same for those that one of the roles names. */
int keyring_signers_of(struct cli *cli, struct keyring *ring, const struct tuf_role *roles,
                       size_t role_count, struct signer *ret_signers, size_t *ret_count) MUST_CHECK;

/* Adds a key, whose secret the ring owns from then on; not twice. Returns 0, CLI_USAGE reported. */
int keyring_add(struct cli *cli, struct keyring *ring, struct keystore_key *key) MUST_CHECK;

/* The public halves; ret_keys holds KEYRING_MAX. Returns how many there are. */
size_t keyring_public(const struct keyring *ring, struct key *ret_keys);

/* Accepts NULL and a zeroed struct. */
void keyring_release(struct keyring *ring);

#endif
