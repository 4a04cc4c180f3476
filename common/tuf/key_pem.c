/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/key_pem.h"

#include "base/cleanup.h"

#include <limits.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192

DEFINE_CLEANUP(cleanup_pkey, EVP_PKEY *, EVP_PKEY_free);
DEFINE_CLEANUP(cleanup_bio, BIO *, (void)BIO_free);
DEFINE_CLEANUP(cleanup_md_ctx, EVP_MD_CTX *, EVP_MD_CTX_free);
DEFINE_CLEANUP(cleanup_openssl, unsigned char *, OPENSSL_free);

static bool is_p256(const EVP_PKEY *key)
{
    char group[32];
    size_t size;

    return EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_group_name(key, group, sizeof(group), &size) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

static bool is_rsa(const EVP_PKEY *key)
{
    int bits = EVP_PKEY_get_bits(key);

    return EVP_PKEY_is_a(key, "RSA") && bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
}

bool key_pem_parse(enum key_pem_type type, const char *pem, uint8_t *ret_der, size_t capacity,
                   size_t *ret_size)
{
    CLEANUP(cleanup_bio) BIO *bio = BIO_new_mem_buf(pem, -1);
    CLEANUP(cleanup_pkey) EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
    CLEANUP(cleanup_openssl) unsigned char *der = NULL;
    int size;

    ERR_clear_error();
    if (!key || !(type == KEY_PEM_RSA ? is_rsa(key) : is_p256(key)))
        return false;
    size = i2d_PUBKEY(key, &der);
    if (size <= 0 || (size_t)size > capacity)
        return false;
    memcpy(ret_der, der, (size_t)size);
    *ret_size = (size_t)size;
    return true;
}

EVP_PKEY *key_pem_decode(const uint8_t *der, size_t size)
{
    EVP_PKEY *key = size > LONG_MAX ? NULL : d2i_PUBKEY(NULL, &der, (long)size);

    ERR_clear_error();
    return key;
}

void key_pem_free(EVP_PKEY *key)
{
    EVP_PKEY_free(key);
}

static char *format(EVP_PKEY *key)
{
    CLEANUP(cleanup_bio) BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    long length;

    if (!key || !bio || PEM_write_bio_PUBKEY(bio, key) != 1)
        return NULL;
    length = BIO_get_mem_data(bio, &text);
    return strndup(text, (size_t)length);
}

char *key_pem_format(const uint8_t *der, size_t size)
{
    CLEANUP(cleanup_pkey) EVP_PKEY *key = key_pem_decode(der, size);

    return format(key);
}

char *key_pem_format_ed25519(const uint8_t *public, size_t size)
{
    CLEANUP(cleanup_pkey)
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, size);

    return format(key);
}

static bool set_pss(EVP_PKEY_CTX *context)
{
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

bool key_pem_verify(enum key_pem_type type, EVP_PKEY *key, const void *message, size_t size,
                    const uint8_t *signature, size_t signature_size)
{
    CLEANUP(cleanup_md_ctx) EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *details = NULL; /* the context's */
    bool good = key && context &&
                EVP_DigestVerifyInit(context, &details, EVP_sha256(), NULL, key) == 1 &&
                (type != KEY_PEM_RSA || set_pss(details)) &&
                EVP_DigestVerify(context, signature, signature_size, message, size) == 1;

    ERR_clear_error();
    return good;
}
