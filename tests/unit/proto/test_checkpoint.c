/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/checkpoint.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

static const struct checkpoint example = {
    .workspace = "default",
    .seq = 7,
    .at_ms = 1700000000123,
    .hash = {1, 2, 3},
};

START_TEST(reads_what_it_wrote)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *part = checkpoint_encode(&example);
    struct fields_error error;
    struct checkpoint read;

    ck_assert_int_eq(checkpoint_decode(part, &arena, &read, &error), 0);
    ck_assert_str_eq(read.workspace, "default");
    ck_assert_int_eq(read.seq, 7);
    ck_assert_int_eq(read.at_ms, example.at_ms);
    ck_assert_mem_eq(read.hash, example.hash, sizeof(read.hash));
}
END_TEST

START_TEST(refuses_what_is_none)
{
    static const struct {
        const char *member;
        const char *value;
    } cases[] = {
        {"_type",     "\"report\""},
        {"seq",       "0"         },
        {"hash",      "\"abc\""   },
        {"at",        "\"today\"" },
        {"workspace", "null"      },
        {"more",      "1"         },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        json_auto_t *part = checkpoint_encode(&example);
        struct fields_error error;
        struct checkpoint read;

        (void)json_object_set_new(part, cases[i].member,
                                  json_loads(cases[i].value, JSON_DECODE_ANY, NULL));
        ck_assert_int_ne(checkpoint_decode(part, &arena, &read, &error), 0);
        ck_assert_ptr_nonnull(strstr(error.text, cases[i].member));
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("proto/checkpoint", reads_what_it_wrote, refuses_what_is_none);
}
