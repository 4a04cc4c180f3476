/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/secret.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define TOKEN_RANDOM_BYTES 32

bool secret_init(void)
{
    return sodium_init() >= 0;
}

void secret_random(void *bytes, size_t size)
{
    randombytes_buf(bytes, size);
}

void secret_wipe(void *bytes, size_t size)
{
    sodium_memzero(bytes, size);
}

bool secret_equal(const void *a, const void *b, size_t size)
{
    /* a digest is compared by vectors, not by bytes */
    return (size == crypto_verify_32_BYTES ? crypto_verify_32(a, b) : sodium_memcmp(a, b, size)) ==
           0;
}

void secret_token(const char *prefix, char ret_token[static SECRET_TOKEN_SIZE])
{
    uint8_t random[TOKEN_RANDOM_BYTES];
    char text[SECRET_TOKEN_SIZE];

    randombytes_buf(random, sizeof(random));
    (void)sodium_bin2base64(text, sizeof(text), random, sizeof(random),
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    (void)snprintf(ret_token, SECRET_TOKEN_SIZE, "%.8s_%.50s", prefix, text);
    sodium_memzero(random, sizeof(random));
    sodium_memzero(text, sizeof(text));
}

void secret_token_hash(const char *token, uint8_t ret_hash[static DIGEST_SHA256_SIZE])
{
    digest_sha256(token, strlen(token), ret_hash);
}
