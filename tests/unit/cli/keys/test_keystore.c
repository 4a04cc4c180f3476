/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keys/keystore.h"

#include "base/cleanup.h"
#include "suite.h"
#include "terminal.h"
#include "tuf/key_file.h"

#include <sys/stat.h>

static struct stage stage;

static void set_up(void)
{
    stage_open(&stage);
}

static void tear_down(void)
{
    stage_close(&stage);
}

static void make(const char *name)
{
    CLEANUP(keystore_release) struct keystore_key key = {0};

    ck_assert_int_eq(keystore_create(&stage.cli, name, NULL, &key), 0);
}

/* Reads a key and forgets it. */
static int reads(const char *name, const char *ret_name)
{
    CLEANUP(keystore_release) struct keystore_key key = {0};
    int r = keystore_read(&stage.cli, name, &key);

    if (!r)
        ck_assert_str_eq(key.name, ret_name);
    return r;
}

static const char *put(const char *name, const char *text)
{
    const char *path = arena_printf(&stage.cli.arena, "%s/%s", stage.home, name);

    ck_assert_int_eq(file_replace(AT_FDCWD, path, text, strlen(text), 0600), 0);
    return path;
}

static const char *key_path(const char *name)
{
    return arena_printf(&stage.cli.arena, "%s/.config/modelferry/keys/%s.json", stage.home, name);
}

START_TEST(finds_the_key_that_is_meant)
{
    ck_assert_int_eq(reads(NULL, NULL), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "modelferry keys init"));
    make("ann");
    ck_assert_int_eq(reads(NULL, "ann"), 0);
    make("bob");
    ck_assert_int_eq(reads(NULL, NULL), CLI_USAGE);
    make("default");
    ck_assert_int_eq(reads(NULL, "default"), 0);
    ck_assert_int_eq(reads("bob", "bob"), 0);
}
END_TEST

START_TEST(never_overwrites_a_key)
{
    CLEANUP(keystore_release) struct keystore_key key = {0};

    make("ann");
    ck_assert_int_eq(keystore_create(&stage.cli, "ann", NULL, &key), CLI_FAILED);
}
END_TEST

START_TEST(lists_keys_sorted_and_nothing_else)
{
    const char **names;
    size_t count;

    ck_assert_int_eq(keystore_list(&stage.cli, &names, &count), 0);
    ck_assert_uint_eq(count, 0);
    make("bob");
    make("ann");
    (void)put(".config/modelferry/keys/notes.txt", "x");
    ck_assert_int_eq(keystore_list(&stage.cli, &names, &count), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(names[0], "ann");
    ck_assert_str_eq(names[1], "bob");
}
END_TEST

START_TEST(says_where_a_key_is_missing)
{
    ck_assert_int_eq(reads("nobody", NULL), CLI_FAILED);
    ck_assert_int_eq(reads("./nobody", NULL), CLI_FAILED);
    ck_assert_int_eq(reads("Not A Name", NULL), CLI_USAGE);
}
END_TEST

/* A file of that name in the current folder is meant only where somebody names it. */
START_TEST(the_default_is_never_a_file_of_the_current_folder)
{
    make("ann");
    ck_assert_int_eq(chdir(stage.home), 0);
    (void)put("ann", "no key");
    ck_assert_int_eq(reads(NULL, "ann"), 0);
    ck_assert_int_eq(reads("ann", NULL), CLI_FAILED);
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

/* ---- sealed ---------------------------------------------------------------------------------- */

static int signs(const char *name)
{
    CLEANUP(keystore_release) struct keystore_key key = {0};
    uint8_t signature[KEY_SIGNATURE_MAX];
    size_t size;
    int r = keystore_signer(&stage.cli, name, &key);

    if (r)
        return r;
    ck_assert_str_eq(key.signer.keyid, key.key.id);
    ck_assert_int_eq(key.signer.sign(key.signer.state, "x", 1, signature, &size), 0);
    ck_assert(key_verify(&key.key, "x", 1, signature, size));
    return 0;
}

START_TEST(seals_where_a_passphrase_is_to_be_had)
{
    CLEANUP(keystore_release) struct keystore_key key = {0};

    stage.cli.flags.passphrase_file = put("p", "open sesame");
    make("ann");
    ck_assert_str_eq(stage_err(&stage), ""); /* nothing to warn of */
    ck_assert_int_eq(signs("ann"), 0);
    ck_assert_int_eq(keystore_read(&stage.cli, "ann", &key), 0);
    ck_assert_int_eq(key.secret, KEYSTORE_SEALED);
    ck_assert(!key.signer.sign); /* nobody asked for its secret yet */
}
END_TEST

START_TEST(warns_where_it_does_not_seal)
{
    make("ann");
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "who can read the file can sign"));
    ck_assert_int_eq(signs("ann"), 0);
}
END_TEST

