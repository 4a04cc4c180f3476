/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/reason.h"

#include "suite.h"

#include <string.h>

static void set(struct reason *reason, const char *role, const char *format, ...) PRINTF_LIKE(3, 4);

static void set(struct reason *reason, const char *role, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    reason_set(reason, role, format, args);
    va_end(args);
}

START_TEST(names_the_file_and_what_is_wrong)
{
    struct reason reason = {0};

    set(&reason, "timestamp", "version %d is older than %d", 3, 5);
    ck_assert_str_eq(reason.text, "timestamp.json: version 3 is older than 5");
    ck_assert_str_eq(reason.file, "timestamp.json");
    ck_assert_str_eq(reason_detail(&reason), "version 3 is older than 5");
}
END_TEST

START_TEST(one_without_a_file_is_all_detail)
{
    struct reason reason = {.text = "no trusted role lists it"};

    ck_assert_str_eq(reason_detail(&reason), "no trusted role lists it");
}
END_TEST

START_TEST(long_names_and_messages_are_cut)
{
    char name[1000];
    struct reason reason = {0};

    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    set(&reason, name, "%s", name);
    ck_assert_uint_eq(strlen(reason.file), 85);
    ck_assert_uint_eq(strlen(reason_detail(&reason)), 511);
}
END_TEST

int main(void)
{
    return SUITE_RUN("tuf/reason", names_the_file_and_what_is_wrong,
                     one_without_a_file_is_all_detail, long_names_and_messages_are_cut);
}
