/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/rolename.h"

#include "base/cleanup.h"
#include "suite.h"

START_TEST(quotes_all_but_unreserved_bytes)
{
    static const struct {
        const char *role;
        const char *quoted;
    } cases[] = {
        {"root",      "root"     },
        {"a-b_c.d~e", "a-b_c.d~e"},
        {"../x",      "..%2Fx"   },
        {"?#%",       "%3F%23%25"},
        {"\xc3\xa9",  "%C3%A9"   },
        {"",          ""         },
    };
    struct arena arena = {0};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ck_assert_str_eq(rolename_quote(&arena, cases[i].role), cases[i].quoted);
    arena_release(&arena);
}
END_TEST

START_TEST(reads_what_a_repository_is_asked_for)
{
    static const struct {
        const char *name;
        int64_t version; /* -1: refused */
        const char *role;
    } cases[] = {
        {"timestamp.json",              0,         "timestamp"   },
        {"3.root.json",                 3,         "root"        },
        {"12.model-digits.json",        12,        "model-digits"},
        {"1.0.json",                    1,         "0"           },
        {"01.root.json",                0,         "01.root"     },
        {"0.root.json",                 0,         "0.root"      },
        {"99999999999999999999.x.json", INT64_MAX, "x"           },
        {"root",                        -1,        NULL          },
        {".json",                       -1,        NULL          },
        {"3.json",                      0,         "3"           },
        {"",                            -1,        NULL          },
    };
    struct arena arena = {0};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *role = NULL;
        int64_t version = -1;
        bool good = rolename_parse_file(&arena, cases[i].name, &version, &role);

        ck_assert_msg(good == (cases[i].version >= 0), "%s", cases[i].name);
        if (!good)
            continue;
        ck_assert_int_eq(version, cases[i].version);
        ck_assert_str_eq(role, cases[i].role);
    }
    arena_release(&arena);
}
END_TEST

int main(void)
{
    return SUITE_RUN("tuf/rolename", quotes_all_but_unreserved_bytes,
                     reads_what_a_repository_is_asked_for);
}
