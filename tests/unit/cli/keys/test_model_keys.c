/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keys/model_keys.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"

static struct stage stage;

START_TEST(says_which_keys_may_sign)
{
    CLEANUP(key_pair_release) struct key_pair ann = {0};
    CLEANUP(key_pair_release) struct key_pair bob = {0};
    CLEANUP(key_pair_release) struct key_pair eve = {0};
    struct model_key registered[2];
    struct model_keys keys = {registered, 2};

    stage_open(&stage);
    ck_assert_int_eq(key_generate("ann", &ann), 0);
    ck_assert_int_eq(key_generate("bob", &bob), 0);
    ck_assert_int_eq(key_generate("eve", &eve), 0);
    registered[0] = (struct model_key){ann.key, "ann", NULL};
    registered[1] = (struct model_key){bob.key, "bob", "2026-01-01T00:00:00.000Z"};
    ck_assert_int_eq(model_keys_check(&stage.cli, "digits", &keys, &ann.key), 0);
    ck_assert_int_eq(model_keys_check(&stage.cli, "digits", &keys, &bob.key), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "was revoked for model 'digits'"));
    ck_assert_int_eq(model_keys_check(&stage.cli, "digits", &keys, &eve.key), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "is not registered for model 'digits'"));
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), ann.key.id));
    ck_assert_ptr_eq(model_keys_find(&keys, bob.key.id), &registered[1]);
    ck_assert_ptr_null(model_keys_find(&keys, eve.key.id));
    keys.count = 0;
    ck_assert_int_eq(model_keys_check(&stage.cli, "digits", &keys, &ann.key), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "modelferry model key add digits"));
    stage_close(&stage);
}
END_TEST

int main(void)
{
    return SUITE_RUN("cli/model_keys", says_which_keys_may_sign);
}
