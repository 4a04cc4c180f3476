/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/seal.h"

#include "base/log.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static_assert(SEAL_KEY_SIZE == crypto_secretbox_KEYBYTES, "secretbox's key");
static_assert(SEAL_OVERHEAD == crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES,
              "what stands before the ciphertext");
static_assert(SEAL_MEMORY_BYTES_MIN == crypto_pwhash_MEMLIMIT_MIN, "Argon2id's least");
static_assert(SEAL_SALT_SIZE == crypto_pwhash_SALTBYTES, "Argon2id's salt");

const struct seal_cost seal_cost_default = {.operations = 3, .memory_bytes = (uint64_t)64 << 20};

void seal_close(const uint8_t key[static SEAL_KEY_SIZE], const void *secret, size_t size,
                uint8_t *ret_sealed)
{
    randombytes_buf(ret_sealed, crypto_secretbox_NONCEBYTES);
    (void)crypto_secretbox_easy(ret_sealed + crypto_secretbox_NONCEBYTES, secret, size, ret_sealed,
                                key);
}

int seal_open(const uint8_t key[static SEAL_KEY_SIZE], const uint8_t *sealed, size_t sealed_size,
              void *ret_secret)
{
    if (sealed_size < SEAL_OVERHEAD)
        return SEAL_E_BROKEN;
    if (crypto_secretbox_open_easy(ret_secret, sealed + crypto_secretbox_NONCEBYTES,
                                   sealed_size - crypto_secretbox_NONCEBYTES, sealed, key) != 0)
        return SEAL_E_BROKEN;
    return 0;
}

int seal_passphrase_key(const char *passphrase, const uint8_t salt[static SEAL_SALT_SIZE],
                        const struct seal_cost *cost, uint8_t ret_key[static SEAL_KEY_SIZE])
{
    if (cost->memory_bytes > SEAL_MEMORY_BYTES_MAX || cost->memory_bytes < SEAL_MEMORY_BYTES_MIN ||
        cost->operations > SEAL_OPERATIONS_MAX || cost->operations < crypto_pwhash_OPSLIMIT_MIN)
        return SEAL_E_BROKEN;
    if (crypto_pwhash(ret_key, SEAL_KEY_SIZE, passphrase, strlen(passphrase), salt,
                      cost->operations, cost->memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return log_fail(ERR_NO_MEMORY, "cannot derive a key: out of memory");
    return 0;
}
