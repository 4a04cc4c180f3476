/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include "base/cleanup.h"
#include "suite.h"

#include <stdint.h>
#include <string.h>

/* RFC 3629, 4, at its edges. */
static const struct {
    const char *bytes;
    size_t length; /* of the first character; 0: not well-formed */
} sequences[] = {
    {"a",                1},
    {"\x7f",             1},
    {"\xc2\x80",         2},
    {"\xdf\xbf",         2},
    {"\xe0\xa0\x80",     3},
    {"\xed\x9f\xbf",     3},
    {"\xee\x80\x80",     3},
    {"\xef\xbf\xbf",     3},
    {"\xf0\x90\x80\x80", 4},
    {"\xf4\x8f\xbf\xbf", 4},
    {"\x80",             0}, /* a continuation alone */
    {"\xbf",             0},
    {"\xc0\x80",         0}, /* overlong */
    {"\xc1\xbf",         0},
    {"\xe0\x9f\xbf",     0},
    {"\xf0\x8f\xbf\xbf", 0},
    {"\xed\xa0\x80",     0}, /* surrogates */
    {"\xed\xbf\xbf",     0},
    {"\xf4\x90\x80\x80", 0}, /* above U+10FFFF */
    {"\xf5\x80\x80\x80", 0},
    {"\xff",             0},
    {"\xfe",             0},
    {"\xc2",             0}, /* cut off */
    {"\xe2\x82",         0},
    {"\xf0\x9f\x98",     0},
    {"\xc2\x41",         0}, /* the wrong kind of byte inside */
    {"\xe2\x41\xac",     0},
    {"\xe2\x82\x41",     0},
    {"\xf0\x9f\x98\xc0", 0},
};

START_TEST(knows_the_edges)
{
    for (size_t i = 0; i < ARRAY_LEN(sequences); i++) {
        const unsigned char *bytes = (const unsigned char *)sequences[i].bytes;
        size_t size = strlen(sequences[i].bytes);

        ck_assert_msg(utf8_sequence(bytes, size) == sequences[i].length, "row %zu", i);
        ck_assert_msg(utf8_valid(sequences[i].bytes, size) == (sequences[i].length > 0), "row %zu",
                      i);
    }
}
END_TEST

static size_t encode(uint32_t point, char *text)
{
    if (point < 0x80) {
        text[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        text[0] = (char)(0xc0 | point >> 6);
        text[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        text[0] = (char)(0xe0 | point >> 12);
        text[1] = (char)(0x80 | (point >> 6 & 0x3f));
        text[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    text[0] = (char)(0xf0 | point >> 18);
    text[1] = (char)(0x80 | (point >> 12 & 0x3f));
    text[2] = (char)(0x80 | (point >> 6 & 0x3f));
    text[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

START_TEST(takes_every_code_point_but_surrogates)
{
    for (uint32_t point = 0; point < 0x120000; point++) {
        char text[4];
        size_t length = encode(point, text);
        bool expected = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);

        if (utf8_valid(text, length) != expected)
            ck_abort_msg("U+%04X", point);
    }
}
END_TEST

START_TEST(nothing_is_valid_and_has_no_character)
{
    ck_assert(utf8_valid("", 0));
    ck_assert_uint_eq(utf8_sequence((const unsigned char *)"", 0), 0);
    ck_assert(utf8_valid("a\0b", 3));
    ck_assert(!utf8_valid("a\0\xff", 3));
}
END_TEST

static const struct {
    const char *text;
    const char *trimmed;
} trims[] = {
    {"",              ""         },
    {"abc",           "abc"      },
    {"a\xc3\xa4",     "a\xc3\xa4"},
    {"a\xc3",         "a"        },
    {"a\xf0\x9f\x98", "a"        },
    {"a\xff"
     "b",        "a"        },
    {"\xff",          ""         },
};

START_TEST(cuts_where_it_stops_being_well_formed)
{
    for (size_t i = 0; i < ARRAY_LEN(trims); i++) {
        char text[16];

        strcpy(text, trims[i].text);
        utf8_trim(text);
        ck_assert_str_eq(text, trims[i].trimmed);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("base/utf8", knows_the_edges, takes_every_code_point_but_surrogates,
                     nothing_is_valid_and_has_no_character, cuts_where_it_stops_being_well_formed);
}
