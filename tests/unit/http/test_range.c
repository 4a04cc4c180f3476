/* SPDX-License-Identifier: Apache-2.0 */
#include "http/range.h"

#include "suite.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What comes out, written as "first+length first+length", "none" or "416". */
static const struct {
    const char *header;
    uint64_t size;
    const char *expected;
} vectors[] = {
    {NULL,                              10,         "none"        },
    {"bytes=0-0",                       10,         "0+1"         },
    {"bytes=0-9",                       10,         "0+10"        },
    {"bytes=0-99",                      10,         "0+10"        },
    {"bytes=5-",                        10,         "5+5"         },
    {"bytes=9-",                        10,         "9+1"         },
    {"bytes=10-",                       10,         "416"         },
    {"bytes=10-20",                     10,         "416"         },
    {"bytes=-3",                        10,         "7+3"         },
    {"bytes=-30",                       10,         "0+10"        },
    {"bytes=-0",                        10,         "416"         },
    {"bytes=0-",                        0,          "416"         },
    {"bytes=-1",                        0,          "416"         },
    {"Bytes=0-0",                       10,         "0+1"         },
    {"bytes=0-0,-1",                    10,         "0+1 9+1"     },
    {"bytes= 0-0 , 2-3 ,\t5-6 ",        10,         "0+1 2+2 5+2" },
    {"bytes=,,0-0,,",                   10,         "0+1"         },
    {"bytes=7-8,0-1",                   10,         "7+2 0+2"     },
    {"bytes=20-30,0-1",                 10,         "0+2"         },
    {"bytes=20-30,40-50",               10,         "416"         },
    {"bytes=0-5,5-9",                   10,         "416"         },
    {"bytes=0-4,2-6",                   10,         "0+5 2+5"     },
    {"bytes=0-,0-",                     10,         "416"         },
    {"bytes=3-2",                       10,         "none"        },
    {"bytes=0-0,3-2",                   10,         "none"        },
    {"bytes=",                          10,         "none"        },
    {"bytes=,",                         10,         "none"        },
    {"bytes=-",                         10,         "none"        },
    {"bytes=a-b",                       10,         "none"        },
    {"bytes=1",                         10,         "none"        },
    {"bytes=1-2-3",                     10,         "none"        },
    {"bytes=1 -2",                      10,         "none"        },
    {"bytes=+1-2",                      10,         "none"        },
    {"bytes 0-1",                       10,         "none"        },
    {"items=0-1",                       10,         "none"        },
    {"bytes=18446744073709551615-",     10,         "416"         },
    {"bytes=99999999999999999999999-",  10,         "416"         },
    {"bytes=1-99999999999999999999999", 10,         "1+9"         },
    {"bytes=-99999999999999999999999",  10,         "0+10"        },
    {"bytes=5000000000-5000000001",     6000000000, "5000000000+2"},
    {"bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,30-30,"
     "32-32",                      100,        "416"         },
};

START_TEST(follows_rfc_9110)
{
    for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
        struct range ranges[RANGE_MAX];
        char text[512] = "";
        size_t count = 0;
        int r = range_parse(vectors[i].header, vectors[i].size, ranges, &count);

        if (r)
            (void)snprintf(text, sizeof(text), "%s", r == RANGE_E_NONE ? "none" : "416");
        for (size_t j = 0; j < count; j++)
            (void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
                           "%s%" PRIu64 "+%" PRIu64, j ? " " : "", ranges[j].first,
                           ranges[j].length);
        ck_assert_msg(strcmp(text, vectors[i].expected) == 0, "%s: %s, not %s", vectors[i].header,
                      text, vectors[i].expected);
    }
}
END_TEST

START_TEST(compares_if_range_strongly)
{
    ck_assert(range_applies(NULL, "\"a\""));
    ck_assert(range_applies("\"a\"", "\"a\""));
    ck_assert(!range_applies("\"b\"", "\"a\""));
    ck_assert(!range_applies("W/\"a\"", "\"a\""));
    ck_assert(!range_applies("Wed, 21 Oct 2015 07:28:00 GMT", "\"a\""));
}
END_TEST

START_TEST(finds_entity_tags_in_lists)
{
    static const struct {
        const char *list;
        bool strong;
        bool expected;
    } lists[] = {
        {"*",                 true,  true },
        {" * ",               true,  true },
        {"\"a\"",             true,  true },
        {"\"b\", \"a\"",      true,  true },
        {"\"b\",W/\"a\"",     false, true },
        {"\"b\",W/\"a\"",     true,  false},
        {",, \"a\" ,",        true,  true },
        {"\"a",               true,  false},
        {"a",                 true,  false},
        {"",                  true,  false},
        {"\"x,\\\"\", \"a\"", true,  false},
        {"\"aa\"",            true,  false},
    };

    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
        ck_assert_msg(range_etag_in(lists[i].list, "\"a\"", lists[i].strong) == lists[i].expected,
                      "%s", lists[i].list);
}
END_TEST

int main(void)
{
    return SUITE_RUN("http/range", follows_rfc_9110, compares_if_range_strongly,
                     finds_entity_tags_in_lists);
}
