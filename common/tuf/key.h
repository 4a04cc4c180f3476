/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUF_KEY_H
#define TUF_KEY_H

#include "base/error.h"
#include "crypto/digest.h"
#include "json/fields.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Keys as TUF writes them (1.0.33, 4.2): {"keytype","scheme","keyval":{"public"}}. The keyid is
 * the SHA-256 of the canonical form of the object as it was given, members we do not know included.
 *
 * Schemes are a table in key.c: ed25519, ecdsa-sha2-nistp256 (also under the keytype of the same
 * name, which older repositories write), rsassa-pss-sha256. Only ed25519 signs here.
 */

#define KEY_ID_SIZE 65 /* 64 hex digits and the NUL */
#define KEY_PUBLIC_MAX 1200
#define KEY_SECRET_MAX 64
#define KEY_SEED_SIZE 32 /* RFC 8032's secret, of which the rest is made */
#define KEY_SIGNATURE_MAX 1024
#define KEY_NAME_MAX 128

struct key_scheme;

/* A public key. The caller's storage, plain data: copy it freely. */
struct key {
    const struct key_scheme *scheme;
    char id[KEY_ID_SIZE];
    uint8_t public[KEY_PUBLIC_MAX]; /* raw, or DER where TUF writes PEM */
    size_t public_size;
};

/* A key pair. Release it: that wipes it. */
struct key_pair {
    struct key key;
    char name[KEY_NAME_MAX + 1]; /* a label for people, may be empty */
    bool has_secret;
    uint8_t secret[KEY_SECRET_MAX];
};

/*
 * Whoever can sign under a keyid: a key file now, an agent or a token later. Borrowed by who
 * signs; state belongs to who made it and outlives it.
 */
struct signer {
    char keyid[KEY_ID_SIZE];
    int (*sign)(void *state, const void *message, size_t size,
                uint8_t ret_signature[static KEY_SIGNATURE_MAX], size_t *ret_size);
    void *state;
};

enum {
    KEY_E_INVALID = 1,    /* not a key object or key file; ret_error says why */
    KEY_E_MISSING = 2,    /* no such file */
    KEY_E_EXISTS = 3,     /* a file is there already; keys are never overwritten */
    KEY_E_PERMISSION = 4, /* a secret that others may read; ret_error says what to do */
    KEY_E_NO_SECRET = 5,  /* the file holds only the public half */
    KEY_E_SEALED = 6,     /* the secret is sealed: a passphrase opens it */
    KEY_E_PASSPHRASE = 7, /* not with this passphrase, or the sealed bytes were changed */
};

/* Parses a public key object. Returns 0, KEY_E_INVALID, or negative. */
int key_parse(const json_t *object, struct key *ret_key, struct fields_error *ret_error) MUST_CHECK;

/* {"keytype","scheme","keyval"} as a new reference; NULL where memory ends. */
json_t *key_to_json(const struct key *key);

/* PEM text (SubjectPublicKeyInfo) for other tools; malloc'd, NULL where memory ends. */
char *key_to_pem(const struct key *key);

/* The scheme's name, "ed25519". */
const char *key_scheme_name(const struct key *key);

/* Whether both are the same public key, whatever their ids. */
bool key_equal(const struct key *a, const struct key *b);

bool key_verify(const struct key *key, const void *message, size_t size, const uint8_t *signature,
                size_t signature_size);

/* A key in the form that its library verifies by. Who verifies often makes it once. */
struct key_decoded;

/* NULL where the scheme needs none, or memory ends; that is as good. */
struct key_decoded *key_decode(const struct key *key);

/* Accepts NULL. */
void key_decoded_free(struct key_decoded *decoded);

/* As key_verify(). decoded: of this key, or NULL. */
bool key_verify_decoded(const struct key *key, struct key_decoded *decoded, const void *message,
                        size_t size, const uint8_t *signature, size_t signature_size);

/* A new Ed25519 pair. name may be NULL; at most KEY_NAME_MAX bytes of it are kept. */
int key_generate(const char *name, struct key_pair *ret_pair) MUST_CHECK;

/* The pair of a seed, which the caller wipes. Returns 0 or negative; on failure release the pair.
 */
int key_from_seed(const uint8_t seed[static KEY_SEED_SIZE], struct key_pair *ret_pair) MUST_CHECK;

/* The seed of a pair that has its secret; the caller wipes it. */
void key_seed(const struct key_pair *pair, uint8_t ret_seed[static KEY_SEED_SIZE]);

/* A signer that borrows the pair, which must have its secret. */
struct signer key_signer(struct key_pair *pair);

/* Wipes. Accepts NULL and a zeroed struct. */
void key_pair_release(struct key_pair *pair);

#endif
