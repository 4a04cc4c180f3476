/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/keyset.h"

#include "base/cleanup.h"
#include "crypto/secret.h"
#include "suite.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE "a message"

/* One key of each scheme with a signature of MESSAGE, under the ids "ed25519", "ecdsa", "rsa". */
struct subject {
    const char *id;
    const char *scheme;
    uint8_t signature[KEY_SIGNATURE_MAX];
    size_t signature_size;
};

static struct subject subjects[] = {
    {.id = "ed25519", .scheme = "ed25519"            },
    {.id = "ecdsa",   .scheme = "ecdsa-sha2-nistp256"},
    {.id = "rsa",     .scheme = "rsassa-pss-sha256"  },
};
static json_t *keys;
static struct keyset *set;

static void list(const char *id, const char *scheme, const char *public)
{
    (void)json_object_set_new(keys, id,
                              json_pack("{s:s, s:s, s:{s:s}}", "keytype", id, "scheme", scheme,
                                        "keyval", "public", public));
}

static void make_ed25519(struct subject *subject)
{
    struct key_pair pair = {0};
    struct signer signer;

    ck_assert_int_eq(key_generate("x", &pair), 0);
    signer = key_signer(&pair);
    ck_assert_int_eq(signer.sign(signer.state, MESSAGE, strlen(MESSAGE), subject->signature,
                                 &subject->signature_size),
                     0);
    (void)json_object_set_new(keys, subject->id, key_to_json(&pair.key));
    key_pair_release(&pair);
}

static void make_openssl(struct subject *subject, EVP_PKEY *pkey)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    BIO *memory = BIO_new(BIO_s_mem());
    EVP_PKEY_CTX *options = NULL;
    char pem[4096] = "";

    ck_assert_int_eq(EVP_DigestSignInit(context, &options, EVP_sha256(), NULL, pkey), 1);
    if (strcmp(subject->id, "rsa") == 0) {
        ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING), 1);
        ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    subject->signature_size = sizeof(subject->signature);
    ck_assert_int_eq(EVP_DigestSign(context, subject->signature, &subject->signature_size,
                                    (const unsigned char *)MESSAGE, strlen(MESSAGE)),
                     1);
    ck_assert_int_eq(PEM_write_bio_PUBKEY(memory, pkey), 1);
    ck_assert_int_gt(BIO_read(memory, pem, sizeof(pem) - 1), 0);
    list(subject->id, subject->scheme, pem);
    EVP_MD_CTX_free(context);
    (void)BIO_free(memory);
    EVP_PKEY_free(pkey);
}

static void set_up(void)
{
    ck_assert(secret_init());
    keys = json_object();
    make_ed25519(&subjects[0]);
    make_openssl(&subjects[1], EVP_EC_gen("P-256"));
    make_openssl(&subjects[2], EVP_RSA_gen(2048));
    ck_assert_int_eq(keyset_new(keys, &set), 0);
}

static void tear_down(void)
{
    keyset_free(set);
    keyset_free(NULL);
    json_decref(keys);
}

static bool verify(const char *id, const struct subject *signed_by, const char *message)
{
    struct key key = {0};
    bool good = keyset_verify(set, id, message, strlen(message), signed_by->signature,
                              signed_by->signature_size, &key);

    if (good)
        ck_assert_str_eq(key_scheme_name(&key), signed_by->scheme);
    return good;
}

/* The first time it is decoded, then it is the one that was kept. */
START_TEST(tells_right_from_wrong_every_time)
{
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
            struct subject *subject = &subjects[i];

            for (size_t j = 0; j < ARRAY_LEN(subjects); j++)
                ck_assert_int_eq(verify(subjects[j].id, subject, MESSAGE), i == j);
            ck_assert(!verify(subject->id, subject, "another message"));
            subject->signature[subject->signature_size - 1] ^= 1;
            ck_assert(!verify(subject->id, subject, MESSAGE));
            subject->signature[subject->signature_size - 1] ^= 1;
        }
    }
}
END_TEST

START_TEST(a_first_signature_that_is_bad_spoils_nothing)
{
    for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
        ck_assert(!verify(subjects[i].id, &subjects[i], "another message"));
        ck_assert(verify(subjects[i].id, &subjects[i], MESSAGE));
    }
}
END_TEST

START_TEST(who_is_not_there_or_cannot_be_read_has_signed_nothing)
{
    list("ruined", "rsassa-pss-sha256", "no PEM");
    list("strange", "md5", "00");
    for (int round = 0; round < 2; round++) {
        ck_assert(!verify("nobody", &subjects[0], MESSAGE));
        ck_assert(!verify("", &subjects[0], MESSAGE));
        ck_assert(!verify("ruined", &subjects[2], MESSAGE));
        ck_assert(!verify("strange", &subjects[0], MESSAGE));
    }
}
END_TEST

/* One key under very many ids: those that are not kept verify as well. */
START_TEST(has_no_limit)
{
    char id[16];

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 200; i++) {
            (void)snprintf(id, sizeof(id), "id-%d", i);
            if (round == 0)
                (void)json_object_set(keys, id, json_object_get(keys, "ecdsa"));
            ck_assert(verify(id, &subjects[1], MESSAGE));
            ck_assert(!verify(id, &subjects[2], MESSAGE));
        }
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("tuf/keyset", set_up, tear_down, tells_right_from_wrong_every_time,
                          a_first_signature_that_is_bad_spoils_nothing,
                          who_is_not_there_or_cannot_be_read_has_signed_nothing, has_no_limit);
}
