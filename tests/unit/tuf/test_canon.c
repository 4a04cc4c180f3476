/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/canon.h"

#include "base/cleanup.h"
#include "base/utf8.h"
#include "crypto/text.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define CEILING 65536

static json_t *parse(const char *text)
{
    struct fields_error error;
    json_t *value;

    ck_assert_msg(canon_parse(text, strlen(text), CEILING, &value, &error) == 0, "%s: %s", text,
                  error.text);
    return value;
}

static const struct {
    const char *json;
    const char *canonical;
} forms[] = {
    {"{}",                                                                "{}"                          },
    {" [ ] ",                                                             "[]"                          },
    {"[true, false, null]",                                               "[true,false,null]"           },
    {"[0, -0, 1, -1, 9223372036854775807, -9223372036854775808]",
     "[0,0,1,-1,9223372036854775807,-9223372036854775808]"                                              },
    {"{\"b\": 1, \"a\": 2, \"\": 3, \"B\": 4, \"aa\": 5}",
     "{\"\":3,\"B\":4,\"a\":2,\"aa\":5,\"b\":1}"                                                        },
 /* only the quote and the backslash are escaped, whatever the input did */
    {"\"\\\"\\\\\\/\\u0041\"",                                            "\"\\\"\\\\/A\""              },
    {"\"\\n\\t\\u0001\\u007f\"",                                          "\"\n\t\x01\x7f\""            },
    {"\"-----BEGIN\\nKEY\\n\"",                                           "\"-----BEGIN\nKEY\n\""       },
    {"\"\\u00e4\\ud83d\\ude00\"",                                         "\"\xc3\xa4\xf0\x9f\x98\x80\""},
    {"{\"a\\\"b\": 1}",                                                   "{\"a\\\"b\":1}"              },
 /* by code point: U+FFFF comes before U+10000, which UTF-16 sorts the other way */
    {"{\"\\ud800\\udc00\": 1, \"\\uffff\": 2, \"z\": 3, \"\\u00e4\": 4}",
     "{\"z\":3,\"\xc3\xa4\":4,\"\xef\xbf\xbf\":2,\"\xf0\x90\x80\x80\":1}"                               },
    {"{\"x\":[{\"b\":[1,{\"d\":0,\"c\":0}],\"a\":\"\"}]}",
     "{\"x\":[{\"a\":\"\",\"b\":[1,{\"c\":0,\"d\":0}]}]}"                                               },
    {"7",                                                                 "7"                           },
};

START_TEST(has_one_form)
{
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        CLEANUP(buffer_release) struct buffer buffer = BUFFER(CEILING);
        json_auto_t *value = parse(forms[i].json);

        ck_assert_int_eq(canon_encode(value, &buffer), 0);
        ck_assert_str_eq(buffer.bytes, forms[i].canonical);
    }
}
END_TEST

static const struct {
    const char *json;
    unsigned line;
    unsigned column;
    const char *contains;
} refusals[] = {
    {"",                      1, 1,  "empty"                            },
    {"{",                     1, 1,  "near end of file"                 },
    {"{} x",                  1, 4,  "end of file expected"             },
    {"{}{}",                  1, 3,  "end of file expected"             },
    {"{\"a\":1,\n \"a\":2}",  2, 4,  "duplicate"                        },
    {"[1,\n  2.0]",           2, 3,  "only integers"                    },
    {"[1e3]",                 1, 2,  "only integers"                    },
    {"{\"a\": -1E+2}",        1, 7,  "only integers"                    },
    {"[9223372036854775808]", 1, 20, "too big"                          },
    {"[01]",                  1, 2,  "invalid token"                    },
    {"[+1]",                  1, 2,  "invalid token"                    },
    {"[NaN]",                 1, 4,  "invalid token"                    },
    {"{'a':1}",               1, 2,  "expected"                         },
    {"[1,]",                  1, 4,  "unexpected token"                 },
    {"\"a\nb\"",              1, 2,  "unexpected newline"               },
    {"\"\\u0000\"",           1, 8,  "\\u0000"                          },
    {"\"\\ud800\"",           1, 8,  "invalid Unicode"                  },
    {"\"\xc3\xa4\xff\"",      1, 3,  "not UTF-8 (byte 0xff at offset 3)"},
    {"\"\xed\xa0\x80\"",      1, 2,  "not UTF-8"                        },
    {"\"\xc0\x80\"",          1, 2,  "not UTF-8"                        },
    {"[\n\"\xc3\xa4\", x]",   2, 6,  "invalid token"                    },
    {"// comment\n{}",        1, 1,  "invalid token"                    },
};

