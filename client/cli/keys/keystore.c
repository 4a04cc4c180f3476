/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keys/keystore.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/keys/passphrase.h"
#include "cli/place.h"
#include "model/name.h"
#include "tuf/key_file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEYS_MAX 1000
#define SUFFIX ".json"
#define TRIES_MAX 3

DEFINE_CLEANUP(cleanup_dir, DIR *, (void)closedir);

static int keys_folder(struct cli *cli, const char **ret_path)
{
    if (place_config(&cli->arena, "keys", ret_path))
        return output_fail(&cli->output, CLI_FAILED, "set HOME, or name a key file by its path",
                           "there is no folder for keys: HOME is not set");
    return 0;
}

/* The file of one of this user's keys, whatever lies in the current folder. */
static int named_path(struct cli *cli, const char *name, const char **ret_path)
{
    const char *folder = NULL;
    int r = keys_folder(cli, &folder);

    if (!r)
        *ret_path = arena_printf(&cli->arena, "%s/%s" SUFFIX, folder, name);
    return r;
}

int keystore_path(struct cli *cli, const char *key, const char **ret_path)
{
    const char *expected = name_check(key);

    assert(key);
    if (strchr(key, '/') || access(key, F_OK) == 0) {
        *ret_path = key;
        return 0;
    }
    if (expected)
        return cli_usage(cli, "'%s' is neither a file nor the name of a key: %s", key, expected);
    return named_path(cli, key, ret_path);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The name of a key from the name of its file, or NULL. */
static const char *key_name(struct cli *cli, const char *file)
{
    size_t length = strlen(file);
    const char *name;

    if (length <= strlen(SUFFIX) || strcmp(file + length - strlen(SUFFIX), SUFFIX) != 0)
        return NULL;
    name = arena_strndup(&cli->arena, file, length - strlen(SUFFIX));
    return name_is_valid(name) ? name : NULL;
}

int keystore_list(struct cli *cli, const char ***ret_names, size_t *ret_count)
{
    CLEANUP(cleanup_dir) DIR *dir = NULL;
    const char **names = arena_array(&cli->arena, KEYS_MAX, sizeof(*names));
    const char *folder = NULL;
    size_t count = 0;
    int r;

    r = keys_folder(cli, &folder);
    if (r)
        return r;
    dir = opendir(folder);
    if (!dir && errno != ENOENT)
        return log_fail_errno("cannot list '%s'", folder);
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry && count < KEYS_MAX;
         entry = readdir(dir)) {
        const char *name = key_name(cli, entry->d_name);

        if (name)
            names[count++] = name;
    }
    qsort(names, count, sizeof(*names), compare_names);
    *ret_names = names;
    *ret_count = count;
    return 0;
}

static const char *pick_default(const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], "default") == 0)
            return names[i];
    return count == 1 ? names[0] : NULL;
}

int keystore_default(struct cli *cli, const char **ret_path)
{
    const char **names;
    const char *name;
    size_t count;
    int r;

    *ret_path = NULL;
    r = keystore_list(cli, &names, &count);
    if (r)
        return r;
    name = pick_default(names, count);
    return name ? named_path(cli, name, ret_path) : 0;
}

/* The same for a command that cannot go on without one. */
static int need_default(struct cli *cli, const char **ret_path)
{
    const char **names;
    const char *name;
    size_t count;
    int r;

    r = keystore_list(cli, &names, &count);
    if (r)
        return r;
    if (count == 0)
        return output_fail(&cli->output, CLI_FAILED, "make one: modelferry keys init",
                           "there is no key to sign with");
    name = pick_default(names, count);
    if (!name)
        return output_fail(&cli->output, CLI_USAGE,
                           "say which one: --key NAME; see modelferry keys ls",
                           "there are %zu keys and none is named 'default'", count);
    return named_path(cli, name, ret_path);
}

/* ---- reading ------------------------------------------------------------------------------- */

