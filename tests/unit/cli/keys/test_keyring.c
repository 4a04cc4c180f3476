/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keys/keyring.h"

#include "base/cleanup.h"
#include "stage.h"
#include "suite.h"
#include "tuf/key_file.h"

static struct stage stage;

static const char *make(const char *name, bool with_secret)
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    const char *path = arena_printf(&stage.cli.arena, "%s/%s.json", stage.home, name);

    ck_assert_int_eq(key_generate(name, &pair), 0);
    ck_assert_int_eq(key_file_write(AT_FDCWD, path, &pair, with_secret), 0);
    return path;
}

START_TEST(those_sign_whose_secret_is_here)
{
    CLEANUP(keyring_release) struct keyring ring = {0};
    const char *paths[] = {make("ann", true), make("bob", false), make("cat", true)};
    struct options_list names = {.count = 3, .texts = paths};
    struct signer signers[KEYRING_MAX];
    struct key keys[KEYRING_MAX];
    size_t count;

    ck_assert_int_eq(keyring_read(&stage.cli, &names, &ring), 0);
    ck_assert_uint_eq(keyring_public(&ring, keys), 3);
    ck_assert_int_eq(keyring_signers(&stage.cli, &ring, signers, &count), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(signers[0].keyid, keys[0].id);
    ck_assert_str_eq(signers[1].keyid, keys[2].id);
}
END_TEST

START_TEST(there_is_a_limit)
{
    CLEANUP(keyring_release) struct keyring ring = {0};
    const char *paths[KEYRING_MAX + 1];
    struct options_list names = {.count = KEYRING_MAX + 1, .texts = paths};

    for (size_t i = 0; i < KEYRING_MAX + 1; i++)
        paths[i] = make(arena_printf(&stage.cli.arena, "key%zu", i), false);
    ck_assert_int_eq(keyring_read(&stage.cli, &names, &ring), CLI_USAGE);
}
END_TEST

static void set_up(void)
{
    stage_open(&stage);
}

static void tear_down(void)
{
    stage_close(&stage);
}

int main(void)
{
    return SUITE_RUN_WITH("cli/keyring", set_up, tear_down, those_sign_whose_secret_is_here,
                          there_is_a_limit);
}
