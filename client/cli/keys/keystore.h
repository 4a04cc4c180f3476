/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_KEYS_KEYSTORE_H
#define CLI_KEYS_KEYSTORE_H

#include "cli/cli.h"
#include "tuf/key.h"

#include <stdbool.h>

/*
 * The publisher's keys: key files (docs/PROTOCOL.md) in $XDG_CONFIG_HOME/modelferry/keys/NAME.json.
 * Wherever a command takes a key, it takes the name of one of these or the path of any key file:
 * what holds a '/' or is a file in the current folder is a path.
 *
 * All return 0, an exit status once they reported, or negative (see cli.h).
 */

/* Where the secret half is. */
enum keystore_secret {
    KEYSTORE_ELSEWHERE, /* not in the file */
    KEYSTORE_PLAIN,
    KEYSTORE_SEALED,
};

/*
 * A key. Commands sign with `signer` and know nothing of files: an agent or a token may stand
 * behind it as well. Movable; release it: that wipes what is secret.
 */
struct keystore_key {
    struct key key;
    char name[KEY_NAME_MAX + 1];
    const char *path; /* of its file, in the command's arena */
    enum keystore_secret secret;
    struct signer signer;  /* sign is NULL until keystore_unlock() */
    struct key_file *file; /* what the signer works with */
};

/* The path that `key` (a name or a path) stands for. */
int keystore_path(struct cli *cli, const char *key, const char **ret_path) MUST_CHECK;

/*
 * Reads a key, without asking for a passphrase.
 *
 * key  NULL: the only key that there is, or the one named "default"
 */
int keystore_read(struct cli *cli, const char *key, struct keystore_key *ret_key) MUST_CHECK;

/* One of this user's keys, by its name only. */
int keystore_read_named(struct cli *cli, const char *name, struct keystore_key *ret_key) MUST_CHECK;

/* The same without a word where it cannot be read: then it returns non-zero. */
int keystore_peek(struct cli *cli, const char *name, struct keystore_key *ret_key) MUST_CHECK;

/* Whether the secret is here; else reports it. To know before work that would be for nothing. */
int keystore_need_secret(struct cli *cli, const struct keystore_key *key) MUST_CHECK;

/* Makes it sign: asks for the passphrase where the secret is sealed. Twice does no harm. */
int keystore_unlock(struct cli *cli, struct keystore_key *key) MUST_CHECK;

/* Reads a key and unlocks it. */
int keystore_signer(struct cli *cli, const char *key, struct keystore_key *ret_key) MUST_CHECK;

/* Accepts NULL and a zeroed struct. */
void keystore_release(struct keystore_key *key);

/* The file of the key that is meant where none is named: the only one, or "default"; NULL where
 * that is none. */
int keystore_default(struct cli *cli, const char **ret_path) MUST_CHECK;

/*
 * Makes a key and its file, or `out` where that is not NULL: sealed where a passphrase can be had
 * and --no-passphrase was not said, else plain, with a warning.
 */
int keystore_create(struct cli *cli, const char *name, const char *out,
                    struct keystore_key *ret_key) MUST_CHECK;

/* Seals the secret by another passphrase, or not at all where --no-passphrase was said. */
int keystore_reseal(struct cli *cli, struct keystore_key *key) MUST_CHECK;

/* The names of the keys that there are, sorted; they live in the command's arena. */
int keystore_list(struct cli *cli, const char ***ret_names, size_t *ret_count) MUST_CHECK;

#endif
