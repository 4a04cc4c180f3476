/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include "base/cleanup.h"
#include "http/decode.h"

#include <string.h>

static struct arena arena;

static void tear_down(void)
{
    arena_release(&arena);
}

START_TEST(decodes_what_is_valid_and_nothing_else)
{
    static const struct {
        const char *text;
        const char *decoded;
    } cases[] = {
        {"",             ""        },
        {"plain",        "plain"   },
        {"a%20b",        "a b"     },
        {"%C3%bc",       "\xc3\xbc"},
        {"\xc3\xbc",     "\xc3\xbc"},
        {"1+2",          "1+2"     },
        {"%2e%2E%2f",    "../"     },
        {"%",            NULL      },
        {"%2",           NULL      },
        {"%zz",          NULL      },
        {"%00",          NULL      },
        {"%0a",          NULL      },
        {"%7f",          NULL      },
        {"\x01",         NULL      },
        {"%ff",          NULL      },
        {"\xff",         NULL      },
        {"%c0%af",       NULL      }, /* overlong */
        {"%ed%a0%80",    NULL      }, /* a surrogate */
        {"%f4%90%80%80", NULL      },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *decoded = decode_percent(&arena, cases[i].text, strlen(cases[i].text), false);

        ck_assert_msg(!decoded == !cases[i].decoded, "'%s'", cases[i].text);
        if (decoded)
            ck_assert_str_eq(decoded, cases[i].decoded);
        ck_assert_msg(decode_valid(cases[i].text) == (cases[i].decoded != NULL), "'%s'",
                      cases[i].text);
    }
}
END_TEST

START_TEST(reads_queries)
{
    struct decode_pair *pairs = NULL;

    ck_assert_ptr_null(decode_query(&arena, "a=1&b=x+y%26&&c&d=", &pairs));
    ck_assert_str_eq(decode_find(pairs, "a"), "1");
    ck_assert_str_eq(decode_find(pairs, "b"), "x y&");
    ck_assert_str_eq(decode_find(pairs, "c"), "");
    ck_assert_str_eq(decode_find(pairs, "d"), "");
    ck_assert_ptr_null(decode_find(pairs, "e"));
    ck_assert_ptr_null(decode_query(&arena, "", &pairs));
    ck_assert_ptr_null(pairs);
}
END_TEST

START_TEST(refuses_queries_that_can_be_read_two_ways)
{
    struct decode_pair *pairs = NULL;
    char many[4 * (DECODE_PAIRS_MAX + 1) + 1] = "";

    for (int i = 0; i <= DECODE_PAIRS_MAX; i++)
        (void)sprintf(many + strlen(many), "%c%c=&", 'a' + i / 26, 'a' + i % 26);
    ck_assert_str_eq(decode_query(&arena, "a=1&b=2&a=1", &pairs),
                     "the query argument 'a' is given twice");
    ck_assert_ptr_nonnull(decode_query(&arena, "a=%", &pairs));
    ck_assert_ptr_nonnull(decode_query(&arena, "%ff=1", &pairs));
    ck_assert_str_eq(decode_query(&arena, many, &pairs), "the query has too many arguments");
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("http/decode", NULL, tear_down, decodes_what_is_valid_and_nothing_else,
                          reads_queries, refuses_queries_that_can_be_read_two_ways);
}
