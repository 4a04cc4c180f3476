/* SPDX-License-Identifier: Apache-2.0 */
#include "format/scanner.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

struct reading {
    struct view view;
    struct fault fault;
    struct scanner scanner;
};

static void reading_release(struct reading *reading)
{
    view_release(&reading->view);
}

static void start(struct reading *reading, const char *text, size_t size)
{
    struct source source = source_memory(text, size);

    view_init(&reading->view, &source, NULL, &reading->fault);
    scanner_init(&reading->scanner, &reading->view, 0, size);
}

/* Reads text as one value and nothing behind it. */
static int read_value(struct reading *reading, const char *text)
{
    enum scanner_token token;
    int r;

    start(reading, text, strlen(text));
    r = scanner_next(&reading->scanner, &token);
    if (!r)
        r = scanner_skip(&reading->scanner, token);
    return r ? r : scanner_want(&reading->scanner, SCANNER_END, "the end");
}

START_TEST(reads_what_is_json)
{
    static const char *const rows[] = {
        "{}",
        " [ ] ",
        "[1,-2,3.5e+7,true,false,null,\"x\"]",
        "{\"a\":{\"b\":[[],{}]},\"c\":\"\"}",
        "\"\\u00e9\\ud83d\\ude00\\n\\\"\"",
        "0",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(reading_release) struct reading reading = {0};

        ck_assert_msg(read_value(&reading, rows[i]) == 0, "%s: %s", rows[i], reading.fault.text);
    }
}
END_TEST

START_TEST(refuses_what_is_none)
{
    static const char *const rows[] = {
        "",
        "{",
        "[1,]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{1:2}",
        "[1 2]",
        "\"x",
        "\"\\x\"",
        "\"\\u12\"",
        "01",
        "tru",
        "+1",
        "\"\\ud83d\"",
        "\"\\ude00\"",
        "\"\\u0000\"",
        "\"\xff\"",
        "{}{}",
        "[[[[[[[[[[]]]]]]]]]]",
        "\"a\nb\"",
        "]",
        ",",
        "\"\\ud83d\\u0041\"",
        "111111111111111111111111111111111111111",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(reading_release) struct reading reading = {0};

        ck_assert_msg(read_value(&reading, rows[i]) == FAULT_E_DAMAGED, "'%s' is taken", rows[i]);
    }
}
END_TEST

START_TEST(unescapes_and_cuts_strings)
{
    CLEANUP(reading_release) struct reading reading = {0};
    enum scanner_token token;
    static char text[3000];

    start(&reading, "\"a\\u00e9\\ud83d\\ude00\\t\"", 23);
    ck_assert_int_eq(scanner_next(&reading.scanner, &token), 0);
    ck_assert_int_eq(token, SCANNER_STRING);
    ck_assert_str_eq(reading.scanner.text, "a\xc3\xa9\xf0\x9f\x98\x80\t");
    view_release(&reading.view);

    memset(text, 'x', sizeof(text));
    text[0] = text[sizeof(text) - 1] = '"';
    start(&reading, text, sizeof(text));
    ck_assert_int_eq(scanner_next(&reading.scanner, &token), 0);
    ck_assert(reading.scanner.text_cut);
    ck_assert_uint_eq(reading.scanner.text_size, SCANNER_TEXT_MAX);
    ck_assert_int_eq(scanner_want(&reading.scanner, SCANNER_END, "the end"), 0);
}
END_TEST

START_TEST(tells_whole_numbers_from_others)
{
    static const struct {
        const char *text;
        enum scanner_token token;
        uint64_t number;
    } rows[] = {
        {"0",                    SCANNER_NUMBER, 0        },
        {"9223372036854775807",  SCANNER_NUMBER, INT64_MAX},
        {"9223372036854775808",  SCANNER_OTHER,  0        },
        {"18446744073709551616", SCANNER_OTHER,  0        },
        {"-1",                   SCANNER_OTHER,  0        },
        {"1e3",                  SCANNER_OTHER,  0        },
        {"null",                 SCANNER_OTHER,  0        },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(reading_release) struct reading reading = {0};
        enum scanner_token token;

        start(&reading, rows[i].text, strlen(rows[i].text));
        ck_assert_int_eq(scanner_next(&reading.scanner, &token), 0);
        ck_assert_int_eq(token, rows[i].token);
        if (token == SCANNER_NUMBER)
            ck_assert(reading.scanner.number == rows[i].number);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/scanner", reads_what_is_json, refuses_what_is_none,
                     unescapes_and_cuts_strings, tells_whole_numbers_from_others);
}
