/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUF_KEY_FILE_H
#define TUF_KEY_FILE_H

#include "crypto/seal.h"
#include "tuf/key.h"

/*
 * Key files (docs/PROTOCOL.md): a public key, what it is called, and perhaps its secret, either as
 * it is or sealed by a passphrase (Argon2id and secretbox, crypto/seal). A file that holds a secret
 * has mode 0600, sealed or not; one that group or others may read is refused.
 */
#define KEY_FILE_MAX 16384

/* Release it: that wipes it. */
struct key_file {
    struct key_pair pair; /* has its secret where the file holds it plain, or once it is unsealed */
    bool sealed;          /* what the file holds, also after key_file_unseal() */
    struct seal_cost cost;
    uint8_t salt[SEAL_SALT_SIZE];
    uint8_t box[KEY_SEED_SIZE + SEAL_OVERHEAD];
};

/*
 * Reads a file and checks its form: a secret that others may read (KEY_E_PERMISSION), a public half
 * that does not belong to a plain secret and encodings that it does not know (KEY_E_INVALID) are
 * refused. Returns 0, KEY_E_MISSING, KEY_E_INVALID, KEY_E_PERMISSION, or negative.
 */
int key_file_load(int dir_fd, const char *path, struct key_file *ret_file,
                  struct fields_error *ret_error) MUST_CHECK;

/*
 * Opens a sealed secret; takes what the file's cost says, some tenths of a second.
 * Returns 0, KEY_E_PASSPHRASE, or negative.
 */
int key_file_unseal(struct key_file *file, const char *passphrase) MUST_CHECK;

/* Wipes. Accepts NULL and a zeroed struct. */
void key_file_release(struct key_file *file);

/*
 * For who has no passphrase to offer: the pair alone.
 *
 * need_secret  KEY_E_NO_SECRET where there is none, KEY_E_SEALED where it is sealed
 */
int key_file_read(int dir_fd, const char *path, bool need_secret, struct key_pair *ret_pair,
                  struct fields_error *ret_error) MUST_CHECK;

/*
 * Creates path durably, with mode 0600 where with_secret and 0644 elsewhere; it never overwrites,
 * also where two do it at once: KEY_E_EXISTS.
 */
int key_file_write(int dir_fd, const char *path, const struct key_pair *pair,
                   bool with_secret) MUST_CHECK;

/* The same with the secret sealed at that cost. */
int key_file_write_sealed(int dir_fd, const char *path, const struct key_pair *pair,
                          const char *passphrase, const struct seal_cost *cost) MUST_CHECK;

/*
 * Replaces the file of the same key atomically, with its secret sealed by another passphrase, or
 * plain where that is NULL.
 */
int key_file_reseal(int dir_fd, const char *path, const struct key_pair *pair,
                    const char *passphrase, const struct seal_cost *cost) MUST_CHECK;

#endif
