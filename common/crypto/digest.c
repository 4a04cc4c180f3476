/* SPDX-License-Identifier: Apache-2.0 */

/*
 * OpenSSL's EVP digests cannot give out their state; its low-level SHA-256 can, and uses the same
 * instructions. It is deprecated since 3.0, not removed.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/digest.h"

#include <openssl/sha.h>
#include <string.h>

#define BLOCK 64

static void load(const struct digest_sha256 *digest, SHA256_CTX *ret_context)
{
    uint64_t bits = digest->total_bytes * 8;

    (void)SHA256_Init(ret_context);
    memcpy(ret_context->h, digest->words, sizeof(digest->words));
    ret_context->Nl = (SHA_LONG)bits;
    ret_context->Nh = (SHA_LONG)(bits >> 32);
    ret_context->num = (unsigned)(digest->total_bytes % BLOCK);
    memcpy(ret_context->data, digest->partial, BLOCK);
}

void digest_sha256_init(struct digest_sha256 *digest)
{
    SHA256_CTX context;

    *digest = (struct digest_sha256){0};
    (void)SHA256_Init(&context);
    memcpy(digest->words, context.h, sizeof(digest->words));
}

void digest_sha256_update(struct digest_sha256 *digest, const void *bytes, size_t size)
{
    SHA256_CTX context;

    if (size == 0)
        return;
    load(digest, &context);
    (void)SHA256_Update(&context, bytes, size);
    memcpy(digest->words, context.h, sizeof(digest->words));
    memcpy(digest->partial, context.data, BLOCK);
    digest->total_bytes += size;
}

void digest_sha256_final(struct digest_sha256 *digest,
                         uint8_t ret_digest[static DIGEST_SHA256_SIZE])
{
    SHA256_CTX context;

    load(digest, &context);
    (void)SHA256_Final(ret_digest, &context);
}

/* Not SHA256(): since 3.0 that looks its algorithm up first, which takes longer than hashing a
 * token. */
void digest_sha256(const void *bytes, size_t size, uint8_t ret_digest[static DIGEST_SHA256_SIZE])
{
    SHA256_CTX context;

    (void)SHA256_Init(&context);
    (void)SHA256_Update(&context, bytes, size);
    (void)SHA256_Final(ret_digest, &context);
}

static void put_be(uint8_t *bytes, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

static uint64_t get_be(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

void digest_sha256_save(const struct digest_sha256 *digest,
                        uint8_t ret_saved[static DIGEST_SHA256_SAVED_SIZE])
{
    size_t used = digest->total_bytes % BLOCK;

    for (size_t i = 0; i < 8; i++)
        put_be(ret_saved + 4 * i, digest->words[i], 4);
    put_be(ret_saved + 32, digest->total_bytes, 8);
    memset(ret_saved + 40, 0, BLOCK);
    memcpy(ret_saved + 40, digest->partial, used);
}

void digest_sha256_restore(struct digest_sha256 *digest,
                           const uint8_t saved[static DIGEST_SHA256_SAVED_SIZE])
{
    for (size_t i = 0; i < 8; i++)
        digest->words[i] = (uint32_t)get_be(saved + 4 * i, 4);
    digest->total_bytes = get_be(saved + 32, 8);
    memcpy(digest->partial, saved + 40, BLOCK);
}

_Static_assert(sizeof(SHA512_CTX) <= sizeof(struct digest_sha512), "SHA512_CTX has grown");

void digest_sha512_init(struct digest_sha512 *digest)
{
    (void)SHA512_Init((SHA512_CTX *)digest->opaque);
}

void digest_sha512_update(struct digest_sha512 *digest, const void *bytes, size_t size)
{
    (void)SHA512_Update((SHA512_CTX *)digest->opaque, bytes, size);
}

void digest_sha512_final(struct digest_sha512 *digest,
                         uint8_t ret_digest[static DIGEST_SHA512_SIZE])
{
    (void)SHA512_Final(ret_digest, (SHA512_CTX *)digest->opaque);
}

void digest_sha512(const void *bytes, size_t size, uint8_t ret_digest[static DIGEST_SHA512_SIZE])
{
    (void)SHA512(bytes, size, ret_digest);
}
