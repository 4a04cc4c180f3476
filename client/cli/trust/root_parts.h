/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_ROOT_PARTS_H
#define CLI_TRUST_ROOT_PARTS_H

#include "cli/keys/keyring.h"
#include "cli/server.h"

#include <jansson.h>

/* What a new workspace's people sign first: two roots, and top-level targets that delegate nothing
 * yet. */
struct root_parts {
    struct keyring root;    /* --root-key, or the default key */
    struct keyring targets; /* --targets-key; empty: the root keys */
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

/* Those who sign a role and whose secret is here; ret_signers holds KEYRING_MAX. */
int root_parts_signers(struct cli *cli, struct root_parts *parts, const char *role,
                       struct signer *ret_signers, size_t *ret_count) MUST_CHECK;

/* Wipes the keys. Accepts NULL and a zeroed struct. */
void root_parts_release(struct root_parts *parts);

#endif
