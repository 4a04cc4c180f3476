/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Signatures a second, by one thread: each scheme through common/tuf/keyset, as metadata is
 * verified, and straight through libsodium or OpenSSL with a key that is ready to use.
 *
 *     signatures SECONDS
 *
 * Prints a line a scheme, from pieces that alternate: NAME OURS RAW, both in signatures a second.
 */
#include "base/cleanup.h"
#include "crypto/secret.h"
#include "tuf/keyset.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MESSAGE_SIZE 1024 /* of a director's targets, about */
#define PIECES 10
#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct subject {
    const char *keytype;
    const char *scheme;
    EVP_PKEY *pkey; /* NULL: Ed25519 */
    uint8_t ed25519[crypto_sign_PUBLICKEYBYTES];
    json_t *keys;
    struct keyset *set;
    uint8_t signature[KEY_SIGNATURE_MAX];
    size_t signature_size;
};

static uint8_t message[MESSAGE_SIZE];

static void check(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "signatures: %s failed\n", what);
    exit(1);
}

static EVP_MD_CTX *begin(struct subject *subject, bool signs)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;

    check(context, "EVP_MD_CTX_new");
    check((signs ? EVP_DigestSignInit : EVP_DigestVerifyInit)(context, &options, EVP_sha256(), NULL,
                                                              subject->pkey) == 1,
          "EVP_Digest*Init");
    if (EVP_PKEY_base_id(subject->pkey) == EVP_PKEY_RSA)
        check(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
                  EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1,
              "RSA-PSS");
    return context;
}

static bool verify_raw(struct subject *subject)
{
    EVP_MD_CTX *context;
    int r;

    if (!subject->pkey)
        return crypto_sign_verify_detached(subject->signature, message, MESSAGE_SIZE,
                                           subject->ed25519) == 0;
    context = begin(subject, false);
    r = EVP_DigestVerify(context, subject->signature, subject->signature_size, message,
                         MESSAGE_SIZE);
    EVP_MD_CTX_free(context);
    return r == 1;
}

static bool verify_ours(struct subject *subject)
{
    struct key key;

    return keyset_verify(subject->set, ID, message, MESSAGE_SIZE, subject->signature,
                         subject->signature_size, &key);
}

/* ---- keys ---------------------------------------------------------------------------------- */

static void parse(struct subject *subject, const char *public)
{
    subject->keys = json_pack("{s:{s:s, s:s, s:{s:s}}}", ID, "keytype", subject->keytype, "scheme",
                              subject->scheme, "keyval", "public", public);
    check(subject->keys && keyset_new(subject->keys, &subject->set) == 0, "keyset_new");
}

static void make_ed25519(struct subject *subject)
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    char hex[2 * crypto_sign_PUBLICKEYBYTES + 1];

    check(crypto_sign_keypair(subject->ed25519, secret) == 0, "crypto_sign_keypair");
    check(crypto_sign_detached(subject->signature, NULL, message, MESSAGE_SIZE, secret) == 0,
          "crypto_sign_detached");
    subject->signature_size = crypto_sign_BYTES;
    parse(subject, sodium_bin2hex(hex, sizeof(hex), subject->ed25519, sizeof(subject->ed25519)));
}

static void make_openssl(struct subject *subject)
{
    char pem[4096] = "";
    BIO *memory = BIO_new(BIO_s_mem());
    EVP_MD_CTX *context = begin(subject, true);

    subject->signature_size = sizeof(subject->signature);
    check(EVP_DigestSign(context, subject->signature, &subject->signature_size, message,
                         MESSAGE_SIZE) == 1,
          "EVP_DigestSign");
    check(memory && PEM_write_bio_PUBKEY(memory, subject->pkey) == 1 &&
              BIO_read(memory, pem, sizeof(pem) - 1) > 0,
          "PEM_write_bio_PUBKEY");
    EVP_MD_CTX_free(context);
    BIO_free(memory);
    parse(subject, pem);
}

/* ---- the measurement ----------------------------------------------------------------------- */

static double now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Adds to *count and *spent_s, for so long. */
static void piece(struct subject *subject, bool (*verify)(struct subject *subject), double seconds,
                  double *count, double *spent_s)
{
    double start = now_s();
    double end = start;

    while (end - start < seconds) {
        for (int i = 0; i < 50; i++)
            check(verify(subject), "a verification");
        *count += 50;
        end = now_s();
    }
    *spent_s += end - start;
}

static void measure(struct subject *subject, double seconds)
{
    double ours = 0;
    double raw = 0;
    double ours_s = 0;
    double raw_s = 0;

    check(verify_ours(subject) && verify_raw(subject), "the first verification");
    subject->signature[subject->signature_size - 1] ^= 1;
    check(!verify_ours(subject) && !verify_raw(subject), "telling a wrong signature");
    subject->signature[subject->signature_size - 1] ^= 1;
    for (int i = 0; i < PIECES; i++) {
        piece(subject, verify_ours, seconds / PIECES, &ours, &ours_s);
        piece(subject, verify_raw, seconds / PIECES, &raw, &raw_s);
    }
    (void)printf("%s %.0f %.0f\n", subject->scheme, ours / ours_s, raw / raw_s);
}

int main(int argc, char **argv)
{
    struct subject subjects[] = {
        {.keytype = "ed25519",             .scheme = "ed25519"        },
        { .keytype = "ecdsa", .scheme = "ecdsa-sha2-nistp256", .pkey = EVP_EC_gen("P-256")},
        { .keytype = "rsa",   .scheme = "rsassa-pss-sha256",   .pkey = EVP_RSA_gen(3072)},
    };

    check(argc == 2 && secret_init(), "the command line");
    memset(message, 'm', sizeof(message));
    for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
        if (subjects[i].pkey)
            make_openssl(&subjects[i]);
        else
            make_ed25519(&subjects[i]);
        measure(&subjects[i], strtod(argv[1], NULL));
        EVP_PKEY_free(subjects[i].pkey);
        keyset_free(subjects[i].set);
        json_decref(subjects[i].keys);
    }
    return 0;
}
