/* SPDX-License-Identifier: Apache-2.0 */
#include "model/semver.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

/* In order, each below the next (semver.org, 11, and what it leaves to us). */
static const char *const ascending[] = {
    "0.0.0-alpha",
    "0",
    "0.0.0",
    "0.0.1",
    "0.1.0",
    "1.0.0-0",
    "1.0.0-1",
    "1.0.0-9",
    "1.0.0-10",
    "1.0.0-99999999999999999999999999",
    "1.0.0--",
    "1.0.0-A",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-alpha0",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.9.0",
    "1.10.0",
    "2.0.0",
    "7.0.0-rc.1",
    "7",
    "7.0.0",
    "7.0.1",
    "8",
    "99999999999999999999999999",
    "100000000000000000000000000.0.0",
};

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

START_TEST(orders_as_the_specification_says)
{
    for (size_t i = 0; i < ARRAY_LEN(ascending); i++) {
        for (size_t j = 0; j < ARRAY_LEN(ascending); j++) {
            struct semver a;
            struct semver b;

            ck_assert_msg(semver_parse(ascending[i], &a), "%s", ascending[i]);
            ck_assert(semver_parse(ascending[j], &b));
            ck_assert_msg(sign(semver_compare(&a, &b)) == sign((int)i - (int)j), "%s and %s",
                          ascending[i], ascending[j]);
        }
    }
}
END_TEST

START_TEST(build_metadata_takes_no_part)
{
    struct semver a;
    struct semver b;

    ck_assert(semver_parse("1.0.0+a.001", &a));
    ck_assert(semver_parse("1.0.0+b", &b));
    ck_assert_int_eq(semver_compare(&a, &b), 0);
    ck_assert_uint_eq(a.build.length, strlen("a.001"));
}
END_TEST

static const char *const valid[] = {
    "1.0.0-0A.is.legal",
    "1.2.3----RC-SNAPSHOT.12.9.1--.12",
    "1.1.2-prerelease+meta",
    "1.0.0-alpha-a.b-c-somethinglong+build.1-aef.1-its-okay",
    "1.0.0+0.build.1-rc.10000aaa-kk-0.1",
};

static const char *const invalid[] = {
    "",         "a",         "1.2",       "1.2.3.4",  "01",       "01.1.1",         "1.01.1",
    "1.1.01",   "1.2.3-",    "1.2.3+",    "1.2.3-01", "1.2.3-a.", "1.2.3-.",        "1.2.3-a..b",
    "1.2.3-+b", "1.2.3+a+b", "1.2.3-a_b", "v1.2.3",   "-1.2.3",   "1.2.3 ",         " 1.2.3",
    "1..3",     "1.2.",      "7-rc.1",    "7+b",      "+7",       "1.2.3-\xc3\xa4",
};

START_TEST(takes_what_is_valid)
{
    struct semver version;

    for (size_t i = 0; i < ARRAY_LEN(valid); i++)
        ck_assert_msg(semver_parse(valid[i], &version), "%s", valid[i]);
}
END_TEST

START_TEST(refuses_what_is_not)
{
    struct semver version = {.plain = true};

    for (size_t i = 0; i < ARRAY_LEN(invalid); i++)
        ck_assert_msg(!semver_parse(invalid[i], &version), "%s", invalid[i]);
    ck_assert(version.plain);
    ck_assert_ptr_null(version.numbers[0].text);
}
END_TEST

int main(void)
{
    return SUITE_RUN("model/semver", orders_as_the_specification_says, build_metadata_takes_no_part,
                     takes_what_is_valid, refuses_what_is_not);
}
