/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reference.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"

static const char *const valid[][3] = {
    {"digits@1.0.0",              "digits",  "1.0.0"            },
    {"digits@7",                  "digits",  "7"                },
    {"a.b_c-d@1.4.0-rc.1+build5", "a.b_c-d", "1.4.0-rc.1+build5"},
};

static const char *const invalid[] = {
    "digits",        "digits@",           "@1.0.0",         "Digits@1.0.0",
    "digits@1.0",    "digits@latest",     "digits@1.0.0@2", "-x@1.0.0",
    "dig its@1.0.0", "digits@1.0.0/../2", "digits@v1.0.0",
};

START_TEST(takes_model_and_version_apart)
{
    struct reference reference;
    struct stage stage;

    stage_open(&stage);
    for (size_t i = 0; i < ARRAY_LEN(valid); i++) {
        ck_assert_int_eq(reference_parse(&stage.cli, valid[i][0], &reference), 0);
        ck_assert_str_eq(reference.model, valid[i][1]);
        ck_assert_str_eq(reference.version, valid[i][2]);
    }
    stage_close(&stage);
}
END_TEST

START_TEST(refuses_what_names_no_version)
{
    struct reference reference = {.model = "untouched"};
    struct stage stage;

    stage_open(&stage);
    for (size_t i = 0; i < ARRAY_LEN(invalid); i++)
        ck_assert_msg(reference_parse(&stage.cli, invalid[i], &reference) == CLI_USAGE, "%s",
                      invalid[i]);
    ck_assert_str_eq(reference.model, "untouched");
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "write MODEL@VERSION, such as digits@1.0.0"));
    ck_assert_int_eq(reference_parse(&stage.cli, "digits@champion", &reference), CLI_USAGE);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "modelferry alias ls digits"));
    stage_close(&stage);
}
END_TEST

START_TEST(splits_pairs_at_the_first_equals_sign)
{
    struct stage stage;
    const char *key;
    const char *value;

    stage_open(&stage);
    ck_assert_int_eq(reference_pair(&stage.cli, "--tag", "a=b=c", &key, &value), 0);
    ck_assert_str_eq(key, "a");
    ck_assert_str_eq(value, "b=c");
    ck_assert_int_eq(reference_pair(&stage.cli, "--tag", "a=", &key, &value), 0);
    ck_assert_str_eq(value, "");
    ck_assert_int_eq(reference_pair(&stage.cli, "--tag", "a", &key, &value), CLI_USAGE);
    ck_assert_int_eq(reference_pair(&stage.cli, "--tag", "=b", &key, &value), CLI_USAGE);
    stage_close(&stage);
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/reference", takes_model_and_version_apart, refuses_what_names_no_version,
                     splits_pairs_at_the_first_equals_sign);
}
