/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_STORE_H
#define AGENT_STORE_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * The agent's state directory:
 *
 *     lock                           held by the one agent that may change anything
 *     identity/                      key, token, who we are: 0700
 *     identity/trust/                pinned roots, or the publishers' public keys
 *     metadata/state.json            the desired state as last received
 *     metadata/{director,image}/     trusted TUF metadata
 *     metadata/detected.json         what is wrong at the moment
 *     metadata/counters.json         the highest release counter of each model
 *     downloads/HEX.part, HEX        artifacts on their way, and whole ones not yet staged
 *     spool/                         reports that were not delivered yet
 *     models/SLOT/versions/ID/       what was installed; artifacts under their own names
 *     models/SLOT/current            symbolic link to versions/ID
 *     models/SLOT/previous           the same, for going back
 *     models/SLOT/{slot,journal}.json
 */
struct store {
    int dir_fd;
    int lock_fd; /* -1: opened for reading only */
    const char *path;
};

enum {
    STORE_E_BUSY = 1,    /* another agent holds the lock */
    STORE_E_MISSING = 2, /* no such directory, or never enrolled */
    STORE_E_BROKEN = 3,  /* store_load: the file is not the JSON object that we once wrote */
};

/*
 * Opens for an agent: makes what is missing and takes the lock, which the kernel drops when the
 * process ends, however it ends. path is borrowed.
 */
int store_open(const char *path, struct store *ret_store) MUST_CHECK;

/* Opens for looking only. */
int store_peek(const char *path, struct store *ret_store) MUST_CHECK;

/* Accepts NULL and a struct with both descriptors -1. */
void store_release(struct store *store);

#define STORE_NONE                                                                                 \
    (struct store)                                                                                 \
    {                                                                                              \
        .dir_fd = -1, .lock_fd = -1                                                                \
    }

#define STORE_JSON_MAX ((size_t)2 << 20)

/* Reads a JSON object that we wrote. Returns 0, STORE_E_MISSING, STORE_E_BROKEN, or negative. */
int store_load(const struct store *store, const char *path, json_t **ret_object) MUST_CHECK;

/* Replaces a JSON file atomically and durably. */
int store_save(const struct store *store, const char *path, const json_t *object,
               mode_t mode) MUST_CHECK;

/* Removes a file durably; missing is fine. */
int store_remove(const struct store *store, const char *path) MUST_CHECK;

#endif
