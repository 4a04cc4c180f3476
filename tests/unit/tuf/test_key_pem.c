/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/key_pem.h"

#include "base/cleanup.h"
#include "crypto/text.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

/* Made by OpenSSL's command line: ecparam and genrsa, dgst -sha256 -sign over "abc". */
#define P256                                                                                       \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEHkIm1GX3C5tlk5lLUe20rqw5pHCW\n"                           \
    "F70j/mj5riFbOckS+heqUw6dW7X3shwuwi8+7DNt+FxVzwHxnSeRcCvVzQ==\n"                               \
    "-----END PUBLIC KEY-----\n"
#define P256_SIGNATURE                                                                             \
    "3045022100b2e5f4783e752addcbec004b4236c069b226120ef3d6413d0c5ab9b9bcf28c2e02202861253ad3"     \
    "7fcf9fb9756a433bb4f809c04b606c0af59ea90d2177b318841dc8"
#define P384                                                                                       \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEXD/s83SkPHbUIsuD/YDQtTVbYKy6Rpw1\n"                           \
    "B8DVwPFTlekWUCfstSJtoFuhGJRC64AWzW+xaLOhFsW6SX3ZPxSv5uNLigbaW2Xn\n"                           \
    "nAQsWD5LZPjdcLfBaNxSvX9iDWeB/6SG\n"                                                           \
    "-----END PUBLIC KEY-----\n"
#define RSA                                                                                        \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA+xEnAeWF4B5zn4dctVMW\n"                           \
    "c94Kfg0Mzbgdh1/cTlYK8fC1Q2uPOFnMeO3Z7QuUN7+15KjmuSXEpuUUaJibl8MS\n"                           \
    "WoQ8rXRph8EijvTefVldAW4ywTCB3EIcXd/tgw6lx+U2wZtRTkCMFj5hVhMw/rot\n"                           \
    "tb0qyWqHjry/flfopWPBcVioUn3x8wFl2AUyPerGKMWGTXt9i5889vProgNa/jtc\n"                           \
    "7XDbihoEHblDFzKxyLsLg6onrgFKcKpXCclXl4tLIUNT/Stop7Ji1JLZkaUc3NkS\n"                           \
    "k+js+MIjec5W2Wr4sXEes31tYHWKXSwrOuQOmdc1CAx7+rNw+ZdGe0LPs47p/K3o\n"                           \
    "HwIDAQAB\n"                                                                                   \
    "-----END PUBLIC KEY-----\n"
#define RSA_PSS_SIGNATURE                                                                          \
    "6f993f07ee539d31f06304aa62b25cfd2e7376ef0e85c469746900eec8608af7ef6beef95e2819ec62bd6470"     \
    "9e11ca7939c11ec399d2f43c613bfad15fbdbf22f0540c80eeffceac025b196439c9c5cb752976a952a0522f"     \
    "230775a86898c7149d8357f508b884ef9468ccaf360e803c21d079ed444ba68ea1c39556de099089d384acf3"     \
    "0644126142e063a3e63703dc4f02df472a0075b734b17392556609150351585e36a2eba6f4d71bb6b0021e19"     \
    "7ad0063364a986ad0f151de75042007bea5c8acaef3aacc7a6bcdf1f2fbcd1b728e8448e37d5826a8fe84bc2"     \
    "74c7ed8482f487c11f8729c2954e9d76315c1bd3ded5d9793552613ce24a12aff751b14b"
#define RSA_PKCS1_SIGNATURE                                                                        \
    "30a2feca78ffba5160a98bfeada4edd596735e1b268fd530a93a70da7f8fad659737d7cbb45468ed93807fb9"     \
    "34318f02d093622928e8de7e4170e0fd49e0800642215103a09e8c7c27f92236c0dffc37d1b6ef8c0b3e9233"     \
    "933b2adf3ec933fb25d3ed5ce75ac203f8f8443388f47532394326398074db10b31039b417e9fde9c59a9e8e"     \
    "c89a7acaafb8b3e28c6942de10d59ef5845292b8c3d16b17fb5f5a501eb4f5883c6959854770ee7eded0ef0d"     \
    "2b43390a6059f2437c1cf631a54207f06fe12cb27061192727ababd2926ac228d0cdcb7a7d52442f5be923fc"     \
    "8b40849d3efcc36669fcd4af83067ca1b6f40e8f90129cc54cd026916e93f7f7157e8f74"
