/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/checksum.h"

#include "crypto/text.h"
#include "suite.h"

#include <string.h>

START_TEST(computes_what_it_announces)
{
    /* of "hello world" */
    static const struct {
        const char *name;
        const char *hex;
    } vectors[] = {
        {"sha1",   "2aae6c35c94fcfb415dbe95f408b9ce91ee846ed"                        },
        {"sha256", "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"},
        {"md5",    "5eb63bbbe01eeed093cb22bb8f5acdc3"                                },
    };

    for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
        size_t size = checksum_size(vectors[i].name);
        uint8_t expected[CHECKSUM_SIZE_MAX];
        struct checksum *checksum;

        ck_assert(strstr(checksum_names, vectors[i].name) != NULL);
        ck_assert(text_unhex(vectors[i].hex, expected, size));
        ck_assert_int_eq(checksum_new(vectors[i].name, &checksum), 0);
        checksum_update(checksum, "hello ", 6);
        checksum_update(checksum, "world", 5);
        ck_assert(checksum_matches(checksum, expected, size));
        checksum_free(checksum);

        ck_assert_int_eq(checksum_new(vectors[i].name, &checksum), 0);
        ck_assert(!checksum_matches(checksum, expected, size));
        checksum_free(checksum);
    }
}
END_TEST

START_TEST(knows_no_others)
{
    ck_assert_uint_eq(checksum_size("crc32"), 0);
    ck_assert_uint_eq(checksum_size(""), 0);
    checksum_free(NULL);
}
END_TEST

int main(void)
{
    return SUITE_RUN("crypto/checksum", computes_what_it_announces, knows_no_others);
}
