/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ROOT_PARTS_H
#define CLI_ROOT_PARTS_H

#include "cli/server.h"
#include "tuf/key.h"

#include <jansson.h>

/* What a new workspace's people sign first: two roots, and top-level targets that delegate nothing
 * yet. */
#define ROOT_PARTS_KEYS_MAX 16

struct root_parts {
    struct key_pair root[ROOT_PARTS_KEYS_MAX]; /* --root-key, or the default key */
    size_t root_count;
    struct key_pair targets[ROOT_PARTS_KEYS_MAX]; /* --targets-key, or the root keys */
    size_t targets_count;
    int64_t threshold;
    int64_t lifetime_ms;
    json_t *image_root;
    json_t *director_root;
    json_t *targets_listing;
};

/* Reads the keys that the flags name; public halves do for those who sign later. */
int root_parts_read_keys(struct cli *cli, struct root_parts *parts) MUST_CHECK;

/* Asks the server for its online keys, and makes the parts. */
int root_parts_make(struct server *server, struct root_parts *parts) MUST_CHECK;

/* Those who sign a role and whose secret is here; ret_pairs holds ROOT_PARTS_KEYS_MAX. */
size_t root_parts_signers(const struct root_parts *parts, const char *role,
                          struct key_pair **ret_pairs);

/* Wipes the keys. Accepts NULL and a zeroed struct. */
void root_parts_release(struct root_parts *parts);

#endif
