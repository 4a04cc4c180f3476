/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/pick.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

START_TEST(a_part_is_given_as_it_stands)
{
    static const char text[] = " { \"a\" : [ 1.10 , {\"b\\u0063\": \"x,}]\\\"\" } , [] , 3 ],\n"
                               "\"d/e~\":{ \"f\" :1E+2 , \"\":null}, \"g\" : true } ";
    static const struct {
        const char *pointer;
        const char *part; /* NULL: there is none */
    } vectors[] = {
        {"/a/0",      "1.10"                         },
        {"/a/1",      "{\"b\\u0063\": \"x,}]\\\"\" }"},
        {"/a/1/bc",   "\"x,}]\\\"\""                 },
        {"/a/2",      "[]"                           },
        {"/a/3",      "3"                            },
        {"/a/4",      NULL                           },
        {"/a/2/0",    NULL                           },
        {"/a/x",      NULL                           },
        {"/a/",       NULL                           },
        {"/d~1e~0",   "{ \"f\" :1E+2 , \"\":null}"   },
        {"/d~1e~0/f", "1E+2"                         },
        {"/d~1e~0/",  "null"                         },
        {"/g",        "true"                         },
        {"/g/x",      NULL                           },
        {"/h",        NULL                           },
    };

    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        const char *part = "";
        size_t size = 0;

        ck_assert_msg(pick_part(text, strlen(text), vectors[i].pointer, &part, &size) ==
                          (vectors[i].part != NULL),
                      "%s", vectors[i].pointer);
        if (!vectors[i].part)
            continue;
        ck_assert_uint_eq(size, strlen(vectors[i].part));
        ck_assert_mem_eq(part, vectors[i].part, size);
    }
}
END_TEST

START_TEST(the_whole_is_a_part_too)
{
    const char *part;
    size_t size;

    ck_assert(pick_part(" [1] ", 5, "", &part, &size));
    ck_assert_uint_eq(size, 3);
    ck_assert(!pick_part("", 0, "", &part, &size));
}
END_TEST

START_TEST(what_is_no_json_does_no_harm)
{
    static const char *const texts[] = {"{\"a\"", "{\"a\":", "{\"a\":\"", "[",   "[1,",
                                        "{\"",    "{\"\\",   "[\"\\",     "}}}", "{\"a\":}"};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const char *part;
        size_t size;

        (void)pick_part(texts[i], strlen(texts[i]), "/a", &part, &size);
        (void)pick_part(texts[i], strlen(texts[i]), "/1", &part, &size);
        (void)pick_part(texts[i], strlen(texts[i]), "", &part, &size);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("lineage/pick", a_part_is_given_as_it_stands, the_whole_is_a_part_too,
                     what_is_no_json_does_no_harm);
}
