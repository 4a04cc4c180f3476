/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_SIMULATOR_H
#define TEST_SIMULATOR_H

#include "tuf/builder.h"
#include "tuf/key.h"
#include "tuf/updater.h"

#include <stdbool.h>

/*
 * A TUF repository and a client's store in memory, for tests of the client workflow. Tests change
 * the `signed` parts as an attacker or a publisher would, publish, and look at what was asked for.
 */
#define SIMULATOR_DAY_MS ((int64_t)86400000)
#define SIMULATOR_NOW_MS ((int64_t)1767225600000) /* 2026-01-01 */
#define SIMULATOR_SIGNERS 8

struct simulator_file {
    char name[160];
    struct buffer bytes;
};

struct simulator_files {
    struct simulator_file files[128];
    size_t count;
};

/* Somebody who signs: a role's name and its keys. */
struct simulator_signers {
    char role[64];
    struct key_pair pairs[SIMULATOR_SIGNERS];
    size_t count;
};

struct simulator {
    json_t *root;
    json_t *timestamp;
    json_t *snapshot;
    json_t *targets;
    struct simulator_signers signers[16];
    size_t signers_count;
    struct simulator_files published;
    struct simulator_files stored;
    bool with_hashes; /* snapshot and timestamp say lengths and hashes */
    int64_t now_ms;
    char log[4096]; /* names that were fetched, a space behind each */
    struct updater *updater;
};

/* Everything at version 1, signed by one key a role, valid for ten days; root is in the store. */
void simulator_init(struct simulator *sim);
void simulator_release(struct simulator *sim);

struct simulator_signers *simulator_signers(struct simulator *sim, const char *role);

/* Adds a key to those that sign for a role (the metadata does not know it yet). */
struct key *simulator_add_signer(struct simulator *sim, const char *role);

/* Gives a top-level role new keys, in root too. */
void simulator_rotate(struct simulator *sim, const char *role, size_t count, int64_t threshold);

/* Writes the role's signers into root with that threshold. */
void simulator_set_root_role(struct simulator *sim, const char *role, int64_t threshold);

/* Signs a part with a role's signers and publishes it as VERSION.role.json (timestamp: plain). */
void simulator_publish_part(struct simulator *sim, const char *role, json_t *part);

/* The next version of a top-level part, in place. */
void simulator_bump(json_t **part);

/* Lets a part have expired a second before SIMULATOR_NOW_MS. */
void simulator_expire(json_t *part);

/* Changes a published file's bytes, to as many others. */
void simulator_edit(struct simulator *sim, const char *name, const char *from, const char *to);

/* Publishes root as its next version. */
void simulator_publish_root(struct simulator *sim);

/* targets, snapshot and timestamp, each as its next version, consistent with each other. */
void simulator_publish_all(struct simulator *sim);
void simulator_publish_snapshot(struct simulator *sim);
void simulator_publish_timestamp(struct simulator *sim);

/* A delegated role with a key of its own, of version 1, with one target unless it is NULL. */
json_t *simulator_delegate(struct simulator *sim, json_t *delegator, const char *name,
                           const char *path_pattern, bool terminating, const char *target);

/* The client's store. */
struct updater_store simulator_store(struct simulator *sim);

/* Lists a delegated role's part in the snapshot to come. */
void simulator_list(struct simulator *sim, const char *role, const json_t *part);

/* A fresh client on the same store: refresh; find. The log starts anew with every refresh. */
int simulator_refresh(struct simulator *sim);
int simulator_find(struct simulator *sim, const char *path);

/* The stored version of a role, 0 where there is none. */
int64_t simulator_stored(struct simulator *sim, const char *role);

struct buffer *simulator_file(struct simulator_files *files, const char *name, bool make);
void simulator_remove(struct simulator_files *files, const char *name);

#endif
