/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pinned_keys.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "tuf/key_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "identity/trust"
#define NAME_BYTES (KEY_ID_SIZE - 1 + (int)sizeof(".json") - 1)
#define PATH_SIZE (sizeof(FOLDER) + NAME_BYTES + 1)

DEFINE_CLEANUP(cleanup_closedir, DIR *, (void)closedir);

static int read_given(const char *key_file, struct key_pair *ret_pair, char *ret_detail)
{
    struct fields_error error = {0};
    int r = key_file_read(AT_FDCWD, key_file, false, ret_pair, &error);

    if (r <= 0)
        return r;
    (void)snprintf(ret_detail, PINNED_KEYS_DETAIL_SIZE, "cannot use key file '%.200s': %.250s",
                   key_file, r == KEY_E_MISSING ? "there is no such file" : error.text);
    return PINNED_KEYS_E_BROKEN;
}

int pinned_keys_check(const char *key_file, char ret_detail[static PINNED_KEYS_DETAIL_SIZE])
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};

    return read_given(key_file, &pair, ret_detail);
}

int pinned_keys_add(const struct store *store, const char *key_file,
                    char ret_detail[static PINNED_KEYS_DETAIL_SIZE])
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    char path[PATH_SIZE];
    int r = read_given(key_file, &pair, ret_detail);

    if (r)
        return r;
    (void)snprintf(path, sizeof(path), FOLDER "/%s.json", pair.key.id);
    r = key_file_write(store->dir_fd, path, &pair, false);
    return r == KEY_E_EXISTS ? 0 : r;
}

static int load_key(const struct store *store, const char *name, struct pinned_keys *keys,
                    char *ret_detail)
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    struct fields_error error = {0};
    char path[PATH_SIZE];
    int r;

    (void)snprintf(path, sizeof(path), FOLDER "/%.*s", NAME_BYTES, name);
    r = key_file_read(store->dir_fd, path, false, &pair, &error);
    if (r > 0) {
        (void)snprintf(ret_detail, PINNED_KEYS_DETAIL_SIZE, "cannot use '%.120s/%s': %.250s",
                       store->path, path, error.text);
        return PINNED_KEYS_E_BROKEN;
    }
    if (r)
        return r;
    if (keys->count == PINNED_KEYS_MAX) {
        (void)snprintf(ret_detail, PINNED_KEYS_DETAIL_SIZE,
                       "'%s/" FOLDER "' holds more than %d keys", store->path, PINNED_KEYS_MAX);
        return PINNED_KEYS_E_BROKEN;
    }
    keys->keys[keys->count++] = pair.key;
    return 0;
}

static bool is_key_name(const char *name)
{
    return strspn(name, "0123456789abcdef") == KEY_ID_SIZE - 1 &&
           strcmp(name + KEY_ID_SIZE - 1, ".json") == 0;
}

/* Calls back with the name of each key file until one returns other than 0. */
static int each_key(const struct store *store, int (*visit)(void *state, const char *name),
                    void *state)
{
    CLEANUP(cleanup_closedir) DIR *dir = NULL;
    int fd = openat(store->dir_fd, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return 0;
    dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        int r = log_fail_errno("cannot list '%s/" FOLDER "'", store->path);

        cleanup_close(&fd);
        return r;
    }
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        int r = is_key_name(entry->d_name) ? visit(state, entry->d_name) : 0;

        if (r)
            return r;
    }
    return 0;
}

struct loading {
    const struct store *store;
    struct pinned_keys *keys;
    char *detail;
};

static int visit_load(void *state, const char *name)
{
    struct loading *loading = state;

    return load_key(loading->store, name, loading->keys, loading->detail);
}

int pinned_keys_load(const struct store *store, struct pinned_keys *ret_keys,
                     char ret_detail[static PINNED_KEYS_DETAIL_SIZE])
{
    CLEANUP(pinned_keys_release)
    struct pinned_keys keys = {.keys = calloc(PINNED_KEYS_MAX, sizeof(struct key))};
    struct loading loading = {store, &keys, ret_detail};
    int r;

    if (!keys.keys)
        return log_fail(ERR_NO_MEMORY, "cannot load the trusted keys: out of memory");
    r = each_key(store, visit_load, &loading);
    if (r)
        return r;
    if (!keys.count)
        return PINNED_KEYS_E_NONE;
    *ret_keys = keys;
    keys = (struct pinned_keys){0};
    return 0;
}

static int visit_drop(void *state, const char *name)
{
    const struct store *store = state;
    char path[PATH_SIZE];

    (void)snprintf(path, sizeof(path), FOLDER "/%.*s", NAME_BYTES, name);
    return store_remove(store, path);
}

int pinned_keys_drop(const struct store *store)
{
    return each_key(store, visit_drop, (void *)(uintptr_t)store);
}

int pinned_keys_verify(const struct pinned_keys *keys, const char *model,
                       const struct envelope *envelope,
                       char ret_detail[static PINNED_KEYS_DETAIL_SIZE])
{
    struct envelope_verdict verdict;
    int r;

    r = envelope_verify(envelope, keys->keys, keys->count, 1, &verdict);
    if (r != ENVELOPE_E_UNVERIFIED)
        return r;
    if (!envelope->signature_count)
        (void)snprintf(ret_detail, PINNED_KEYS_DETAIL_SIZE, "the manifest of '%s' is not signed",
                       model);
    else if (verdict.bad_count)
        (void)snprintf(ret_detail, PINNED_KEYS_DETAIL_SIZE,
                       "the signature on the manifest of '%s' by key %.16s... does not verify",
                       model, envelope->signatures[0].keyid);
    else
        (void)snprintf(ret_detail, PINNED_KEYS_DETAIL_SIZE,
                       "the manifest of '%s' is signed by key %.16s..., which this device does not "
                       "trust; trusted is %.16s...%s",
                       model, envelope->signatures[0].keyid, keys->keys[0].id,
                       keys->count > 1 ? " and others" : "");
    return PINNED_KEYS_E_UNVERIFIED;
}

void pinned_keys_release(struct pinned_keys *keys)
{
    if (!keys)
        return;
    free(keys->keys);
    *keys = (struct pinned_keys){0};
}
