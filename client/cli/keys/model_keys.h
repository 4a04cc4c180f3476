/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_KEYS_MODEL_KEYS_H
#define CLI_KEYS_MODEL_KEYS_H

#include "cli/server.h"
#include "tuf/key.h"

#include <stdbool.h>

/* The keys that the server has registered for a model. */
struct model_key {
    struct key key;
    const char *name;       /* may be NULL; in the command's arena, as revoked_at is */
    const char *revoked_at; /* NULL: it is not */
};

struct model_keys {
    struct model_key *keys;
    size_t count;
};

/* Asks the server. Returns 0, an exit status once reported, or negative. */
int model_keys_read(struct server *server, const char *model,
                    struct model_keys *ret_keys) MUST_CHECK;

/*
 * Whether versions of the model may be signed with this key now; else reports which ones may.
 *
 * Returns 0 or CLI_FAILED.
 */
int model_keys_check(struct cli *cli, const char *model, const struct model_keys *keys,
                     const struct key *key) MUST_CHECK;

/* Lets a key sign manifests of the model; one that is registered already is fine. An
 * administrator's. */
int model_keys_register(struct server *server, const char *model, const struct key *key,
                        const char *name) MUST_CHECK;

/* Takes that back: nothing more may be signed with it. What is not registered is fine. */
int model_keys_revoke(struct server *server, const char *model, const char *keyid) MUST_CHECK;

/* The registered key, revoked or not, or NULL. */
const struct model_key *model_keys_find(const struct model_keys *keys, const char *keyid);

#endif
