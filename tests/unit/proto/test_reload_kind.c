/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/reload_kind.h"

#include "suite.h"

#include <string.h>

START_TEST(every_kind_has_a_word_of_its_own)
{
    for (enum reload_kind kind = 0; kind < RELOAD_KINDS; kind++) {
        const char *name = reload_kind_name(kind);

        ck_assert_int_eq(reload_kind_parse(name), kind);
        ck_assert_ptr_null(reload_kind_check(name));
        ck_assert_uint_le(strlen(name), RELOAD_KIND_MAX);
    }
}
END_TEST

START_TEST(another_word_is_none)
{
    static const char *const words[] = {"", "Watch", "watch ", "dance", "none", RELOAD_KIND_DEVICE};

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        const char *expected = reload_kind_check(words[i]);

        ck_assert_int_eq(reload_kind_parse(words[i]), RELOAD_KINDS);
        for (enum reload_kind kind = 0; kind < RELOAD_KINDS; kind++)
            ck_assert_ptr_nonnull(strstr(expected, reload_kind_name(kind)));
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("proto/reload_kind", every_kind_has_a_word_of_its_own, another_word_is_none);
}
