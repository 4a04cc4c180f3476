/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_ROTATION_H
#define CLI_TRUST_ROTATION_H

#include "cli/trust/ceremony.h"

#include <stdbool.h>

/*
 * One key in the place of another, wherever a workspace names it: as a publisher's of models, as
 * one that signs the top-level targets, as one that signs roots. In this order, and so that clients
 * accept what is in force at every moment:
 *
 *     the new key is registered for the models
 *     what the models list is signed by both keys
 *     the top-level targets name the new key, signed by both where they sign these
 *     the roots name it
 *     the old key is no longer registered
 *
 * Each step looks at what is in force, not at what an earlier run did: where others must sign in
 * between, or this program was killed, the same again goes on.
 */
struct rotation {
    struct ceremony *ceremony; /* its ring holds both keys, with their secrets */
    struct key old;
    struct key new;
    const char *new_name; /* what it is called, for the server */
    const char *new_file; /* to be handed to others */
    int64_t lifetime_ms;
};

/* Where a workspace names a key. */
struct rotation_use {
    const char **registered; /* models; in the arena */
    const char **granted;    /* models */
    size_t registered_count;
    size_t granted_count;
    bool targets; /* it signs the top-level targets */
    bool image_root;
    bool director_root;
};

/* Asks and looks, after verifying. Returns 0, an exit status once reported, or negative. */
int rotation_find(struct workspace *workspace, const struct key *key,
                  struct rotation_use *ret_use) MUST_CHECK;

/* Whether it is named at all. */
bool rotation_is_used(const struct rotation_use *use);

/* Prints it, a line a place. */
void rotation_print_use(struct cli *cli, const struct rotation_use *use);

/* Returns 0 once all of it is done, CEREMONY_E_WAITS, an exit status once reported, or negative. */
int rotation_run(const struct rotation *rotation, const struct rotation_use *use) MUST_CHECK;

#endif