static int refuse_file(struct cli *cli, const char *key, const char *path, int outcome,
                       const struct fields_error *error)
{
    if (outcome == KEY_E_MISSING)
        return output_fail(&cli->output, CLI_FAILED,
                           "see modelferry keys ls, or make one: modelferry keys init --name NAME",
                           "there is no key '%s' ('%s')", key, path);
    return output_fail(&cli->output, CLI_FAILED,
                       outcome == KEY_E_INVALID ? "if it was cut off or edited, restore it from a "
                                                  "copy"
                                                : NULL,
                       "cannot use key '%s': %s", path, error->text);
}

/* The secret stays in one place on the heap, so that the key may be moved. */
static int load(const char *path, struct keystore_key *ret_key, struct fields_error *error)
{
    struct key_file *file = calloc(1, sizeof(*file));
    int r;

    if (!file)
        return log_fail(ERR_NO_MEMORY, "cannot read '%s': out of memory", path);
    r = key_file_load(AT_FDCWD, path, file, error);
    if (r) {
        free(file);
        return r;
    }
    *ret_key = (struct keystore_key){
        .key = file->pair.key,
        .path = path,
        .secret = file->sealed            ? KEYSTORE_SEALED
                  : file->pair.has_secret ? KEYSTORE_PLAIN
                                          : KEYSTORE_ELSEWHERE,
        .file = file,
    };
    (void)snprintf(ret_key->name, sizeof(ret_key->name), "%s", file->pair.name);
    return 0;
}

static int read_path(struct cli *cli, const char *key, const char *path,
                     struct keystore_key *ret_key)
{
    struct fields_error error = {0};
    int r = load(path, ret_key, &error);

    return r > 0 ? refuse_file(cli, key, path, r, &error) : r;
}

int keystore_read(struct cli *cli, const char *key, struct keystore_key *ret_key)
{
    const char *path = NULL;
    int r = key ? keystore_path(cli, key, &path) : need_default(cli, &path);

    return r ? r : read_path(cli, key ? key : path, path, ret_key);
}

int keystore_read_named(struct cli *cli, const char *name, struct keystore_key *ret_key)
{
    const char *path = NULL;
    int r = named_path(cli, name, &path);

    return r ? r : read_path(cli, name, path, ret_key);
}

int keystore_peek(struct cli *cli, const char *name, struct keystore_key *ret_key)
{
    struct fields_error error;
    const char *path = NULL;
    int r = named_path(cli, name, &path);

    return r ? r : load(path, ret_key, &error);
}

void keystore_release(struct keystore_key *key)
{
    if (!key)
        return;
    key_file_release(key->file);
    free(key->file);
    *key = (struct keystore_key){0};
}

/* ---- signing ------------------------------------------------------------------------------- */

static const char *describe(struct cli *cli, const struct keystore_key *key)
{
    return *key->name ? arena_printf(&cli->arena, "key '%s'", key->name)
                      : arena_printf(&cli->arena, "key '%s'", key->path);
}

/* People mistype; files do not. */
static int unseal(struct cli *cli, struct keystore_key *key)
{
    const char *subject = describe(cli, key);
    int tries = passphrase_asks_people(cli) ? TRIES_MAX : 1;

    for (int i = 0; i < tries; i++) {
        CLEANUP(passphrase_wipe) struct passphrase passphrase = {{0}};
        int r = passphrase_read(cli, subject, &passphrase);

        if (!r)
            r = key_file_unseal(key->file, passphrase.text);
        if (r != KEY_E_PASSPHRASE)
            return r;
        if (i + 1 < tries)
            output_note(&cli->output, "that is not the passphrase; try again");
    }
    return output_fail(&cli->output, CLI_FAILED,
                       "nobody can recover a passphrase: without it make a new key and let it take "
                       "the place of this one, docs/SECURITY.md says how",
                       "wrong passphrase for %s, or its file '%s' was damaged", subject, key->path);
}