START_TEST(leaves_it_plain_where_that_is_asked_for)
{
    CLEANUP(keystore_release) struct keystore_key key = {0};

    stage.cli.flags.passphrase_file = put("p", "open sesame");
    stage.cli.flags.no_passphrase = true;
    ck_assert_int_eq(keystore_create(&stage.cli, "ann", NULL, &key), 0);
    ck_assert_int_eq(key.secret, KEYSTORE_PLAIN);
}
END_TEST

START_TEST(a_wrong_passphrase_signs_nothing)
{
    stage.cli.flags.passphrase_file = put("p", "open sesame");
    make("ann");
    stage.cli.flags.passphrase_file = put("p", "open barley");
    ck_assert_int_eq(signs("ann"), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "wrong passphrase for key 'ann'"));
    stage.cli.flags.passphrase_file = NULL;
    ck_assert_int_eq(signs("ann"), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "nobody is there to ask"));
    ck_assert_int_eq(reads("ann", "ann"), 0); /* its public half is for everybody */
}
END_TEST

START_TEST(changes_the_passphrase)
{
    CLEANUP(keystore_release) struct keystore_key key = {0};

    stage.cli.flags.passphrase_file = put("p", "open sesame");
    stage.cli.flags.new_passphrase_file = put("n", "another one");
    make("ann");
    ck_assert_int_eq(keystore_read(&stage.cli, "ann", &key), 0);
    ck_assert_int_eq(keystore_reseal(&stage.cli, &key), 0);
    ck_assert_int_eq(signs("ann"), CLI_FAILED);
    stage.cli.flags.passphrase_file = put("p", "another one");
    ck_assert_int_eq(signs("ann"), 0);
}
END_TEST

START_TEST(takes_the_passphrase_away_and_gives_one)
{
    CLEANUP(keystore_release) struct keystore_key key = {0};
    CLEANUP(keystore_release) struct keystore_key plain = {0};

    stage.cli.flags.passphrase_file = put("p", "open sesame");
    make("ann");
    stage.cli.flags.no_passphrase = true;
    ck_assert_int_eq(keystore_read(&stage.cli, "ann", &key), 0);
    ck_assert_int_eq(keystore_reseal(&stage.cli, &key), 0);
    stage.cli.flags.no_passphrase = false;
    stage.cli.flags.passphrase_file = NULL;
    ck_assert_int_eq(signs("ann"), 0);
    stage.cli.flags.new_passphrase_file = put("n", "another one");
    ck_assert_int_eq(keystore_read(&stage.cli, "ann", &plain), 0);
    ck_assert_int_eq(keystore_reseal(&stage.cli, &plain), 0);
    ck_assert_int_eq(signs("ann"), CLI_FAILED);
}
END_TEST

START_TEST(a_truncated_or_open_file_is_told)
{
    AUTO_FREE char *text = NULL;
    size_t size;

    stage.cli.flags.passphrase_file = put("p", "open sesame");
    make("ann");
    ck_assert_int_eq(file_read(AT_FDCWD, key_path("ann"), KEY_FILE_MAX, &text, &size), 0);
    ck_assert_int_eq(chmod(key_path("ann"), 0644), 0);
    ck_assert_int_eq(signs("ann"), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "chmod 600"));
    ck_assert_int_eq(file_replace(AT_FDCWD, key_path("ann"), text, size / 2, 0600), 0);
    ck_assert_int_eq(signs("ann"), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(stage_err(&stage), "restore it from a copy"));
}
END_TEST

int main(void)
{
    return SUITE_RUN_WITH(
        "cli/keystore", set_up, tear_down, finds_the_key_that_is_meant, never_overwrites_a_key,
        lists_keys_sorted_and_nothing_else, says_where_a_key_is_missing,
        the_default_is_never_a_file_of_the_current_folder, seals_where_a_passphrase_is_to_be_had,
        warns_where_it_does_not_seal, leaves_it_plain_where_that_is_asked_for,
        a_wrong_passphrase_signs_nothing, changes_the_passphrase,
        takes_the_passphrase_away_and_gives_one, a_truncated_or_open_file_is_told);
}
