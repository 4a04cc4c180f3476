/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_SHA256_SIZE 32
#define DIGEST_SHA256_HEX_SIZE 65 /* with the NUL */
#define DIGEST_SHA512_SIZE 64

/*
 * SHA-256 (FIPS 180-4) with the CPU's instructions, whose state can be saved between processes:
 * an upload that goes on after a crash, or on another instance, does not read its bytes again.
 *
 * The caller's storage; copying the struct copies the state.
 */
struct digest_sha256 {
    uint32_t words[8];
    uint64_t total_bytes;
    uint8_t partial[64];
};

void digest_sha256_init(struct digest_sha256 *digest);
void digest_sha256_update(struct digest_sha256 *digest, const void *bytes, size_t size);
void digest_sha256_final(struct digest_sha256 *digest,
                         uint8_t ret_digest[static DIGEST_SHA256_SIZE]);

void digest_sha256(const void *bytes, size_t size, uint8_t ret_digest[static DIGEST_SHA256_SIZE]);

/* The saved form: words big-endian, total_bytes big-endian, partial; independent of the machine. */
#define DIGEST_SHA256_SAVED_SIZE (32 + 8 + 64)

void digest_sha256_save(const struct digest_sha256 *digest,
                        uint8_t ret_saved[static DIGEST_SHA256_SAVED_SIZE]);
void digest_sha256_restore(struct digest_sha256 *digest,
                           const uint8_t saved[static DIGEST_SHA256_SAVED_SIZE]);

/* SHA-512, for those who publish it beside or instead of SHA-256. The caller's storage. */
struct digest_sha512 {
    uint64_t opaque[27];
};

void digest_sha512_init(struct digest_sha512 *digest);
void digest_sha512_update(struct digest_sha512 *digest, const void *bytes, size_t size);
void digest_sha512_final(struct digest_sha512 *digest,
                         uint8_t ret_digest[static DIGEST_SHA512_SIZE]);
void digest_sha512(const void *bytes, size_t size, uint8_t ret_digest[static DIGEST_SHA512_SIZE]);

#endif
