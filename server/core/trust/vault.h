/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TRUST_VAULT_H
#define CORE_TRUST_VAULT_H

#include "base/error.h"
#include "crypto/seal.h"

#include <stdbool.h>

/*
 * The server's master key, which seals the online keys in the database: who has only the database,
 * or only a backup of it, cannot sign. Made once by app.c, constant from then on.
 */
struct vault {
    uint8_t key[SEAL_KEY_SIZE];
    bool open; /* false: no master key was configured; nothing can be signed */
};

enum {
    VAULT_E_FILE = 1, /* missing, readable by others, or not 64 hex digits; logged */
};

/* Reads 64 hex digits from a file that only its owner may read. Returns 0, VAULT_E_FILE, or
 * negative. */
int vault_load(struct vault *vault, const char *path) MUST_CHECK;

/* The same, but where the file does not exist makes it with a new random key (--dev). */
int vault_load_or_make(struct vault *vault, const char *path) MUST_CHECK;

/* Wipes it. Accepts NULL. */
void vault_release(struct vault *vault);

#endif