START_TEST(says_where_it_refuses)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct fields_error error = {0};
        json_t *value = NULL;

        ck_assert_msg(canon_parse(refusals[i].json, strlen(refusals[i].json), CEILING, &value,
                                  &error) == CANON_E_SYNTAX,
                      "%s", refusals[i].json);
        ck_assert_ptr_null(value);
        ck_assert_msg(strstr(error.text, refusals[i].contains) != NULL, "%s", error.text);
        ck_assert_msg(error.line == refusals[i].line && error.column == refusals[i].column,
                      "'%s': %s", refusals[i].json, error.text);
        ck_assert(utf8_valid(error.text, strlen(error.text)));
    }
}
END_TEST

START_TEST(refuses_nul_bytes)
{
    static const char json[] = "[1]\0";
    struct fields_error error;
    json_t *value;

    ck_assert_int_eq(canon_parse(json, 4, CEILING, &value, &error), CANON_E_SYNTAX);
    ck_assert_int_eq(canon_parse("\"a\0b\"", 5, CEILING, &value, &error), CANON_E_SYNTAX);
}
END_TEST

START_TEST(refuses_what_is_longer_than_its_ceiling)
{
    struct fields_error error;
    json_t *value;

    ck_assert_int_eq(canon_parse("[12]", 4, 3, &value, &error), CANON_E_TOO_LARGE);
    ck_assert_str_eq(error.text, "4 bytes of JSON, at most 3 are allowed");
    ck_assert_int_eq(canon_parse("[12]", 4, 4, &value, &error), 0);
    json_decref(value);
}
END_TEST

static int parse_nested(size_t depth, const char *open, const char *close)
{
    CLEANUP(buffer_release) struct buffer buffer = BUFFER((size_t)1 << 20);
    CLEANUP(buffer_release) struct buffer again = BUFFER((size_t)1 << 20);
    struct fields_error error;
    json_auto_t *value = NULL;
    int r;

    for (size_t i = 0; i < depth; i++)
        buffer_append_text(&buffer, open);
    buffer_append_text(&buffer, "1");
    for (size_t i = 0; i < depth; i++)
        buffer_append_text(&buffer, close);
    r = canon_parse(buffer.bytes, buffer.size, buffer.ceiling, &value, &error);
    if (r)
        return r;
    ck_assert_int_eq(canon_encode(value, &again), 0);
    ck_assert_str_eq(again.bytes, buffer.bytes);
    return 0;
}

START_TEST(nests_up_to_its_limit)
{
    ck_assert_int_eq(parse_nested(CANON_DEPTH_MAX, "[", "]"), 0);
    ck_assert_int_eq(parse_nested(CANON_DEPTH_MAX + 1, "[", "]"), CANON_E_SYNTAX);
    ck_assert_int_eq(parse_nested(CANON_DEPTH_MAX, "{\"a\":", "}"), 0);
    ck_assert_int_eq(parse_nested(CANON_DEPTH_MAX + 1, "{\"a\":", "}"), CANON_E_SYNTAX);
    ck_assert_int_eq(parse_nested(100000, "[", "]"), CANON_E_SYNTAX);
}
END_TEST

START_TEST(brackets_in_strings_do_not_nest)
{
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(CEILING);
    json_auto_t *value = NULL;

    buffer_append_text(&buffer, "[\"\\\"");
    for (int i = 0; i < 100; i++)
        buffer_append_text(&buffer, "[{\\\\1.5");
    buffer_append_text(&buffer, "\"]");
    value = parse(buffer.bytes);
    ck_assert_uint_eq(json_array_size(value), 1);
}
END_TEST

START_TEST(has_no_form_for_fractions)
{
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(CEILING);
    json_auto_t *value = json_pack("[f]", 1.5);

    ck_assert_int_lt(canon_encode(value, &buffer), 0);
}
END_TEST

START_TEST(fails_at_the_buffers_ceiling)
{
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(4);
    json_auto_t *value = parse("[12, 34]");

    ck_assert_int_eq(canon_encode(value, &buffer), ERR_NO_MEMORY);
}
END_TEST

