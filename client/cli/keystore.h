/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_KEYSTORE_H
#define CLI_KEYSTORE_H

#include "cli/cli.h"
#include "tuf/key.h"

/*
 * The publisher's keys: key files (docs/PROTOCOL.md) in $XDG_CONFIG_HOME/modelferry/keys/NAME.json.
 * Wherever a command takes a key, it takes the name of one of these or the path of any key file:
 * what holds a '/' or is a file in the current folder is a path.
 *
 * All return 0, an exit status once they reported, or negative (see cli.h).
 */

/* The path that `key` (a name or a path) stands for. */
int keystore_path(struct cli *cli, const char *key, const char **ret_path) MUST_CHECK;

/*
 * Reads a key.
 *
 * key       NULL: the only key that there is, or the one named "default"
 * ret_pair  key_pair_release() it
 * ret_path  of its file; may be NULL
 */
int keystore_read(struct cli *cli, const char *key, bool need_secret, struct key_pair *ret_pair,
                  const char **ret_path) MUST_CHECK;

/* The key that is meant where none is named: the only one, or "default"; NULL where that is none.
 */
int keystore_default(struct cli *cli, const char **ret_name) MUST_CHECK;

/* Writes a new key with its secret to its file, or to `out` where that is not NULL. */
int keystore_create(struct cli *cli, const char *out, const struct key_pair *pair,
                    const char **ret_path) MUST_CHECK;

/* The names of the keys that there are, sorted; they live in the command's arena. */
int keystore_list(struct cli *cli, const char ***ret_names, size_t *ret_count) MUST_CHECK;

#endif
