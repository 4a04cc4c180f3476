/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include "http/ulid.h"

#include <string.h>

START_TEST(is_26_characters_of_crockfords_alphabet)
{
    char ulid[ULID_SIZE];

    ulid_make(1469918176385, ulid);
    ck_assert_uint_eq(strlen(ulid), 26);
    ck_assert_uint_eq(strspn(ulid, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), 26);
    ck_assert_int_eq(strncmp(ulid, "01ARYZ6S41", 10), 0); /* the specification's example */
}
END_TEST

START_TEST(sorts_by_time_and_never_repeats)
{
    char a[ULID_SIZE];
    char b[ULID_SIZE];

    ulid_make(1000, a);
    ulid_make(1001, b);
    ck_assert_int_lt(strcmp(a, b), 0);
    ulid_make(1001, a);
    ck_assert_str_ne(a, b);
}
END_TEST

int main(void)
{
    return SUITE_RUN("http/ulid", is_26_characters_of_crockfords_alphabet,
                     sorts_by_time_and_never_repeats);
}