START_TEST(digests_the_canonical_form)
{
    json_auto_t *value = parse("{ \"b\": 1, \"a\": [] }");
    uint8_t digest[DIGEST_SHA256_SIZE];
    uint8_t expected[DIGEST_SHA256_SIZE];

    digest_sha256("{\"a\":[],\"b\":1}", 14, expected);
    ck_assert_int_eq(canon_digest(value, digest), 0);
    ck_assert_mem_eq(digest, expected, sizeof(digest));
}
END_TEST

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Any code point but NUL and surrogates; controls only where asked. */
static void append_random_text(struct buffer *buffer, uint64_t *state, bool controls)
{
    size_t length = next_random(state) % 12;

    for (size_t i = 0; i < length; i++) {
        static const uint32_t ranges[] = {0x20, 0x80, 0x800, 0x10000, 0x110000};
        uint32_t range = next_random(state) % 4;
        uint32_t point =
            ranges[range] + (uint32_t)(next_random(state) % (ranges[range + 1] - ranges[range]));

        if (controls && next_random(state) % 8 == 0)
            point = 1 + next_random(state) % 0x1f;
        if (point >= 0xd800 && point <= 0xdfff)
            point = '"';
        if (point < 0x80) {
            buffer_append_char(buffer, (char)point);
        } else if (point < 0x800) {
            buffer_append_char(buffer, (char)(0xc0 | point >> 6));
            buffer_append_char(buffer, (char)(0x80 | (point & 0x3f)));
        } else if (point < 0x10000) {
            buffer_append_char(buffer, (char)(0xe0 | point >> 12));
            buffer_append_char(buffer, (char)(0x80 | (point >> 6 & 0x3f)));
            buffer_append_char(buffer, (char)(0x80 | (point & 0x3f)));
        } else {
            buffer_append_char(buffer, (char)(0xf0 | point >> 18));
            buffer_append_char(buffer, (char)(0x80 | (point >> 12 & 0x3f)));
            buffer_append_char(buffer, (char)(0x80 | (point >> 6 & 0x3f)));
            buffer_append_char(buffer, (char)(0x80 | (point & 0x3f)));
        }
    }
}

static json_t *random_value(uint64_t *state, int depth, bool controls)
{
    CLEANUP(buffer_release) struct buffer text = BUFFER(1024);
    uint64_t kind = next_random(state) % (depth > 0 ? 7 : 5);
    json_t *value;

    buffer_append_text(&text, "");
    append_random_text(&text, state, controls);
    if (kind == 0)
        return json_integer((json_int_t)next_random(state));
    if (kind == 1)
        return json_boolean(next_random(state) % 2);
    if (kind == 2)
        return json_null();
    if (kind <= 4)
        return json_stringn(text.bytes, text.size);
    value = kind == 5 ? json_array() : json_object();
    for (uint64_t i = next_random(state) % 6; i > 0; i--) {
        buffer_clear(&text);
        append_random_text(&text, state, controls);
        if (kind == 5)
            ck_assert_int_eq(json_array_append_new(value, random_value(state, depth - 1, controls)),
                             0);
        else
            ck_assert_int_eq(
                json_object_set_new(value, text.bytes, random_value(state, depth - 1, controls)),
                0);
    }
    return value;
}

/* Without control characters the canonical form is JSON: reading it changes nothing. */
START_TEST(reads_its_own_form_back)
{
    uint64_t state = 88172645463325252;

    for (int i = 0; i < 2000; i++) {
        CLEANUP(buffer_release) struct buffer first = BUFFER((size_t)1 << 20);
        CLEANUP(buffer_release) struct buffer second = BUFFER((size_t)1 << 20);
        json_auto_t *value = random_value(&state, 5, false);
        json_auto_t *again = NULL;
        struct fields_error error;

        ck_assert_int_eq(canon_encode(value, &first), 0);
        ck_assert_int_eq(canon_parse(first.bytes, first.size, first.ceiling, &again, &error), 0);
        ck_assert(json_equal(value, again));
        ck_assert_int_eq(canon_encode(again, &second), 0);
        ck_assert_str_eq(first.bytes, second.bytes);
    }
}
END_TEST

/* However a value is written as JSON, its canonical form is the same. */
START_TEST(does_not_depend_on_how_it_was_written)
{
    static const size_t flags[] = {JSON_COMPACT, JSON_INDENT(3), JSON_ENSURE_ASCII, JSON_SORT_KEYS,
                                   JSON_ESCAPE_SLASH | JSON_ENSURE_ASCII};
    uint64_t state = 362436069123456789;

    for (int i = 0; i < 1000; i++) {
        CLEANUP(buffer_release) struct buffer first = BUFFER((size_t)1 << 20);
        CLEANUP(buffer_release) struct buffer second = BUFFER((size_t)1 << 20);
        json_auto_t *value = random_value(&state, 5, true);
        AUTO_FREE char *text =
            json_dumps(value, JSON_ENCODE_ANY | flags[(size_t)i % ARRAY_LEN(flags)]);
        json_auto_t *again = parse(text);

        ck_assert_int_eq(canon_encode(value, &first), 0);
        ck_assert_int_eq(canon_encode(again, &second), 0);
        ck_assert_str_eq(first.bytes, second.bytes);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("tuf/canon", has_one_form, says_where_it_refuses, refuses_nul_bytes,
                     refuses_what_is_longer_than_its_ceiling, nests_up_to_its_limit,
                     brackets_in_strings_do_not_nest, has_no_form_for_fractions,
                     fails_at_the_buffers_ceiling, digests_the_canonical_form,
                     reads_its_own_form_back, does_not_depend_on_how_it_was_written);
}
