/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trust/vault.h"

#include "base/file.h"
#include "crypto/secret.h"
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char directory[64];
static char path[96];

static void set_up(void)
{
    ck_assert(secret_init());
    (void)snprintf(directory, sizeof(directory), "/tmp/vault.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    (void)snprintf(path, sizeof(path), "%s/master.key", directory);
}

static void tear_down(void)
{
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, directory), 0);
}

static void put(const char *text, mode_t mode)
{
    ck_assert_int_eq(file_replace(AT_FDCWD, path, text, strlen(text), mode), 0);
}

START_TEST(makes_a_key_once)
{
    struct vault first = {0};
    struct vault second = {0};
    struct stat stat_;

    ck_assert_int_eq(vault_load(&first, path), VAULT_E_FILE);
    ck_assert_int_eq(vault_load_or_make(&first, path), 0);
    ck_assert(first.open);
    ck_assert_int_eq(stat(path, &stat_), 0);
    ck_assert_int_eq(stat_.st_mode & 0777, 0600);
    ck_assert_int_eq(vault_load_or_make(&second, path), 0);
    ck_assert_mem_eq(first.key, second.key, sizeof(first.key));
    vault_release(&first);
    ck_assert(!first.open);
}
END_TEST

START_TEST(refuses_files_that_are_no_secret_key)
{
    static const char hex[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";
    struct vault vault = {0};

    put(hex, 0600);
    ck_assert_int_eq(vault_load(&vault, path), 0);
    put(hex, 0640);
    ck_assert_int_eq(vault_load(&vault, path), VAULT_E_FILE);
    put("0011", 0600);
    ck_assert_int_eq(vault_load(&vault, path), VAULT_E_FILE);
    put("", 0600);
    ck_assert_int_eq(vault_load_or_make(&vault, path), VAULT_E_FILE);
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH("core/vault", set_up, tear_down, makes_a_key_once,
                          refuses_files_that_are_no_secret_key);
}
