/* SPDX-License-Identifier: Apache-2.0 */
#include "format/names.h"

#include "base/cleanup.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

START_TEST(knows_what_was_added)
{
    CLEANUP(names_release) struct names names = {0};
    char name[16];
    bool there;

    for (int i = 0; i < 5000; i++) {
        (void)snprintf(name, sizeof(name), "n%d", i);
        struct names_key key = names_key(name, strlen(name));

        ck_assert(!names_have(&names, &key));
        ck_assert_int_eq(names_add(&names, &key, &there), 0);
        ck_assert(!there);
        ck_assert_int_eq(names_add(&names, &key, &there), 0);
        ck_assert(there);
    }
    ck_assert_uint_eq(names.count, 5000);
}
END_TEST

START_TEST(keys_of_files_and_of_memory_agree)
{
    CLEANUP(view_release) struct view view = {0};
    char bytes[10000];
    struct source source = source_memory(bytes, sizeof(bytes));
    struct names_key there;
    struct names_key here;
    struct fault fault;

    memset(bytes, 'x', sizeof(bytes));
    view_init(&view, &source, NULL, &fault);
    ck_assert_int_eq(names_key_of(&view, 1, 9000, &there), 0);
    here = names_key(bytes, 9000);
    ck_assert_mem_eq(&here, &there, sizeof(here));
    ck_assert_int_eq(names_key_of(&view, 1, 10000, &there), FAULT_E_TRUNCATED);
}
END_TEST

START_TEST(takes_so_many_and_no_more)
{
    CLEANUP(names_release) struct names names = {0};
    struct names_key key = {{1}};
    bool there;

    for (uint32_t i = 0; i < NAMES_MAX; i++) {
        memcpy(key.bytes + 4, &i, sizeof(i));
        memcpy(key.bytes, &i, sizeof(i));
        key.bytes[15] = 1;
        ck_assert_int_eq(names_add(&names, &key, &there), 0);
    }
    ck_assert_int_eq(names_add(&names, &key, &there), 0); /* it is there */
    key.bytes[15] = 2;
    ck_assert_int_eq(names_add(&names, &key, &there), FAULT_E_LIMIT);
    ck_assert_uint_le(names.capacity * sizeof(key), (size_t)16 << 20);
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/names", knows_what_was_added, keys_of_files_and_of_memory_agree,
                     takes_so_many_and_no_more);
}
