/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/text.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

START_TEST(writes_and_reads_hex)
{
    uint8_t bytes[256];
    uint8_t again[256];
    char hex[513];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    text_hex(bytes, sizeof(bytes), hex);
    ck_assert_int_eq(strncmp(hex, "000102", 6), 0);
    ck_assert_str_eq(hex + 506, "fdfeff");
    ck_assert(text_unhex(hex, again, sizeof(again)));
    ck_assert_mem_eq(bytes, again, sizeof(bytes));
    text_hex(bytes, 0, hex);
    ck_assert_str_eq(hex, "");
    ck_assert(text_unhex("", again, 0));
    ck_assert(text_unhex("aBCd", again, 2));
    ck_assert_uint_eq(again[0], 0xab);
}
END_TEST

static const char *const bad_hex[] = {"",     "0",    "000",  "00000",           "0x00",
                                      "00 0", "000g", "00:0", "\xff\xff\xff\xff"};

START_TEST(refuses_what_is_not_hex_of_that_size)
{
    uint8_t bytes[2];

    for (size_t i = 0; i < ARRAY_LEN(bad_hex); i++)
        ck_assert_msg(!text_unhex(bad_hex[i], bytes, sizeof(bytes)), "'%s'", bad_hex[i]);
}
END_TEST

/* RFC 4648, 10 */
static const struct {
    const char *plain;
    const char *base64;
} vectors[] = {
    {"",             ""        },
    {"f",            "Zg=="    },
    {"fo",           "Zm8="    },
    {"foo",          "Zm9v"    },
    {"foob",         "Zm9vYg=="},
    {"fooba",        "Zm9vYmE="},
    {"foobar",       "Zm9vYmFy"},
    {"\xff\xfe\xfb", "//77"    },
};

START_TEST(writes_and_reads_base64)
{
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        size_t size = strlen(vectors[i].plain);
        char text[TEXT_BASE64_SIZE(6)];
        uint8_t bytes[6];
        size_t decoded;

        text_base64((const uint8_t *)vectors[i].plain, size, text);
        ck_assert_str_eq(text, vectors[i].base64);
        ck_assert(text_unbase64(vectors[i].base64, bytes, sizeof(bytes), &decoded));
        ck_assert_uint_eq(decoded, size);
        ck_assert_mem_eq(bytes, vectors[i].plain, size);
    }
}
END_TEST

static const char *const bad_base64[] = {"Z",     "Zg",   "Zg=",          "Zg===", "Zm9v\n",
                                         " Zm9v", "Zm-_", "Zm9vYmFyYg==", "=",     "Zh=="};

START_TEST(refuses_what_is_not_base64_or_too_long)
{
    for (size_t i = 0; i < ARRAY_LEN(bad_base64); i++) {
        uint8_t bytes[6];
        size_t decoded;

        ck_assert_msg(!text_unbase64(bad_base64[i], bytes, sizeof(bytes), &decoded), "'%s'",
                      bad_base64[i]);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("crypto/text", writes_and_reads_hex, refuses_what_is_not_hex_of_that_size,
                     writes_and_reads_base64, refuses_what_is_not_base64_or_too_long);
}
