/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_SECRET_H
#define CRYPTO_SECRET_H

#include "crypto/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Random bytes, tokens, and the handling of what must not leak. All of it is libsodium's. */

/* Call once in main(), before anything else here. Returns false where no randomness can be had. */
bool secret_init(void);

void secret_random(void *bytes, size_t size);

/* Overwrites memory in a way that the compiler keeps. */
void secret_wipe(void *bytes, size_t size);

/* Constant time. */
bool secret_equal(const void *a, const void *b, size_t size);

/*
 * A bearer token: prefix, '_', and 43 characters of URL-safe base64 (256 random bits), such as
 * "mft_…" for API tokens, "mfd_…" for devices, "mfe_…" for enrolment. Only its SHA-256 is stored.
 */
#define SECRET_TOKEN_SIZE 64

void secret_token(const char *prefix, char ret_token[static SECRET_TOKEN_SIZE]);
void secret_token_hash(const char *token, uint8_t ret_hash[static DIGEST_SHA256_SIZE]);

#endif
