/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUF_KEY_PEM_H
#define TUF_KEY_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Public keys that TUF carries as PEM (SubjectPublicKeyInfo) and what they verify, by OpenSSL. Kept
 * as DER, so that two ways to write one key are one key.
 */
enum key_pem_type {
    KEY_PEM_ECDSA_P256, /* ecdsa-sha2-nistp256: DER signature over SHA-256 */
    KEY_PEM_RSA,        /* rsassa-pss-sha256: salt as long as the digest; 2048 bits at least */
};

/*
 * ret_der   at most capacity bytes
 *
 * False where the text is no such key of that type.
 */
bool key_pem_parse(enum key_pem_type type, const char *pem, uint8_t *ret_der, size_t capacity,
                   size_t *ret_size);

/* malloc'd PEM text with 64 columns; NULL where memory ends or der is none of ours. */
char *key_pem_format(const uint8_t *der, size_t size);

/* The same for a raw Ed25519 key (RFC 8410). */
char *key_pem_format_ed25519(const uint8_t *public, size_t size);

/* OpenSSL's own form of a key, which takes it longer to make than to verify by. */
struct evp_pkey_st;

/* NULL where memory ends or der is none of ours. */
struct evp_pkey_st *key_pem_decode(const uint8_t *der, size_t size);

/* Accepts NULL. */
void key_pem_free(struct evp_pkey_st *key);

bool key_pem_verify(enum key_pem_type type, struct evp_pkey_st *key, const void *message,
                    size_t size, const uint8_t *signature, size_t signature_size);

#endif
