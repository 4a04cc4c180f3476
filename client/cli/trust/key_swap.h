/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_KEY_SWAP_H
#define CLI_TRUST_KEY_SWAP_H

#include "cli/keys/keyring.h"

/*
 * A change of who may sign, as it is written on a command line: OLD=NEW puts a key in another's
 * place, =NEW adds one, OLD= drops one. NEW is a key by name or key file; OLD may also be a keyid
 * or the start of one, since its file may be lost.
 */
struct key_swap {
    const char *text;
    const char *old_start; /* of its keyid; NULL: old is the key, where there is one */
    struct key old;
    struct key new;
    bool drops;
    bool adds;
};

/*
 * Parses one. Keys that it names by name or file are added to the ring: they may sign.
 * Returns 0, an exit status once reported, or negative.
 */
int key_swap_parse(struct cli *cli, const char *text, struct keyring *ring,
                   struct key_swap *ret_swap) MUST_CHECK;

/*
 * Applies it to the keys of a role.
 *
 * keys   holds KEYRING_MAX
 * whose  names the role in errors: "root"
 *
 * Returns 0, or CLI_FAILED once reported: OLD is none of them, NEW is one already, or too many.
 */
int key_swap_apply(struct cli *cli, const struct key_swap *swap, const char *whose,
                   struct key *keys, size_t *count) MUST_CHECK;

/* Which of the keys a text names: a keyid or the start of one (8 digits at least), a name or a
 * file. ret_index is count where it is none. Returns 0, an exit status once reported, or negative.
 */
int key_swap_find(struct cli *cli, const char *text, const struct key *keys, size_t count,
                  size_t *ret_index) MUST_CHECK;

#endif