#define RSA_1024                                                                                   \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC9FLUVOIp7BlhlmZyvP2/I/3Aa\n"                           \
    "V+7uEPveOPnElMr/i2fI7chxbXuNag0gdDYbC4pBp/+dgEmMbcqWWEgS29Ez/9VF\n"                           \
    "U3+CYSYYV9WvgdfQWJo73QRJq5KI/Asny1jP5EHTc105aWI066FgfTSVdzgdI8ls\n"                           \
    "9Ju9gF1j8aHOcYHeBwIDAQAB\n"                                                                   \
    "-----END PUBLIC KEY-----\n"

static bool verifies(enum key_pem_type type, const char *pem, const char *message, const char *hex)
{
    uint8_t der[1200];
    uint8_t signature[600];
    size_t size = strlen(hex) / 2;
    size_t der_size;
    struct evp_pkey_st *key;
    bool good;

    ck_assert(text_unhex(hex, signature, size));
    ck_assert(key_pem_parse(type, pem, der, sizeof(der), &der_size));
    key = key_pem_decode(der, der_size);
    good = key_pem_verify(type, key, message, strlen(message), signature, size);
    key_pem_free(key);
    return good;
}

START_TEST(verifies_what_openssl_signed)
{
    ck_assert(verifies(KEY_PEM_ECDSA_P256, P256, "abc", P256_SIGNATURE));
    ck_assert(verifies(KEY_PEM_RSA, RSA, "abc", RSA_PSS_SIGNATURE));
}
END_TEST

START_TEST(refuses_other_messages_and_other_padding)
{
    ck_assert(!verifies(KEY_PEM_ECDSA_P256, P256, "abd", P256_SIGNATURE));
    ck_assert(!verifies(KEY_PEM_ECDSA_P256, P256, "abc", "3000"));
    ck_assert(!verifies(KEY_PEM_RSA, RSA, "abd", RSA_PSS_SIGNATURE));
    ck_assert(!verifies(KEY_PEM_RSA, RSA, "abc", RSA_PKCS1_SIGNATURE));
}
END_TEST

START_TEST(takes_only_keys_of_its_type_and_strength)
{
    static const struct {
        enum key_pem_type type;
        const char *pem;
    } cases[] = {
        {KEY_PEM_ECDSA_P256, RSA                                                     },
        {KEY_PEM_ECDSA_P256, P384                                                    },
        {KEY_PEM_RSA,        P256                                                    },
        {KEY_PEM_RSA,        RSA_1024                                                },
        {KEY_PEM_RSA,        ""                                                      },
        {KEY_PEM_RSA,        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"},
    };
    uint8_t der[1200];
    size_t size;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ck_assert(!key_pem_parse(cases[i].type, cases[i].pem, der, sizeof(der), &size));
    ck_assert(!key_pem_parse(KEY_PEM_RSA, RSA, der, 10, &size));
}
END_TEST

START_TEST(two_spellings_are_one_key)
{
    AUTO_FREE char *text = NULL;
    uint8_t der[1200];
    uint8_t again[1200];
    size_t size;
    size_t again_size;

    ck_assert(key_pem_parse(KEY_PEM_ECDSA_P256, "a comment\n" P256, der, sizeof(der), &size));
    text = key_pem_format(der, size);
    ck_assert_str_eq(text, P256);
    ck_assert(key_pem_parse(KEY_PEM_ECDSA_P256, text, again, sizeof(again), &again_size));
    ck_assert_uint_eq(size, again_size);
    ck_assert_mem_eq(der, again, size);
}
END_TEST

int main(void)
{
    return SUITE_RUN("tuf/key_pem", verifies_what_openssl_signed,
                     refuses_other_messages_and_other_padding,
                     takes_only_keys_of_its_type_and_strength, two_spellings_are_one_key);
}
