/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tus.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

/* base64 of 64 times '0' */
#define ZEROS                                                                                      \
    "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMA=="

START_TEST(reads_numbers)
{
    static const struct {
        const char *text;
        bool valid;
        uint64_t number;
    } vectors[] = {
        {"0",                    true,  0        },
        {"007",                  true,  7        },
        {"9223372036854775807",  true,  INT64_MAX},
        {"9223372036854775808",  false, 0        },
        {"99999999999999999999", false, 0        },
        {"",                     false, 0        },
        {"-1",                   false, 0        },
        {"+1",                   false, 0        },
        {" 1",                   false, 0        },
        {"1 ",                   false, 0        },
        {"0x1",                  false, 0        },
    };

    for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
        uint64_t number = 0;

        ck_assert_msg(tus_parse_number(vectors[i].text, &number) == vectors[i].valid, "'%s'",
                      vectors[i].text);
        ck_assert_uint_eq(number, vectors[i].number);
    }
}
END_TEST

START_TEST(reads_metadata)
{
    static const struct {
        const char *text;
        int expected;
    } vectors[] = {
        {"sha256 " ZEROS,                                                                           0              },
        {"filename bW9kZWwub25ueA==,sha256 " ZEROS,                                                 0              },
        {"sha256 " ZEROS ", is_confidential",                                                       0              },
        {"sha256   " ZEROS " ,\tx eA==",                                                            0              },
        {"",                                                                                        TUS_E_MALFORMED},
        {",",                                                                                       TUS_E_MALFORMED},
        {"sha256 " ZEROS ",",                                                                       TUS_E_MALFORMED},
        {"sha256 " ZEROS ",sha256 " ZEROS,                                                          TUS_E_MALFORMED},
        {"x *,sha256 " ZEROS,                                                                       TUS_E_MALFORMED},
        {"x\x01 eA==,sha256 " ZEROS,                                                                TUS_E_MALFORMED},
        {"x\xc3\xa4 eA==,sha256 " ZEROS,                                                            TUS_E_MALFORMED},
        {"filename bW9kZWwub25ueA==",                                                               TUS_E_NO_DIGEST},
        {"sha256",                                                                                  TUS_E_NO_DIGEST},
        {"sha256 MDAw",                                                                             TUS_E_NO_DIGEST},
        {"sha256 eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eA==",
         TUS_E_NO_DIGEST                                                                                           },
        {"SHA256 " ZEROS,                                                                           TUS_E_NO_DIGEST},
    };

    for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
        uint8_t sha256[DIGEST_SHA256_SIZE];
        int r = tus_parse_metadata(vectors[i].text, sha256);

        ck_assert_msg(r == vectors[i].expected, "'%s': %d", vectors[i].text, r);
        if (r == 0)
            ck_assert_int_eq(sha256[31], 0);
    }
}
END_TEST

START_TEST(bounds_metadata)
{
    uint8_t sha256[DIGEST_SHA256_SIZE];
    char *text = malloc(TUS_METADATA_MAX + 2);

    memset(text, 'a', TUS_METADATA_MAX + 1);
    text[TUS_METADATA_MAX + 1] = '\0';
    memcpy(text, "sha256 " ZEROS ",", strlen("sha256 " ZEROS ","));
    ck_assert_int_eq(tus_parse_metadata(text, sha256), TUS_E_MALFORMED);
    text[TUS_METADATA_MAX] = '\0';
    ck_assert_int_eq(tus_parse_metadata(text, sha256), 0);
    free(text);
}
END_TEST

START_TEST(reads_checksums)
{
    static const struct {
        const char *text;
        int expected;
    } vectors[] = {
        {"sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",                   0              },
        {"md5 XrY7u+Ae7tCTyyK7j1rNww==",                        0              },
        {"sha256 uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=", 0              },
        {"sha1 XrY7u+Ae7tCTyyK7j1rNww==",                       TUS_E_MALFORMED},
        {"sha1",                                                TUS_E_MALFORMED},
        {"sha1 ",                                               TUS_E_MALFORMED},
        {"",                                                    TUS_E_MALFORMED},
        {" ",                                                   TUS_E_MALFORMED},
        {"sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0= x",                 TUS_E_MALFORMED},
        {"crc32 AAAAAA==",                                      TUS_E_ALGORITHM},
        {"averylongalgorithm AAAA",                             TUS_E_ALGORITHM},
        {"SHA1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",                   TUS_E_ALGORITHM},
    };

    for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
        struct tus_checksum checksum;
        int r = tus_parse_checksum(vectors[i].text, &checksum);

        ck_assert_msg(r == vectors[i].expected, "'%s': %d", vectors[i].text, r);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("api/tus", reads_numbers, reads_metadata, bounds_metadata, reads_checksums);
}
