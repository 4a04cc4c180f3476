/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keystore.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/place.h"
#include "model/name.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEYS_MAX 1000
#define SUFFIX ".json"

DEFINE_CLEANUP(cleanup_dir, DIR *, (void)closedir);

static int keys_folder(struct cli *cli, const char **ret_path)
{
    if (place_config(&cli->arena, "keys", ret_path))
        return output_fail(&cli->output, CLI_FAILED, "set HOME, or name a key file by its path",
                           "there is no folder for keys: HOME is not set");
    return 0;
}

int keystore_path(struct cli *cli, const char *key, const char **ret_path)
{
    const char *expected = name_check(key);
    const char *folder = NULL;
    int r;

    assert(key);
    if (strchr(key, '/') || access(key, F_OK) == 0) {
        *ret_path = key;
        return 0;
    }
    if (expected)
        return cli_usage(cli, "'%s' is neither a file nor the name of a key: %s", key, expected);
    r = keys_folder(cli, &folder);
    if (r)
        return r;
    *ret_path = arena_printf(&cli->arena, "%s/%s" SUFFIX, folder, key);
    return 0;
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

int keystore_default(struct cli *cli, const char **ret_name)
{
    const char **names;
    size_t count;
    int r;

    r = keystore_list(cli, &names, &count);
    if (!r)
        *ret_name = pick_default(names, count);
    return r;
}

/* The same for a command that cannot go on without one. */
static int need_default(struct cli *cli, const char **ret_name)
{
    const char **names;
    size_t count;
    int r;

    r = keystore_list(cli, &names, &count);
    if (r)
        return r;
    if (count == 0)
        return output_fail(&cli->output, CLI_FAILED, "make one: modelferry keys init",
                           "there is no key to sign with");
    *ret_name = pick_default(names, count);
    if (!*ret_name)
        return output_fail(&cli->output, CLI_USAGE,
                           "say which one: --key NAME; see modelferry keys ls",
                           "there are %zu keys and none is named 'default'", count);
    return 0;
}

int keystore_read(struct cli *cli, const char *key, bool need_secret, struct key_pair *ret_pair,
                  const char **ret_path)
{
    struct fields_error error = {0};
    const char *path = NULL;
    int r;

    r = key ? 0 : need_default(cli, &key);
    if (!r)
        r = keystore_path(cli, key, &path);
    if (r)
        return r;
    r = key_file_read(AT_FDCWD, path, need_secret, ret_pair, &error);
    switch (r) {
    case 0:
        if (ret_path)
            *ret_path = path;
        return 0;
    case KEY_E_MISSING:
        return output_fail(&cli->output, CLI_FAILED,
                           "see modelferry keys ls, or make one: modelferry keys init --name NAME",
                           "there is no key '%s' ('%s')", key, path);
    case KEY_E_NO_SECRET:
        return output_fail(&cli->output, CLI_FAILED,
                           "sign on the machine that has the secret half, or with another --key",
                           "'%s' holds only the public half of the key", path);
    case KEY_E_PERMISSION:
    case KEY_E_INVALID:
        return output_fail(&cli->output, CLI_FAILED, NULL, "cannot use key '%s': %s", path,
                           error.text);
    default:
        return r;
    }
}

int keystore_create(struct cli *cli, const char *out, const struct key_pair *pair,
                    const char **ret_path)
{
    const char *path = out;
    int r;

    r = out ? 0 : keystore_path(cli, arena_printf(&cli->arena, "%s", pair->name), &path);
    if (!r && !out)
        r = place_make_parent(path);
    if (!r)
        r = key_file_write(AT_FDCWD, path, pair, true);
    if (r == KEY_E_EXISTS)
        return output_fail(&cli->output, CLI_FAILED,
                           "keys are never overwritten; choose another --name or --out",
                           "'%s' exists", path);
    if (r)
        return r;
    *ret_path = path;
    return 0;
}
