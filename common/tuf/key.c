/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/key.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "crypto/secret.h"
#include "crypto/text.h"
#include "tuf/canon.h"
#include "tuf/key_pem.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static_assert(crypto_sign_SECRETKEYBYTES <= KEY_SECRET_MAX, "an Ed25519 secret fits");
static_assert(crypto_sign_SEEDBYTES == KEY_SEED_SIZE, "RFC 8032's seed");

/* One way to sign. Rows answer for the formats of `public` and of signatures. */
struct key_scheme {
    const char *keytype;
    const char *name;
    const char *public_expected; /* what parse_public wants, for people */
    bool (*parse_public)(const char *text, struct key *key);
    char *(*format_public)(const struct key *key); /* malloc'd; NULL where memory ends */
    char *(*to_pem)(const struct key *key);        /* the same */
    bool is_pem; /* OpenSSL verifies, by a key that is decoded before */
    bool (*verify)(const struct key *key, struct evp_pkey_st *decoded, const void *message,
                   size_t size, const uint8_t *signature, size_t signature_size);
};

static bool ed25519_parse_public(const char *text, struct key *key)
{
    const size_t digits = 2 * crypto_sign_PUBLICKEYBYTES;

    /* lower case only: another spelling would be another keyid of the same key */
    if (strlen(text) != digits || strspn(text, "0123456789abcdef") != digits)
        return false;
    key->public_size = crypto_sign_PUBLICKEYBYTES;
    return text_unhex(text, key->public, key->public_size);
}

static bool ed25519_verify(const struct key *key, struct evp_pkey_st *decoded, const void *message,
                           size_t size, const uint8_t *signature, size_t signature_size)
{
    (void)decoded;
    return signature_size == crypto_sign_BYTES &&
           crypto_sign_verify_detached(signature, message, size, key->public) == 0;
}

static char *ed25519_format_public(const struct key *key)
{
    char hex[2 * crypto_sign_PUBLICKEYBYTES + 1];

    text_hex(key->public, key->public_size, hex);
    return strdup(hex);
}

static char *ed25519_to_pem(const struct key *key)
{
    return key_pem_format_ed25519(key->public, key->public_size);
}

static char *pem_format_public(const struct key *key)
{
    return key_pem_format(key->public, key->public_size);
}

static bool ecdsa_parse_public(const char *text, struct key *key)
{
    return key_pem_parse(KEY_PEM_ECDSA_P256, text, key->public, sizeof(key->public),
                         &key->public_size);
}

static bool ecdsa_verify(const struct key *key, struct evp_pkey_st *decoded, const void *message,
                         size_t size, const uint8_t *signature, size_t signature_size)
{
    (void)key;
    return key_pem_verify(KEY_PEM_ECDSA_P256, decoded, message, size, signature, signature_size);
}

static bool rsa_parse_public(const char *text, struct key *key)
{
    return key_pem_parse(KEY_PEM_RSA, text, key->public, sizeof(key->public), &key->public_size);
}

static bool rsa_verify(const struct key *key, struct evp_pkey_st *decoded, const void *message,
                       size_t size, const uint8_t *signature, size_t signature_size)
{
    (void)key;
    return key_pem_verify(KEY_PEM_RSA, decoded, message, size, signature, signature_size);
}

#define ED25519_ROW                                                                                \
    "64 lower-case hex digits", ed25519_parse_public, ed25519_format_public, ed25519_to_pem,       \
        false, ed25519_verify
#define ECDSA_ROW                                                                                  \
    "the PEM of a P-256 public key", ecdsa_parse_public, pem_format_public, pem_format_public,     \
        true, ecdsa_verify
#define RSA_ROW                                                                                    \
    "the PEM of an RSA public key of 2048 to 8192 bits", rsa_parse_public, pem_format_public,      \
        pem_format_public, true, rsa_verify

/* The first is the one that we make keys of. */
static const struct key_scheme schemes[] = {
    {"ed25519",             "ed25519",             ED25519_ROW},
    {"ecdsa",               "ecdsa-sha2-nistp256", ECDSA_ROW  },
    {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", ECDSA_ROW  },
    {"rsa",                 "rsassa-pss-sha256",   RSA_ROW    },
};

/* Unknown members are allowed here: they are part of the keyid. */
struct key_object {
    const char *keytype;
    const char *scheme;
    const char *public;
};

static const struct field keyval_fields[] = {
    FIELD("public", STRING, struct key_object, public, .required = true, .min = 1, .max = 4096),
};
static const struct shape keyval_shape = SHAPE(struct key_object, keyval_fields, .open = true);

static const struct field key_fields[] = {
    FIELD("keytype", STRING, struct key_object, keytype, .required = true, .max = 64),
    FIELD("scheme", STRING, struct key_object, scheme, .required = true, .max = 64),
    FIELD_INSIDE("keyval", .required = true, .shape = &keyval_shape),
};
static const struct shape key_shape = SHAPE(struct key_object, key_fields, .open = true);

int key_parse(const json_t *object, struct key *ret_key, struct fields_error *ret_error)
{
    CLEANUP(arena_release) struct arena arena = {0};
    uint8_t digest[DIGEST_SHA256_SIZE];
    struct key_object fields;
    struct key key = {0};
    int r;

    if (fields_decode(&key_shape, object, &arena, &fields, ret_error))
        return KEY_E_INVALID;
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        if (strcmp(schemes[i].keytype, fields.keytype) == 0 &&
            strcmp(schemes[i].name, fields.scheme) == 0)
            key.scheme = &schemes[i];
    }
    if (!key.scheme) {
        (void)fields_refuse(ret_error, "scheme",
                            "ed25519, ecdsa-sha2-nistp256 or rsassa-pss-sha256 and its keytype "
                            "expected, not '%s' with '%s'",
                            fields.keytype, fields.scheme);
        return KEY_E_INVALID;
    }
    if (!key.scheme->parse_public(fields.public, &key)) {
        (void)fields_refuse(ret_error, "keyval.public", "%s expected", key.scheme->public_expected);
        return KEY_E_INVALID;
    }
    r = canon_digest(object, digest);
    if (r)
        return r;
    text_hex(digest, sizeof(digest), key.id);
    *ret_key = key;
    return 0;
}

