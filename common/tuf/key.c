/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/key.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "crypto/secret.h"
#include "crypto/text.h"
#include "tuf/canon.h"
#include "tuf/key_pem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_FORMAT 1
#define SEED_SIZE crypto_sign_SEEDBYTES

static_assert(crypto_sign_SECRETKEYBYTES <= KEY_SECRET_MAX, "an Ed25519 secret fits");

/* One way to sign. Rows answer for the formats of `public` and of signatures. */
struct key_scheme {
    const char *keytype;
    const char *name;
    const char *public_expected; /* what parse_public wants, for people */
    bool (*parse_public)(const char *text, struct key *key);
    char *(*format_public)(const struct key *key); /* malloc'd; NULL where memory ends */
    bool (*verify)(const struct key *key, const void *message, size_t size,
                   const uint8_t *signature, size_t signature_size);
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

static bool ed25519_verify(const struct key *key, const void *message, size_t size,
                           const uint8_t *signature, size_t signature_size)
{
    return signature_size == crypto_sign_BYTES &&
           crypto_sign_verify_detached(signature, message, size, key->public) == 0;
}

static char *ed25519_format_public(const struct key *key)
{
    char hex[2 * crypto_sign_PUBLICKEYBYTES + 1];

    text_hex(key->public, key->public_size, hex);
    return strdup(hex);
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

static bool ecdsa_verify(const struct key *key, const void *message, size_t size,
                         const uint8_t *signature, size_t signature_size)
{
    return key_pem_verify(KEY_PEM_ECDSA_P256, key->public, key->public_size, message, size,
                          signature, signature_size);
}

static bool rsa_parse_public(const char *text, struct key *key)
{
    return key_pem_parse(KEY_PEM_RSA, text, key->public, sizeof(key->public), &key->public_size);
}

static bool rsa_verify(const struct key *key, const void *message, size_t size,
                       const uint8_t *signature, size_t signature_size)
{
    return key_pem_verify(KEY_PEM_RSA, key->public, key->public_size, message, size, signature,
                          signature_size);
}

#define ED25519_ROW                                                                                \
    "64 lower-case hex digits", ed25519_parse_public, ed25519_format_public, ed25519_verify
#define ECDSA_ROW                                                                                  \
    "the PEM of a P-256 public key", ecdsa_parse_public, pem_format_public, ecdsa_verify
#define RSA_ROW                                                                                    \
    "the PEM of an RSA public key of 2048 to 8192 bits", rsa_parse_public, pem_format_public,      \
        rsa_verify

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
    return key->scheme->verify(key, message, size, signature, signature_size);
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

static int pair_from_seed(const uint8_t seed[static SEED_SIZE], struct key_pair *pair)
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
    uint8_t seed[SEED_SIZE];
    int r;

    secret_random(seed, sizeof(seed));
    (void)snprintf(pair.name, sizeof(pair.name), "%s", name ? name : "");
    r = pair_from_seed(seed, &pair);
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

void key_pair_release(struct key_pair *pair)
{
    if (pair)
        secret_wipe(pair, sizeof(*pair));
}

/*
 * How the secret of a key file is kept. "plain" is the only row of today: 32 bytes of seed as hex
 * in a file of mode 0600. A sealed one (passphrase) is another value of "encoding".
 */
struct key_file {
    int64_t format;
    const char *name;
    const json_t *key;
    const struct key_file_secret *secret;
};

struct key_file_secret {
    const char *encoding;
    const char *seed;
};

static const struct field secret_fields[] = {
    FIELD("encoding", STRING, struct key_file_secret, encoding, .required = true, .max = 64),
    FIELD("seed", STRING, struct key_file_secret, seed),
};
static const struct shape secret_shape = SHAPE(struct key_file_secret, secret_fields, .open = true);

static const struct field file_fields[] = {
    FIELD("modelferry_key", INTEGER, struct key_file, format, .required = true),
    FIELD("name", STRING, struct key_file, name, .max = KEY_NAME_MAX),
    FIELD("key", JSON, struct key_file, key, .required = true),
    FIELD("secret", OBJECT, struct key_file, secret, .shape = &secret_shape),
};
static const struct shape file_shape = SHAPE(struct key_file, file_fields);

static json_t *file_to_json(const struct key_pair *pair, bool with_secret)
{
    json_auto_t *file = json_pack("{s:i, s:s, s:o*}", "modelferry_key", FILE_FORMAT, "name",
                                  pair->name, "key", key_to_json(&pair->key));
    char seed[2 * SEED_SIZE + 1];
    int r = 0;

    if (file && with_secret) {
        /* libsodium keeps the seed in the first half of the secret key */
        text_hex(pair->secret, SEED_SIZE, seed);
        r = json_object_set_new(file, "secret",
                                json_pack("{s:s, s:s}", "encoding", "plain", "seed", seed));
        secret_wipe(seed, sizeof(seed));
    }
    return r < 0 ? NULL : json_incref(file);
}

int key_file_write(int dir_fd, const char *path, const struct key_pair *pair, bool with_secret)
{
    json_auto_t *file = file_to_json(pair, with_secret);
    char *text;
    int r;

    assert(!with_secret || pair->has_secret);
    if (faccessat(dir_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return KEY_E_EXISTS;
    text = file ? json_dumps(file, JSON_INDENT(2) | JSON_SORT_KEYS) : NULL;
    if (!text)
        return log_fail(ERR_NO_MEMORY, "cannot write '%s': out of memory", path);
    r = file_replace(dir_fd, path, text, strlen(text), with_secret ? 0600 : 0644);
    secret_wipe(text, strlen(text));
    free(text);
    return r;
}

static int decode_secret(const struct key_file_secret *secret, struct key_pair *pair,
                         struct fields_error *error)
{
    CLEANUP(key_pair_release) struct key_pair own = {0};
    uint8_t seed[SEED_SIZE];
    int r;

    if (strcmp(secret->encoding, "plain") != 0)
        return fields_refuse(error, "secret.encoding",
                             "'plain' expected, not '%s': sealed by a newer modelferry?",
                             secret->encoding),
               KEY_E_INVALID;
    if (!secret->seed || !text_unhex(secret->seed, seed, sizeof(seed)))
        return fields_refuse(error, "secret.seed", "%d hex digits expected", 2 * (int)SEED_SIZE),
               KEY_E_INVALID;
    r = pair_from_seed(seed, &own);
    secret_wipe(seed, sizeof(seed));
    if (r)
        return r;
    if (!key_equal(&own.key, &pair->key))
        return fields_refuse(error, "secret", "does not belong to the public key beside it"),
               KEY_E_INVALID;
    memcpy(pair->secret, own.secret, sizeof(pair->secret));
    pair->has_secret = true;
    return 0;
}

static int decode_file(const json_t *value, struct arena *arena, struct key_pair *pair,
                       struct fields_error *error)
{
    struct key_file file;
    int r;

    if (fields_decode(&file_shape, value, arena, &file, error))
        return KEY_E_INVALID;
    if (file.format != FILE_FORMAT)
        return fields_refuse(error, "modelferry_key", "format 1 expected"), KEY_E_INVALID;
    (void)snprintf(pair->name, sizeof(pair->name), "%s", file.name ? file.name : "");
    r = key_parse(file.key, &pair->key, error);
    if (r || !file.secret)
        return r;
    return decode_secret(file.secret, pair, error);
}

static int check_mode(int dir_fd, const char *path, struct fields_error *error)
{
    struct stat stat;

    if (fstatat(dir_fd, path, &stat, 0) < 0)
        return log_fail_errno("cannot stat '%s'", path);
    if (stat.st_mode & (S_IRWXG | S_IRWXO))
        return fields_refuse(error, "", "others may read the secret key in '%s': chmod 600 it",
                             path),
               KEY_E_PERMISSION;
    return 0;
}

/* Wipes what the arena's strings and the JSON text held; blocks are freed unwiped otherwise. */
static int parse_file(char *text, size_t size, struct key_pair *pair, struct fields_error *error)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *value = NULL;
    const char *seed;
    int r;

    if (canon_parse(text, size, KEY_FILE_MAX, &value, error))
        return KEY_E_INVALID;
    r = decode_file(value, &arena, pair, error);
    seed = json_string_value(json_object_get(json_object_get(value, "secret"), "seed"));
    if (seed)
        secret_wipe((char *)(uintptr_t)seed, strlen(seed));
    return r;
}

int key_file_read(int dir_fd, const char *path, bool need_secret, struct key_pair *ret_pair,
                  struct fields_error *ret_error)
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    char *text = NULL;
    size_t size = 0;
    int r;

    r = file_read(dir_fd, path, KEY_FILE_MAX, &text, &size);
    if (r == FILE_E_MISSING)
        return KEY_E_MISSING;
    if (r == FILE_E_TOO_LARGE)
        return fields_refuse(ret_error, "", "'%s' is too large for a key file", path),
               KEY_E_INVALID;
    if (r)
        return r;
    r = parse_file(text, size, &pair, ret_error);
    secret_wipe(text, size);
    free(text);
    if (!r && need_secret && !pair.has_secret)
        return KEY_E_NO_SECRET;
    if (!r && pair.has_secret)
        r = check_mode(dir_fd, path, ret_error);
    if (r)
        return r;
    *ret_pair = pair;
    return 0;
}
