/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/printable.h"

#include "base/cleanup.h"
#include "suite.h"

static const struct {
    const char *text;
    const char *shown;
} texts[] = {
    {"plain",              "plain"              },
    {"",                   ""                   },
    {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
    {"\x1b[31mred",        "\\x1b[31mred"       },
    {"a\nb\tc\rd",         "a\\x0ab\\x09c\\x0dd"},
    {"\x7f",               "\\x7f"              },
    {"\xc2\x9b"
     "31m",           "\\u{9b}31m"         }, /* C1's CSI */
    {"\xe2\x80\xae"
     "exe",           "\\u{202e}exe"       }, /* right-to-left override */
    {"\xff\xc3",           "\\xff\\xc3"         },
};

START_TEST(shows_what_a_terminal_would_obey)
{
    CLEANUP(arena_release) struct arena arena = {0};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        ck_assert_str_eq(printable_text(&arena, texts[i].text), texts[i].shown);
    ck_assert_ptr_null(printable_text(&arena, NULL));
}
END_TEST

START_TEST(counts_columns_not_bytes)
{
    ck_assert_uint_eq(printable_columns(""), 0);
    ck_assert_uint_eq(printable_columns("abc"), 3);
    ck_assert_uint_eq(printable_columns("gr\xc3\xbc\xc3\x9f"), 4);
    ck_assert_uint_eq(printable_columns("\xe6\xa8\xa1\xe5\x9e\x8b"), 4); /* wide */
    ck_assert_uint_eq(printable_columns("e\xcc\x81"), 1);                /* combining */
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/printable", shows_what_a_terminal_would_obey, counts_columns_not_bytes);
}