json_t *key_to_json(const struct key *key)
{
    AUTO_FREE char *public = key->scheme->format_public(key);

    if (!public)
        return NULL;
    return json_pack("{s:s, s:s, s:{s:s}}", "keytype", key->scheme->keytype, "scheme",
                     key->scheme->name, "keyval", "public", public);
}

char *key_to_pem(const struct key *key)
{
    return key->scheme->to_pem(key);
}

const char *key_scheme_name(const struct key *key)
{
    return key->scheme->name;
}

bool key_equal(const struct key *a, const struct key *b)
{
    return a->scheme->verify == b->scheme->verify && a->public_size == b->public_size &&
           memcmp(a->public, b->public, a->public_size) == 0;
}

bool key_verify(const struct key *key, const void *message, size_t size, const uint8_t *signature,
                size_t signature_size)
{
    return key_verify_decoded(key, NULL, message, size, signature, signature_size);
}

struct key_decoded *key_decode(const struct key *key)
{
    return key->scheme->is_pem ? (struct key_decoded *)key_pem_decode(key->public, key->public_size)
                               : NULL;
}

void key_decoded_free(struct key_decoded *decoded)
{
    key_pem_free((struct evp_pkey_st *)decoded);
}

DEFINE_CLEANUP(cleanup_decoded, struct key_decoded *, key_decoded_free);

bool key_verify_decoded(const struct key *key, struct key_decoded *decoded, const void *message,
                        size_t size, const uint8_t *signature, size_t signature_size)
{
    CLEANUP(cleanup_decoded) struct key_decoded *own = decoded ? NULL : key_decode(key);
    struct key_decoded *use = decoded ? decoded : own;

    if (key->scheme->is_pem && !use)
        return false;
    return key->scheme->verify(key, (struct evp_pkey_st *)use, message, size, signature,
                               signature_size);
}

/* Sets the key's id from its public half. */
static int set_id(struct key *key)
{
    json_auto_t *object = key_to_json(key);
    uint8_t digest[DIGEST_SHA256_SIZE];
    int r;

    if (!object)
        return log_fail(ERR_NO_MEMORY, "cannot make a key: out of memory");
    r = canon_digest(object, digest);
    if (r)
        return r;
    text_hex(digest, sizeof(digest), key->id);
    return 0;
}

int key_from_seed(const uint8_t seed[static KEY_SEED_SIZE], struct key_pair *pair)
{
    pair->key.scheme = &schemes[0];
    pair->key.public_size = crypto_sign_PUBLICKEYBYTES;
    pair->has_secret = true;
    if (crypto_sign_seed_keypair(pair->key.public, pair->secret, seed) != 0)
        return log_fail(ERR_INTERNAL, "cannot make an Ed25519 key");
    return set_id(&pair->key);
}

int key_generate(const char *name, struct key_pair *ret_pair)
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    uint8_t seed[KEY_SEED_SIZE];
    int r;

    secret_random(seed, sizeof(seed));
    (void)snprintf(pair.name, sizeof(pair.name), "%s", name ? name : "");
    r = key_from_seed(seed, &pair);
    secret_wipe(seed, sizeof(seed));
    if (r)
        return r;
    *ret_pair = pair;
    return 0;
}

static int sign_ed25519(void *state, const void *message, size_t size,
                        uint8_t ret_signature[static KEY_SIGNATURE_MAX], size_t *ret_size)
{
    const struct key_pair *pair = state;

    if (crypto_sign_detached(ret_signature, NULL, message, size, pair->secret) != 0)
        return log_fail(ERR_INTERNAL, "cannot sign with key %s", pair->key.id);
    *ret_size = crypto_sign_BYTES;
    return 0;
}

struct signer key_signer(struct key_pair *pair)
{
    struct signer signer = {.sign = sign_ed25519, .state = pair};

    assert(pair->has_secret);
    memcpy(signer.keyid, pair->key.id, sizeof(signer.keyid));
    return signer;
}

/* libsodium keeps the seed in the first half of the secret key. */
void key_seed(const struct key_pair *pair, uint8_t ret_seed[static KEY_SEED_SIZE])
{
    assert(pair->has_secret);
    memcpy(ret_seed, pair->secret, KEY_SEED_SIZE);
}

void key_pair_release(struct key_pair *pair)
{
    if (pair)
        secret_wipe(pair, sizeof(*pair));
}
