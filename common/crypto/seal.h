/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Secrets at rest: libsodium's secretbox (XSalsa20-Poly1305) under a 32-byte key, which is either
 * random (the server's master key) or made from a passphrase by Argon2id (RFC 9106).
 */
#define SEAL_KEY_SIZE 32
#define SEAL_SALT_SIZE 16
#define SEAL_OVERHEAD 40 /* nonce (24) and authenticator (16) before the ciphertext */

enum {
    SEAL_E_BROKEN = 1, /* wrong key or passphrase, or the bytes were changed */
};

/* ret_sealed holds size + SEAL_OVERHEAD bytes. */
void seal_close(const uint8_t key[static SEAL_KEY_SIZE], const void *secret, size_t size,
                uint8_t *ret_sealed);

/* ret_secret holds sealed_size - SEAL_OVERHEAD bytes; the caller wipes it. Returns 0 or
 * SEAL_E_BROKEN. */
int seal_open(const uint8_t key[static SEAL_KEY_SIZE], const uint8_t *sealed, size_t sealed_size,
              void *ret_secret) MUST_CHECK;

/* A cost beyond what we ever write is refused: it may come from a file. */
#define SEAL_MEMORY_BYTES_MAX ((int64_t)1 << 30)
#define SEAL_MEMORY_BYTES_MIN 8192
#define SEAL_OPERATIONS_MAX 16

/* What Argon2id costs; stored beside what was sealed, so that later defaults can rise. */
struct seal_cost {
    uint64_t operations;
    uint64_t memory_bytes;
};

/* 64 MiB and 3 passes: about 0.1 s on a laptop, within reach of a Raspberry Pi. */
extern const struct seal_cost seal_cost_default;

/*
 * The key of a passphrase; the caller wipes it.
 *
 * Returns 0, SEAL_E_BROKEN where the cost is refused, or negative where memory ends.
 */
int seal_passphrase_key(const char *passphrase, const uint8_t salt[static SEAL_SALT_SIZE],
                        const struct seal_cost *cost,
                        uint8_t ret_key[static SEAL_KEY_SIZE]) MUST_CHECK;

#endif
