/* SPDX-License-Identifier: Apache-2.0 */
#include "http/etag.h"

#include "suite.h"

#include <stddef.h>

START_TEST(finds_a_number_among_tags)
{
    static const struct {
        const char *header;
        bool lists_seven;
    } cases[] = {
        {"\"7\"",                    true },
        {"W/\"7\"",                  true },
        {"*",                        true },
        {"\"6\", \"7\"",             true },
        {"\"x\",\"7\"",              true },
        {" , \"7\" ,",               true },
        {"\"6\"",                    false},
        {"\"77\"",                   false},
        {"7",                        false},
        {"\"7",                      false},
        {"\"\"",                     false},
        {"",                         false},
        {"\"a,b\",x",                false},
        {"W/",                       false},
        {"\"00000000000000000007\"", false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(etag_lists_number(cases[i].header, 7) == cases[i].lists_seven, "%s",
                      cases[i].header);
}
END_TEST

START_TEST(takes_one_strong_number_only)
{
    static const char *const refused[] = {"7",    "W/\"7\"", "\"7\", \"8\"", "*",
                                          "\"\"", "",        "\"-1\""};
    int64_t number = 3;

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        ck_assert_msg(!etag_parse_number(refused[i], &number), "%s", refused[i]);
    ck_assert_int_eq(number, 3);
    ck_assert(etag_parse_number("\"12\"", &number));
    ck_assert_int_eq(number, 12);
}
END_TEST

START_TEST(prints_numbers)
{
    static const struct {
        int64_t number;
        const char *tag;
    } cases[] = {
        {0,         "\"0\""                  },
        {9,         "\"9\""                  },
        {10,        "\"10\""                 },
        {1234567,   "\"1234567\""            },
        {INT64_MAX, "\"9223372036854775807\""},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char tag[ETAG_NUMBER_SIZE];

        etag_print_number(cases[i].number, tag);
        ck_assert_str_eq(tag, cases[i].tag);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("http/etag", prints_numbers, finds_a_number_among_tags,
                     takes_one_strong_number_only);
}