int keystore_need_secret(struct cli *cli, const struct keystore_key *key)
{
    if (key->secret == KEYSTORE_ELSEWHERE)
        return output_fail(&cli->output, CLI_FAILED,
                           "sign on the machine that has the secret half, or with another --key",
                           "'%s' holds only the public half of the key", key->path);
    return 0;
}

int keystore_unlock(struct cli *cli, struct keystore_key *key)
{
    int r;

    if (key->signer.sign)
        return 0;
    r = keystore_need_secret(cli, key);
    if (!r && key->secret == KEYSTORE_SEALED)
        r = unseal(cli, key);
    if (!r)
        key->signer = key_signer(&key->file->pair);
    return r;
}

int keystore_signer(struct cli *cli, const char *key, struct keystore_key *ret_key)
{
    CLEANUP(keystore_release) struct keystore_key found = {0};
    int r = keystore_read(cli, key, &found);

    if (!r)
        r = keystore_unlock(cli, &found);
    if (r)
        return r;
    *ret_key = found;
    found = (struct keystore_key){0};
    return 0;
}

/* ---- making -------------------------------------------------------------------------------- */

static int refuse_existing(struct cli *cli, const char *path)
{
    return output_fail(&cli->output, CLI_FAILED,
                       "keys are never overwritten; choose another --name or --out", "'%s' exists",
                       path);
}

static int write_file(struct cli *cli, const char *path, const struct key_pair *pair)
{
    CLEANUP(passphrase_wipe) struct passphrase passphrase = {{0}};
    bool sealed = !cli->flags.no_passphrase && passphrase_possible(cli);
    int r = 0;

    if (sealed)
        r = passphrase_choose(cli, arena_printf(&cli->arena, "key '%s'", pair->name), &passphrase);
    if (r)
        return r;
    r = sealed ? key_file_write_sealed(AT_FDCWD, path, pair, passphrase.text, &seal_cost_default)
               : key_file_write(AT_FDCWD, path, pair, true);
    return r == KEY_E_EXISTS ? refuse_existing(cli, path) : r;
}

static void warn_if_plain(struct cli *cli, const struct keystore_key *key)
{
    if (key->secret == KEYSTORE_PLAIN)
        output_warn(&cli->output,
                    "the secret half in '%s' is not sealed: who can read the file can sign. Seal "
                    "it by: modelferry keys passphrase %s",
                    key->path, key->name);
}

int keystore_create(struct cli *cli, const char *name, const char *out,
                    struct keystore_key *ret_key)
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    struct fields_error error = {0};
    const char *path = out;
    int r;

    r = out ? 0 : named_path(cli, name, &path);
    if (!r && access(path, F_OK) == 0)
        return refuse_existing(cli, path); /* before anybody thinks of a passphrase */
    if (!r && !out)
        r = place_make_parent(path);
    if (!r)
        r = key_generate(name, &pair);
    if (!r)
        r = write_file(cli, path, &pair);
    if (r)
        return r;
    r = load(path, ret_key, &error);
    if (r)
        return r < 0
                   ? r
                   : output_fail(&cli->output, CLI_FAILED, NULL,
                                 "the new key file '%s' cannot be read back: %s", path, error.text);
    warn_if_plain(cli, ret_key);
    return 0;
}

int keystore_reseal(struct cli *cli, struct keystore_key *key)
{
    CLEANUP(passphrase_wipe) struct passphrase passphrase = {{0}};
    bool plain = cli->flags.no_passphrase;
    int r;

    r = keystore_unlock(cli, key);
    if (!r && !plain)
        r = passphrase_change(cli, describe(cli, key), &passphrase);
    if (!r)
        r = key_file_reseal(AT_FDCWD, key->path, &key->file->pair, plain ? NULL : passphrase.text,
                            &seal_cost_default);
    if (r)
        return r;
    key->secret = plain ? KEYSTORE_PLAIN : KEYSTORE_SEALED;
    warn_if_plain(cli, key);
    return 0;
}
